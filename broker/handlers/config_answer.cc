#include "broker/handlers/config_answer.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "config/broker_keys.h"

namespace broker {
namespace {

/// Kafka's broker has no value for these unless it is told one (its default stands under a name
/// that counts hours, or under none), so it shows no layer for them.
constexpr std::array<std::string_view, 4> kUnsetInKafka{"log.flush.interval.ms", "log.retention.ms",
                                                        "log.roll.jitter.ms", "log.roll.ms"};

/// Where Kafka's broker counts hours by default, which it shows under what was changed while it
/// runs.
struct HoursKey {
  std::string_view name;
  std::string_view in_hours;
  std::string_view value;
};
constexpr std::array<HoursKey, 3> kHours{{{"log.retention.ms", "log.retention.hours", "168"},
                                          {"log.roll.jitter.ms", "log.roll.jitter.hours", "0"},
                                          {"log.roll.ms", "log.roll.hours", "168"}}};

/// Adds the layer; the first one added is the one that holds.
void add_layer(ConfigAnswer& answer, std::string_view name, std::string value,
               ConfigSource source) {
  if (answer.synonyms.empty()) {
    answer.value = value;
    answer.source = source;
  }
  answer.synonyms.push_back(
      {.name = std::string(name), .value = std::move(value), .source = source});
}

/// False if there is none.
bool add_changed_layer(ConfigAnswer& answer, const TopicCatalog::Configs& changed,
                       const config::TopicKey& key, ConfigSource source) {
  const auto found = changed.find(key.broker_name);
  if (found == changed.end()) return false;
  auto value = config::read_topic_value(key, key.broker_name, found->second);
  add_layer(answer, key.broker_name, std::move(value).value_or(found->second), source);
  return true;
}

/// What a topic has of a setting if it says nothing itself.
void add_broker_layers(ConfigAnswer& answer, const config::BrokerConfig& config,
                       const BrokerOverrides& changed, const config::TopicKey& key) {
  bool is_changed = add_changed_layer(answer, changed.own, key, ConfigSource::dynamic_broker);
  is_changed |=
      add_changed_layer(answer, changed.of_all, key, ConfigSource::dynamic_default_broker);
  if (const auto given = config.topic_keys_given.find(key.name);
      given != config.topic_keys_given.end())
    add_layer(answer, key.broker_name, given->second, ConfigSource::static_broker);
  else if (const auto hours = std::ranges::find(kHours, key.broker_name, &HoursKey::name);
           is_changed && hours != kHours.end())
    add_layer(answer, hours->in_hours, std::string(hours->value), ConfigSource::defaults);
  auto unset = config::topic_value({}, key.name);
  if (key.broker_name.empty() ||
      std::ranges::find(kUnsetInKafka, key.broker_name) != kUnsetInKafka.end()) {
    if (!answer.synonyms.empty()) return;
    answer.value = std::move(unset);
    answer.source = ConfigSource::defaults;
  } else {
    add_layer(answer, key.broker_name, std::move(unset), ConfigSource::defaults);
  }
}

/// A setting of the broker that can be changed while it runs, without layers yet.
ConfigAnswer topic_default_answer(const config::TopicKey& key) {
  return {.name = std::string(key.broker_name),
          .type = key.type,
          .documentation = std::string(key.documentation)};
}

ConfigAnswer describe_topic_default(const config::BrokerConfig& config,
                                    const BrokerOverrides& changed, const config::TopicKey& key) {
  auto answer = topic_default_answer(key);
  add_broker_layers(answer, config, changed, key);
  if (answer.synonyms.empty()) answer.value.reset();  // Kafka's broker has none either.
  return answer;
}

ConfigAnswer describe_broker_key(const config::BrokerConfig& config, const config::BrokerKey& key) {
  const auto name = key.name_for_clients();
  ConfigAnswer answer{.name = std::string(name),
                      .read_only = true,
                      .source = ConfigSource::defaults,
                      .type = key.type,
                      .documentation = std::string(key.documentation)};
  const bool given = config.keys_given.contains(key.name);
  if (auto value = config::broker_value(config, key)) {
    add_layer(answer, name, std::move(*value),
              given ? ConfigSource::static_broker : ConfigSource::defaults);
  }
  if (given) {
    if (auto value = config::broker_value({}, key))
      add_layer(answer, name, std::move(*value), ConfigSource::defaults);
  }
  return answer;
}

}  // namespace

std::vector<ConfigAnswer> describe_topic_configs(const config::BrokerConfig& config,
                                                 const BrokerOverrides& changed,
                                                 const config::TopicOverrides& overrides) {
  std::vector<ConfigAnswer> answers;
  for (const auto& key : config::topic_keys()) {
    const auto own = overrides.find(key.name);
    if (key.shown_when_set_only && own == overrides.end()) continue;
    ConfigAnswer answer{.name = std::string(key.name),
                        .type = key.type,
                        .documentation = std::string(key.documentation)};
    if (own != overrides.end())
      add_layer(answer, key.name,
                config::read_topic_value(key, key.name, own->second).value_or(own->second),
                ConfigSource::topic);
    if (!key.shown_when_set_only) add_broker_layers(answer, config, changed, key);
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::vector<ConfigAnswer> describe_broker_configs(const config::BrokerConfig& config,
                                                  const BrokerOverrides& changed) {
  std::vector<ConfigAnswer> answers;
  for (const auto& key : config::broker_keys()) answers.push_back(describe_broker_key(config, key));
  for (const auto& key : config::topic_keys()) {
    if (!key.broker_name.empty() && !key.shown_when_set_only)
      answers.push_back(describe_topic_default(config, changed, key));
  }
  std::ranges::sort(answers, {}, &ConfigAnswer::name);
  return answers;
}

std::vector<ConfigAnswer> describe_changes_of_all_brokers(const BrokerOverrides& changed) {
  std::vector<ConfigAnswer> answers;
  for (const auto& [name, value] : changed.of_all) {
    const auto* key = config::find_topic_default(name);
    if (key == nullptr) continue;  // A newer version's.
    auto& answer = answers.emplace_back(topic_default_answer(*key));
    add_changed_layer(answer, changed.of_all, *key, ConfigSource::dynamic_default_broker);
  }
  return answers;
}

}  // namespace broker
