#include "broker/net/connection_times.h"

#include <algorithm>
#include <chrono>

namespace broker {

void ConnectionTimes::frame(std::size_t begun, bool reading, Time now) {
  const bool is_new = begun > 0 && begun_ == 0;
  const auto per_window = config_.frame_bytes_per_second_min *
                          static_cast<std::size_t>(config_.frame_grace.count()) / 1000;
  if (is_new) {
    paused_since_.reset();
    window_from_ = 0;
  }
  // What was sent fast does not pay for silence later: a request that is nearly complete holds the
  // most memory.
  if (is_new || begun >= window_from_ + per_window) {
    window_from_ = begun;
    window_since_ = now;
  }
  begun_ = begun;
  if (!reading && !paused_since_) paused_since_ = now;
  if (reading && paused_since_) {
    window_since_ += now - std::max(*paused_since_, window_since_);
    active_ = now;
    paused_since_.reset();
  }
}

void ConnectionTimes::write_blocked(Time now) {
  if (!blocked_since_) blocked_since_ = now;
}

void ConnectionTimes::write_moved(Time now) {
  active_ = now;
  if (blocked_since_) blocked_since_ = now;
}

ConnectionTimes::Verdict ConnectionTimes::check(Time now) const {
  const auto due = [&](const std::optional<Time>& at) { return at && *at <= now; };
  if (due(write_due_at())) return Verdict::takes_no_answers;
  if (due(frame_due_at())) return Verdict::frame_too_slow;
  if (due(memory_due_at())) return Verdict::no_memory;
  if (due(idle_at())) return Verdict::idle;
  return Verdict::fine;
}

std::optional<ConnectionTimes::Time> ConnectionTimes::next_check() const {
  std::optional<Time> next;
  for (const auto& at : {write_due_at(), frame_due_at(), memory_due_at(), idle_at()})
    if (at && (!next || *at < *next)) next = at;
  return next;
}

std::optional<ConnectionTimes::Time> ConnectionTimes::idle_at() const {
  if (busy_ || blocked_since_ || paused_since_) return std::nullopt;
  return active_ + config_.idle_max;
}

std::optional<ConnectionTimes::Time> ConnectionTimes::frame_due_at() const {
  if (begun_ == 0 || paused_since_) return std::nullopt;
  return window_since_ + config_.frame_grace;
}

std::optional<ConnectionTimes::Time> ConnectionTimes::memory_due_at() const {
  if (!memory_since_) return std::nullopt;
  return *memory_since_ + config_.memory_wait_max;
}

std::optional<ConnectionTimes::Time> ConnectionTimes::write_due_at() const {
  if (!blocked_since_) return std::nullopt;
  return *blocked_since_ + config_.write_stall_max;
}

std::string_view explain(ConnectionTimes::Verdict verdict) {
  switch (verdict) {
    case ConnectionTimes::Verdict::fine:
      break;
    case ConnectionTimes::Verdict::idle:
      return "it was idle for longer than connections.max.idle.ms";
    case ConnectionTimes::Verdict::frame_too_slow:
      return "it began a request and did not go on";
    case ConnectionTimes::Verdict::no_memory:
      return "there was no memory for its request for too long";
    case ConnectionTimes::Verdict::takes_no_answers:
      return "it took none of its answers for too long";
  }
  return "";
}

}  // namespace broker
