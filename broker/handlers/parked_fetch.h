#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

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
      if (self.arrived_ >= self.needed_) self.finish(Why::bytes);
    });
  }
  void wake() override {
    at_home([](ParkedFetch& self) { self.finish(Why::told); });
  }

  enum class Why : std::uint8_t {
    bytes,  // There may be enough now.
    told,   // Answer whatever there is: a partition was deleted, the broker stops.
    time,   // Likewise: nobody waits longer.
  };
  /// Begins to wait, after a pass that found `found` bytes: partitions that were passed early may
  /// have told of more meanwhile.
  void wait(std::uint64_t found, base::MonotonicTime deadline) {
    needed_ -= std::min(found, needed_);
    if (arrived_ >= needed_) return finish(Why::bytes);
    timer_ = home_.call_at(deadline, [this] { finish(Why::time); });
  }
  OneShot<Why>& done() { return done_; }

 private:
  template <class Tell>
  void at_home(Tell tell) {
    if (home_.on_this_thread()) return tell(*this);
    home_.post([self = shared_from_this(), tell] { tell(*self); });
  }

  void finish(Why why) {
    if (done_.is_set()) return;
    timer_.reset();
    const auto self = shared_from_this();  // The awaiter may let go of the last share.
    done_.set(why);
  }

  Loop& home_;
  std::uint64_t needed_;
  std::uint64_t arrived_ = 0;
  std::unique_ptr<TimerHandle> timer_;
  OneShot<Why> done_;
};

}  // namespace broker
