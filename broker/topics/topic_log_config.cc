#include "broker/topics/topic_log_config.h"

#include <string>

#include "broker/topics/topic_name.h"
#include "config/topic_config.h"

namespace broker {
namespace {

TopicCatalog::Configs configs_named(const TopicCatalog& catalog, std::string_view broker) {
  const auto& all = catalog.broker_configs();
  const auto found = all.find(broker);
  return found == all.end() ? TopicCatalog::Configs{} : found->second;
}

/// The same by the names that topics have for them.
config::TopicOverrides by_topic_names(const TopicCatalog::Configs& configs) {
  config::TopicOverrides overrides;
  for (const auto& [name, value] : configs)
    if (const auto* key = config::find_topic_default(name))
      overrides.emplace(std::string(key->name), value);
  return overrides;
}

}  // namespace

BrokerOverrides broker_overrides(const TopicCatalog& catalog, std::int32_t node_id) {
  return {.own = configs_named(catalog, std::to_string(node_id)),
          .of_all = configs_named(catalog, "")};
}

config::LogConfig topic_defaults(const config::LogConfig& defaults,
                                 const BrokerOverrides& overrides) {
  return config::resolve(config::resolve(defaults, by_topic_names(overrides.of_all)),
                         by_topic_names(overrides.own));
}

config::LogConfig topic_log_config(const config::LogConfig& defaults, std::string_view name,
                                   const TopicCatalog::Configs& configs) {
  auto config = config::resolve(defaults, configs);
  if (is_internal_topic(name)) config.flush_messages = 1;
  return config;
}

}  // namespace broker
