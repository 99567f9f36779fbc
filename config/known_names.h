#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/broker_keys.h"
#include "config/topic_config.h"

namespace config {

/// A name by which a setting can be given. Several names may mean one setting.
struct KnownName {
  enum class Meaning : std::uint8_t {
    broker_key,
    topic_default,
    listeners,
    advertised_listeners,
    // Of Kafka's own format: which listeners are meant, and that none of them is secured.
    protocol_map,
    controller_listeners,
  };

  std::string name;     // "log.retention.hours"
  std::string setting;  // What it sets, by its first name: "topics.defaults.retention.ms".
  Meaning meaning = Meaning::broker_key;
  const BrokerKey* broker_key = nullptr;
  const TopicKey* topic_key = nullptr;
  /// Of several names for one setting in one source the lowest rank holds, as with Kafka's
  /// log.retention.{ms, minutes, hours}.
  int rank = 0;
  std::int64_t factor = 1;  // The value times this is what the setting counts in.
};

/// All of them.
std::span<const KnownName> known_names();
/// Null if there is no such name.
const KnownName* find_known_name(std::string_view name);

/// What the topic settings are called as defaults of all topics: "topics.defaults.retention.ms".
std::string topic_default_name(const TopicKey& key);

/// How a setting is called in the environment: "STELE_NODE_ID" for "node.id".
std::string environment_name(std::string_view name);

}  // namespace config
