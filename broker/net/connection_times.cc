#include "broker/net/connection_times.h"

#include <algorithm>
#include <chrono>

namespace broker {

void ConnectionTimes::frame(std::size_t begun, bool reading, Time now) {
  if (begun > 0 && begun_ == 0) {
    frame_since_ = now;
    paused_since_.reset();
  }
  begun_ = begun;
  if (!reading && !paused_since_) paused_since_ = now;
  if (reading && paused_since_) {
    frame_since_ += now - *paused_since_;
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
  if (due(idle_at())) return Verdict::idle;
  return Verdict::fine;
}

std::optional<ConnectionTimes::Time> ConnectionTimes::next_check() const {
  std::optional<Time> next;
  for (const auto& at : {write_due_at(), frame_due_at(), idle_at()})
    if (at && (!next || *at < *next)) next = at;
  return next;
}

std::optional<ConnectionTimes::Time> ConnectionTimes::idle_at() const {
  if (busy_ || blocked_since_ || paused_since_) return std::nullopt;
  return active_ + config_.idle_max;
}

std::optional<ConnectionTimes::Time> ConnectionTimes::frame_due_at() const {
  if (begun_ == 0 || paused_since_) return std::nullopt;
  const auto earned = std::chrono::milliseconds(1000 * begun_ / config_.frame_bytes_per_second_min);
  return frame_since_ + config_.frame_grace + earned;
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
    case ConnectionTimes::Verdict::takes_no_answers:
      return "it took none of its answers for too long";
  }
  return "";
}

}  // namespace broker
