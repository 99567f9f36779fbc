#pragma once

#include <string>
#include <string_view>

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

/// `text` as the inside of a JSON string; control characters, quotes and backslashes escaped.
std::string escaped(std::string_view text);

}  // namespace broker
