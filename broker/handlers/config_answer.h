#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/topics/topic_log_config.h"
#include "config/broker_config.h"
#include "config/topic_config.h"

namespace broker {

/// Where a value comes from; numbers of DescribeConfigs.
enum class ConfigSource : std::int8_t {
  unknown = 0,
  topic = 1,
  dynamic_broker = 2,
  dynamic_default_broker = 3,
  static_broker = 4,
  defaults = 5,
};

/// One layer a value could come from, nearest first.
struct ConfigSynonym {
  std::string name;
  std::optional<std::string> value;
  ConfigSource source = ConfigSource::unknown;
};

/// One setting as CreateTopics and DescribeConfigs show it.
struct ConfigAnswer {
  std::string name;
  std::optional<std::string> value;  // Null where it is sensitive.
  bool read_only = false;
  bool sensitive = false;
  ConfigSource source = ConfigSource::unknown;
  std::vector<ConfigSynonym> synonyms;
  config::KeyType type = config::KeyType::unknown;
  std::string documentation;
};

/// All settings of a topic, in order of name. Source: Kafka's ConfigHelper.
std::vector<ConfigAnswer> describe_topic_configs(const config::BrokerConfig& config,
                                                 const BrokerOverrides& changed,
                                                 const config::TopicOverrides& overrides);
/// All settings of the broker, in order of name.
std::vector<ConfigAnswer> describe_broker_configs(const config::BrokerConfig& config,
                                                  const BrokerOverrides& changed);
/// What was changed for all brokers while they ran, in order of name, and nothing else.
std::vector<ConfigAnswer> describe_changes_of_all_brokers(const BrokerOverrides& changed);

}  // namespace broker
