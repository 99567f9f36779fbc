#pragma once

#include "config/broker_config.h"

namespace broker {

/// Runs the broker until SIGTERM or SIGINT: opens and recovers the data directory, serves, drains,
/// and stops cleanly. Prints one line "stele ready on HOST:PORT ..." to stdout when clients may
/// come. Returns the exit code of the process: 0 after a clean stop, 1 when it could not start, 74
/// (EX_IOERR) when a sync failed. Main thread.
int run(const config::BrokerConfig& config);

}  // namespace broker
