#pragma once

#include <string_view>

#include "config/broker_config.h"

namespace broker {

/// Exit codes of run().
inline constexpr int kStoppedCleanly = 0;
inline constexpr int kCouldNotStart = 1;
inline constexpr int kDiskFailed = 74;  // EX_IOERR: a sync or an append failed.

/// Runs the broker until SIGTERM or SIGINT: opens and recovers the data directory, serves, drains,
/// and stops cleanly. Prints one line "stele ready on HOST:PORT" for each listener to stdout when
/// clients may come. Main thread; once for a process.
int run(const config::BrokerConfig& config, std::string_view version);

}  // namespace broker
