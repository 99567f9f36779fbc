#pragma once

#include <cstdint>
#include <string_view>

#include "broker/topics/topic_catalog.h"
#include "config/log_config.h"

namespace broker {

/// What was changed of this broker's settings while it ran, under the names that brokers have for
/// them: what is said of it alone stands above what is said of all brokers (KIP-226).
struct BrokerOverrides {
  TopicCatalog::Configs own;
  TopicCatalog::Configs of_all;

  bool operator==(const BrokerOverrides&) const = default;
};

BrokerOverrides broker_overrides(const TopicCatalog& catalog, std::int32_t node_id);

/// The settings that topics have if they say nothing themselves: `defaults`, from the broker's
/// file, under what was changed since.
config::LogConfig topic_defaults(const config::LogConfig& defaults,
                                 const BrokerOverrides& overrides);

/// The settings that hold for a topic: its own over those of topic_defaults(). Topics that the
/// broker writes to itself sync before anything in them is answered, whatever others do (DESIGN.md
/// section 5): what the coordinator has told a group must be true after a power cut.
config::LogConfig topic_log_config(const config::LogConfig& defaults, std::string_view name,
                                   const TopicCatalog::Configs& configs);

}  // namespace broker
