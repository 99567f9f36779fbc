#include "broker/topics/topic_log_config.h"

#include "broker/topics/topic_name.h"
#include "config/topic_config.h"

namespace broker {

config::LogConfig topic_log_config(const config::LogConfig& defaults, std::string_view name,
                                   const TopicCatalog::Configs& configs) {
  auto config = config::resolve(defaults, configs);
  if (is_internal_topic(name)) config.flush_messages = 1;
  return config;
}

}  // namespace broker
