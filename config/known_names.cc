#include "config/known_names.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "protocol/base/assert.h"

namespace config {
namespace {

using Meaning = KnownName::Meaning;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;

void add_broker_keys(std::vector<KnownName>& names) {
  for (const auto& key : broker_keys()) {
    KnownName name{.name = std::string(key.name),
                   .setting = std::string(key.name),
                   .meaning = key.name == "listeners" ? Meaning::listeners : Meaning::broker_key,
                   .broker_key = &key};
    names.push_back(name);
    if (key.kafka_name.empty()) continue;
    name.name = key.kafka_name;
    name.rank = 1;
    names.push_back(std::move(name));
  }
}

void add_topic_defaults(std::vector<KnownName>& names) {
  for (const auto& key : topic_keys()) {
    if (key.broker_name.empty() || key.shown_when_set_only) continue;
    KnownName name{.name = topic_default_name(key),
                   .setting = topic_default_name(key),
                   .meaning = Meaning::topic_default,
                   .topic_key = &key};
    names.push_back(name);
    name.name = key.broker_name;
    name.rank = 1;
    names.push_back(std::move(name));
  }
}

/// Kafka's further names for what has a name already.
void add_alias(std::vector<KnownName>& names, std::string_view of, std::string_view alias, int rank,
               std::int64_t factor = 1) {
  const auto found = std::ranges::find(names, of, &KnownName::name);
  ASSERT(found != names.end(), "an alias of a name that there is");
  auto name = *found;
  name.name = alias;
  name.rank = rank;
  name.factor = factor;
  names.push_back(std::move(name));
}

std::vector<KnownName> make_names() {
  std::vector<KnownName> names;
  add_broker_keys(names);
  add_topic_defaults(names);
  add_alias(names, "data.dir", "log.dir", 2);
  add_alias(names, "node.id", "broker.id", 1);
  add_alias(names, "log.retention.ms", "log.retention.minutes", 2, kMinute);
  add_alias(names, "log.retention.ms", "log.retention.hours", 3, kHour);
  add_alias(names, "log.roll.ms", "log.roll.hours", 2, kHour);
  add_alias(names, "log.roll.jitter.ms", "log.roll.jitter.hours", 2, kHour);
  for (const auto& [name, meaning] :
       {std::pair{"advertised.listeners", Meaning::advertised_listeners},
        std::pair{"listener.security.protocol.map", Meaning::protocol_map},
        std::pair{"controller.listener.names", Meaning::controller_listeners}})
    names.push_back({.name = name, .setting = name, .meaning = meaning});
  std::ranges::sort(names, {}, &KnownName::name);
  return names;
}

const std::vector<KnownName>& names() {
  static const auto all = make_names();
  return all;
}

}  // namespace

std::span<const KnownName> known_names() { return names(); }

const KnownName* find_known_name(std::string_view name) {
  const auto found = std::ranges::lower_bound(
      names(), name, std::less<>{}, [](const KnownName& n) -> std::string_view { return n.name; });
  return found == names().end() || found->name != name ? nullptr : &*found;
}

std::string topic_default_name(const TopicKey& key) {
  return "topics.defaults." + std::string(key.name);
}

std::string environment_name(std::string_view name) {
  std::string result = "STELE_";
  for (const char c : name) {
    if (c == '.' || c == '-') {
      result += '_';
    } else {
      result += 'a' <= c && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return result;
}

}  // namespace config
