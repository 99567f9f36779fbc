#pragma once

#include <string>

namespace broker {

/// How log lines look; log.format and log.level.
struct LoggingConfig {
  bool json = false;
  std::string level = "info";  // spdlog's names: trace, debug, info, warning, error, critical, off.
};

/// Sets up the process's log lines: to stderr, so that stdout stays for what programs read. In
/// text, control characters of a message are escaped too: peers choose part of what is printed.
/// Start-up only.
void set_up_logging(const LoggingConfig& config);

/// One line each, from any thread. spdlog's own calls would bring all of it to every caller.
void log_info(const std::string& line);
void log_warning(const std::string& line);
void log_critical(const std::string& line);

/// For a process that ends without destructors: every line is written when this returns.
void flush_log();

}  // namespace broker
