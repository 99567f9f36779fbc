#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "broker/runtime/loop.h"

namespace broker {

/// The timers of one loop, the earliest first. Setting and cancelling one costs O(log n) and never
/// a system call; the loop keeps a single timer of the system set to earliest().
///
/// Thread: the loop's. A handle may outlive the heap and does nothing then.
class TimerHeap {
 public:
  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;
  ~TimerHeap();

  [[nodiscard]] std::unique_ptr<TimerHandle> add(base::MonotonicTime when, Job job);
  std::optional<base::MonotonicTime> earliest() const;
  /// Calls the jobs whose time has come, in order of their times and of add() among equals. What a
  /// job adds waits for the next call, so that a timer which always sets itself cannot hold the
  /// loop.
  void run_due(base::MonotonicTime now);

 private:
  class Entry;
  bool before(const Entry& a, const Entry& b) const;
  void place(std::size_t index, Entry* entry);
  void sift_up(std::size_t index);
  void sift_down(std::size_t index);
  void remove(Entry& entry);

  std::vector<Entry*> heap_;  // Owned by their handles.
  std::uint64_t added_ = 0;
};

}  // namespace broker
