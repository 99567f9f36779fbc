#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace broker {

/// A fetch that waits for bytes. Partitions tell it what became readable; it decides when that is
/// enough. Source: Kafka's DelayedFetch.
///
/// Thread: the loop of the connection that fetches; note() may come from any (see FetchWaiters).
class FetchWait {
 public:
  virtual ~FetchWait() = default;
  /// So many more bytes may be read from a partition it waits for.
  virtual void more_bytes(std::uint64_t bytes) = 0;
  /// Something about the partition changed that must be answered at once: it was deleted.
  virtual void wake() = 0;
};

/// Who waits for a partition's next bytes.
///
/// Thread: the partition's loop.
class FetchWaiters {
 public:
  /// Kept until the waiter dies; the caller holds the only strong reference.
  void add(std::weak_ptr<FetchWait> waiter) {
    if (waiters_.size() >= sweep_at_) sweep();
    waiters_.push_back(std::move(waiter));
  }

  void more_bytes(std::uint64_t bytes) {
    each([bytes](FetchWait& waiter) { waiter.more_bytes(bytes); });
  }
  void wake_all() {
    each([](FetchWait& waiter) { waiter.wake(); });
  }
  bool empty() const { return waiters_.empty(); }
  /// How many are remembered, some of whom may have given up.
  std::size_t size() const { return waiters_.size(); }

 private:
  template <class Tell>
  void each(Tell tell) {
    // A waiter that has enough may register anew while it is told: walk over a private list.
    auto told = std::exchange(waiters_, {});
    for (auto& weak : told) {
      const auto waiter = weak.lock();
      if (!waiter) continue;
      tell(*waiter);
      waiters_.push_back(std::move(weak));
    }
  }

  void sweep() {
    std::erase_if(waiters_, [](const auto& waiter) { return waiter.expired(); });
    sweep_at_ = std::max<std::size_t>(kSweepLeast, 2 * waiters_.size());
  }

  // Fetches that timed out leave their weak reference behind; a quiet partition must not collect
  // them for ever.
  static constexpr std::size_t kSweepLeast = 64;
  std::size_t sweep_at_ = kSweepLeast;
  std::vector<std::weak_ptr<FetchWait>> waiters_;
};

}  // namespace broker
