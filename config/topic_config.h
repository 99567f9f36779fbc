#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/log_config.h"
#include "protocol/base/result.h"

namespace config {

/// A topic's own settings as it stores them: names and values as text.
using TopicOverrides = std::map<std::string, std::string, std::less<>>;

/// Kafka's ConfigDef.Type, with its numbers in DescribeConfigs.
enum class KeyType : std::int8_t {
  unknown = 0,
  boolean = 1,
  string = 2,
  int32 = 3,
  int16 = 4,
  int64 = 5,
  float64 = 6,
  list = 7,
};

/// One setting a topic may have. The one list of them is in config/topic_config.cc.
struct TopicKey {
  std::string_view name;         // "retention.ms"
  std::string_view broker_name;  // Its default in a broker's configuration: "log.retention.ms".
  KeyType type;
  std::string_view documentation;
};

/// In order of name.
std::span<const TopicKey> topic_keys();
/// Null if there is no such setting.
const TopicKey* find_topic_key(std::string_view name);

/// The value of one setting as text, as Kafka prints it. `name` is one of topic_keys().
std::string topic_value(const LogConfig& config, std::string_view name);

/// Errors: `Fault::invalid` with Kafka's sentence for the first setting that is unknown, has the
/// wrong type, is out of range, or contradicts another (min.compaction.lag.ms above max...).
/// Differences on purpose: docs/compatibility.md. Source: Kafka's LogConfig.validate.
base::Result<> validate_topic_configs(const TopicOverrides& overrides);

/// The values that hold for a topic: its own over the broker's. `overrides` were validated; what
/// a newer version wrote and this one does not know has no effect.
LogConfig resolve(const LogConfig& defaults, const TopicOverrides& overrides);

}  // namespace config
