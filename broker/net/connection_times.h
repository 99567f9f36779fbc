#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "broker/net/net_config.h"
#include "protocol/base/clock.h"

namespace broker {

/// How long a connection may do nothing: between requests, inside one, and with answers that it
/// does not take.
///
/// A core: told the time, says when to look again. Thread: the connection's loop.
class ConnectionTimes {
 public:
  using Time = base::MonotonicTime;
  enum class Verdict : std::uint8_t {
    fine,
    idle,
    frame_too_slow,
    no_memory,
    takes_no_answers
  };

  ConnectionTimes(const NetConfig& config, Time now) : config_(config), active_(now) {}

  /// Something came in, went out or was finished.
  void active(Time now) { active_ = now; }
  /// Requests are being worked on: not idle however long that takes.
  void set_busy(bool busy) { busy_ = busy; }
  /// `begun` bytes of an incomplete request are there (0: none), and whether we are willing to take
  /// more: what waits for us cannot be too slow.
  void frame(std::size_t begun, bool reading, Time now);
  /// The request that had begun is complete: what comes is another one.
  void frame_completed() { begun_ = 0; }
  /// Memory for the next bytes is waited for, or no longer.
  void waits_for_memory(Time now) { memory_since_ = now; }
  void has_memory() { memory_since_.reset(); }
  /// Answers wait for the peer to take them.
  void write_blocked(Time now);
  void write_moved(Time now);
  void write_done() { blocked_since_.reset(); }

  /// What there is to complain about now.
  Verdict check(Time now) const;
  /// When check() might change its mind if nothing else happens.
  std::optional<Time> next_check() const;

 private:
  std::optional<Time> idle_at() const;
  std::optional<Time> frame_due_at() const;
  std::optional<Time> memory_due_at() const;
  std::optional<Time> write_due_at() const;

  const NetConfig& config_;
  Time active_;
  bool busy_ = false;
  std::size_t begun_ = 0;
  std::size_t window_from_ = 0;  // What had come when the present window of the pace began.
  Time window_since_{};          // When that was, moved on by the time we did not read.
  std::optional<Time> paused_since_;
  std::optional<Time> memory_since_;
  std::optional<Time> blocked_since_;
};

std::string_view explain(ConnectionTimes::Verdict verdict);

}  // namespace broker
