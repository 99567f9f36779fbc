#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/clock.h"

namespace broker {

/// When something of a group is due. Moving it is a store; the queue looks again when it comes to
/// the place the deadline had before.
struct Deadline {
  static constexpr base::MonotonicTime kNever = base::MonotonicTime::max();

  base::MonotonicTime due = kNever;
  base::MonotonicTime queued = kNever;  // Of its entry that counts, if any.

  void cancel() { due = kNever; }
  /// Moves it. False if the queue would look too late, and must be told by TimerQueue::set().
  bool move(base::MonotonicTime to) {
    due = to;
    return queued <= to;
  }
};

/// Whose deadline it is.
struct GroupTimer {
  enum class Kind : std::uint8_t {
    session,  // A member has not been heard of.
    pending,  // A member id was handed out and not used.
    join,     // The join phase of a rebalance ends.
    sync,     // Members that have not synced by now are removed.
  };
  Kind kind = Kind::session;
  std::string group_id;
  std::string member_id;  // For session and pending.
};

/// Deadlines as values, earliest first. Thousands of members heartbeat without touching it: an
/// entry stays where it is, and goes to the deadline's new place when it comes up.
///
/// Thread: its owner's.
class TimerQueue {
 public:
  void set(Deadline& deadline, base::MonotonicTime due, GroupTimer timer) {
    if (deadline.move(due)) return;
    deadline.queued = due;
    push({due, std::move(timer)});
  }

  /// When pop() may have something.
  std::optional<base::MonotonicTime> next() const {
    if (entries_.empty()) return std::nullopt;
    return entries_.front().at;
  }

  struct Entry {
    base::MonotonicTime at;
    GroupTimer timer;
  };
  /// The next entry whose time has come. Whether its deadline has come too is what expired() says.
  std::optional<Entry> pop(base::MonotonicTime now) {
    if (entries_.empty() || entries_.front().at > now) return std::nullopt;
    std::ranges::pop_heap(entries_, later);
    auto entry = std::move(entries_.back());
    entries_.pop_back();
    bytes_ -= size_of(entry);
    return entry;
  }
  /// True once for a deadline that has come; else the entry is put where the deadline is now.
  bool expired(Deadline& deadline, Entry entry, base::MonotonicTime now) {
    if (deadline.queued != entry.at) return false;  // Another entry counts.
    deadline.queued = Deadline::kNever;
    if (deadline.due > now) {
      if (deadline.due != Deadline::kNever) set(deadline, deadline.due, std::move(entry.timer));
      return false;
    }
    deadline.cancel();
    return true;
  }

  /// Entries of deadlines that are gone stay until their time comes. Once most may be such ones,
  /// they are dropped: `deadline_of(timer)` finds the deadline, or null. Whoever lets a stranger
  /// make deadlines calls this.
  template <class DeadlineOf>
  void prune(DeadlineOf deadline_of) {
    if (bytes_ < prune_at_) return;
    std::erase_if(entries_, [this, &deadline_of](const Entry& entry) {
      const Deadline* deadline = deadline_of(entry.timer);
      const bool is_gone = deadline == nullptr || deadline->queued != entry.at;
      if (is_gone) bytes_ -= size_of(entry);
      return is_gone;
    });
    std::ranges::make_heap(entries_, later);
    prune_at_ = std::max(kPruneFrom, 2 * bytes_);
  }

 private:
  static bool later(const Entry& a, const Entry& b) { return a.at > b.at; }
  /// Names may be long.
  static std::size_t size_of(const Entry& entry) {
    return sizeof(Entry) + entry.timer.group_id.size() + entry.timer.member_id.size();
  }
  void push(Entry entry) {
    bytes_ += size_of(entry);
    entries_.push_back(std::move(entry));
    std::ranges::push_heap(entries_, later);
  }

  static constexpr std::size_t kPruneFrom = 128 << 10U;

  std::vector<Entry> entries_;  // A heap.
  std::size_t bytes_ = 0;
  std::size_t prune_at_ = kPruneFrom;
};

}  // namespace broker
