#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

#include "broker/partition/fetch_waiters.h"
#include "broker/runtime/loop.h"

namespace broker {

/// A fetch that found too little and waits: for enough new bytes, for a change that must be told at
/// once, or for its time to be up, whichever is first (Kafka's DelayedFetch).
///
/// Thread: the connection's loop; partitions on other loops may tell it from theirs.
class ParkedFetch final : public FetchWait, public std::enable_shared_from_this<ParkedFetch> {
 public:
  ParkedFetch(Loop& home, std::uint64_t bytes_needed) : home_(home), needed_(bytes_needed) {}

  void more_bytes(std::uint64_t bytes) override {
    at_home([bytes](ParkedFetch& self) {
      self.arrived_ += bytes;
      if (self.arrived_ >= self.needed_) self.finish();
    });
  }
  void wake() override {
    at_home([](ParkedFetch& self) { self.finish(); });
  }

  /// How much is still needed after the pass that found `found` bytes; before waiting.
  void found(std::uint64_t bytes) { needed_ -= std::min(bytes, needed_); }
  void wait_until(base::MonotonicTime deadline) {
    timer_ = home_.call_at(deadline, [this] { finish(); });
  }
  OneShot<bool>& done() { return done_; }

 private:
  template <class Tell>
  void at_home(Tell tell) {
    if (home_.on_this_thread()) return tell(*this);
    home_.post([self = shared_from_this(), tell] { tell(*self); });
  }

  void finish() {
    if (done_.is_set()) return;
    timer_.reset();
    const auto self = shared_from_this();  // The awaiter may let go of the last share.
    done_.set(true);
  }

  Loop& home_;
  std::uint64_t needed_;
  std::uint64_t arrived_ = 0;
  std::unique_ptr<TimerHandle> timer_;
  OneShot<bool> done_;
};

}  // namespace broker
