#pragma once

#include <string_view>

#include "broker/topics/topic_catalog.h"
#include "config/log_config.h"

namespace broker {

/// The settings that hold for a topic: its own over the broker's. Topics that the broker writes to
/// itself sync before anything in them is answered, whatever others do (DESIGN.md section 5): what
/// the coordinator has told a group must be true after a power cut.
config::LogConfig topic_log_config(const config::LogConfig& defaults, std::string_view name,
                                   const TopicCatalog::Configs& configs);

}  // namespace broker
