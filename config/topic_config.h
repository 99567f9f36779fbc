#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "config/log_config.h"
#include "config/value.h"
#include "protocol/base/result.h"

namespace config {

/// A topic's own settings as it stores them: names and values as text, as they were given.
using TopicOverrides = std::map<std::string, std::string, std::less<>>;

/// One setting a topic may have. The one list of them is in config/topic_config.cc.
struct TopicKey {
  std::string_view name;  // "retention.ms"
  /// Its default in a broker's configuration: "log.retention.ms". Empty: the broker has none.
  std::string_view broker_name;
  KeyType type = KeyType::unknown;
  std::string_view documentation;
  bool shown_when_set_only = false;  // What Kafka hides, or has not had since 4.0.
};

/// In order of name.
std::span<const TopicKey> topic_keys();
/// Null if there is no such setting.
const TopicKey* find_topic_key(std::string_view name);

/// The one whose default a broker has under this name; null if there is none.
const TopicKey* find_topic_default(std::string_view broker_name);

/// The value of one setting as text, as Kafka prints it. `name` is one of topic_keys(). A setting
/// that has no effect here has its default whatever `config` says.
std::string topic_value(const LogConfig& config, std::string_view name);

/// A value in the form in which DescribeConfigs shows it: "7" for " +7 ". `shown_name` is what the
/// error calls the setting: it may have been given by its broker name.
/// Errors: `Fault::invalid` with Kafka's sentence.
base::Result<std::string> read_topic_value(const TopicKey& key, std::string_view shown_name,
                                           std::string_view text);

/// Errors: `Fault::invalid` with Kafka's sentence for the first setting that is unknown, has the
/// wrong type, is out of range, or contradicts another (min.compaction.lag.ms above max...).
/// Differences on purpose: docs/compatibility.md. Source: Kafka's LogConfig.validate.
base::Result<> validate_topic_configs(const TopicOverrides& overrides);

/// The values that hold for a topic: its own over the broker's. `overrides` were validated; what
/// a newer version wrote and this one does not know has no effect.
LogConfig resolve(const LogConfig& defaults, const TopicOverrides& overrides);

}  // namespace config
