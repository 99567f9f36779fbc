#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "protocol/base/clock.h"

namespace broker {

/// Log lines that somebody outside can cause. At most so many of a kind are printed in an interval;
/// the next one that is printed says how many were not.
///
///     log.warn("malformed request", fmt::format("closing connection from {}: {}", peer, why));
///
/// Thread: any.
class RateLimitedLog {
 public:
  using Print = std::function<void(const std::string&)>;

  /// Prints as a warning of the process's log.
  explicit RateLimitedLog(const base::Clock& clock);
  RateLimitedLog(const base::Clock& clock, int lines_max, std::chrono::milliseconds interval,
                 Print print);

  /// `kind` is one of a few fixed names, never chosen by a peer: each is remembered for ever.
  void warn(std::string_view kind, const std::string& line);

 private:
  struct Kind {
    base::MonotonicTime begin;
    int printed = 0;
    std::uint64_t suppressed = 0;
  };

  const base::Clock& clock_;
  const int lines_max_;
  const std::chrono::milliseconds interval_;
  const Print print_;
  std::mutex mutex_;
  std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace broker
