#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/broker_config.h"
#include "config/value.h"
#include "protocol/base/result.h"

namespace config {

/// One setting of the broker, except the defaults of topics: those are the broker_name of
/// topic_keys(). The one list of them is in config/broker_keys.cc.
struct BrokerKey {
  std::string_view name;        // "data.dir"
  std::string_view kafka_name;  // Where Kafka calls it something else: "log.dirs".
  KeyType type = KeyType::unknown;
  std::string_view documentation;

  /// The name by which Kafka's tools know it.
  std::string_view name_for_clients() const { return kafka_name.empty() ? name : kafka_name; }
};

/// In order of name.
std::span<const BrokerKey> broker_keys();
/// By either of its names. Null if there is no such setting.
const BrokerKey* find_broker_key(std::string_view name);

/// The value of one setting as text. None: it has none until the broker finds one (cluster.id).
std::optional<std::string> broker_value(const BrokerConfig& config, const BrokerKey& key);

/// Sets one setting from text. Everything but `listeners`, which is no single value.
/// `shown_name` is what an error calls it. Errors: `Fault::invalid` with a sentence like Kafka's.
base::Result<> set_broker_value(BrokerConfig& config, const BrokerKey& key,
                                std::string_view shown_name, std::string_view text);

}  // namespace config
