#include "broker/net/rate_limited_log.h"

#include <utility>

#include <fmt/format.h>

#include "broker/runtime/logging.h"

namespace broker {

RateLimitedLog::RateLimitedLog(const base::Clock& clock)
    : RateLimitedLog(clock, 5, std::chrono::seconds(10), log_warning) {}

RateLimitedLog::RateLimitedLog(const base::Clock& clock, int lines_max,
                               std::chrono::milliseconds interval, Print print)
    : clock_(clock), lines_max_(lines_max), interval_(interval), print_(std::move(print)) {}

void RateLimitedLog::warn(std::string_view kind, const std::string& line) {
  const auto now = clock_.monotonic();
  std::uint64_t suppressed = 0;
  {
    const std::scoped_lock lock(mutex_);
    const auto [found, is_new] = kinds_.try_emplace(std::string(kind), Kind{.begin = now});
    auto& state = found->second;
    if (now - state.begin >= interval_) {
      state.begin = now;
      state.printed = 0;
    }
    if (state.printed >= lines_max_) {
      ++state.suppressed;
      return;
    }
    ++state.printed;
    suppressed = std::exchange(state.suppressed, 0);
  }
  if (suppressed == 0) {
    print_(line);
  } else {
    print_(fmt::format("{} (and {} more lines like this were not printed)", line, suppressed));
  }
}

}  // namespace broker
