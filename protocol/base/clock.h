#pragma once

#include <chrono>
#include <cstdint>

#include "protocol/base/ids.h"

namespace base {

/// A moment on a clock that never goes back, for time-outs. Means nothing outside this process.
using MonotonicTime = std::chrono::steady_clock::time_point;

/// The only way to ask the time. Cores are told the time as an argument; shells ask a Clock.
///
/// Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  /// What records are stamped with: milliseconds since 1970. May jump either way.
  virtual Timestamp wall_ms() const = 0;
  virtual MonotonicTime monotonic() const = 0;
};

/// The machine's own clock.
class SystemClock final : public Clock {
 public:
  Timestamp wall_ms() const override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  }
  MonotonicTime monotonic() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace base
