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

/// What a topic has of a setting if it says nothing itself.
void add_broker_layers(ConfigAnswer& answer, const config::BrokerConfig& config,
                       const config::TopicKey& key) {
  if (const auto given = config.topic_keys_given.find(key.name);
      given != config.topic_keys_given.end())
    add_layer(answer, key.broker_name, given->second, ConfigSource::static_broker);
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

ConfigAnswer describe_topic_default(const config::BrokerConfig& config,
                                    const config::TopicKey& key) {
  ConfigAnswer answer{.name = std::string(key.broker_name),
                      .read_only = true,
                      .type = key.type,
                      .documentation = std::string(key.documentation)};
  add_broker_layers(answer, config, key);
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
    if (!key.shown_when_set_only) add_broker_layers(answer, config, key);
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::vector<ConfigAnswer> describe_broker_configs(const config::BrokerConfig& config) {
  std::vector<ConfigAnswer> answers;
  for (const auto& key : config::broker_keys()) answers.push_back(describe_broker_key(config, key));
  for (const auto& key : config::topic_keys()) {
    if (!key.broker_name.empty() && !key.shown_when_set_only)
      answers.push_back(describe_topic_default(config, key));
  }
  std::ranges::sort(answers, {}, &ConfigAnswer::name);
  return answers;
}

}  // namespace broker
