#pragma once

#include <coroutine>
#include <deque>

#include "broker/runtime/loop.h"
#include "protocol/base/assert.h"

namespace broker {

/// Lets one coroutine at a time pass, in the order they came.
///
///     co_await gate.enter();
///     ...
///     gate.leave();
///
/// Thread: one loop.
class Gate {
 public:
  explicit Gate(Loop& loop) : loop_(loop) {}

  struct Entering {
    Gate& gate;
    bool await_ready() const {
      ASSERT(gate.loop_.on_this_thread(), "a gate stands on one loop");
      if (gate.taken_) return false;
      gate.taken_ = true;
      return true;
    }
    void await_suspend(std::coroutine_handle<> self) const { gate.waiting_.push_back(self); }
    void await_resume() const {}
  };
  Entering enter() { return {*this}; }

  void leave() {
    ASSERT(loop_.on_this_thread(), "a gate stands on one loop");
    if (waiting_.empty()) {
      taken_ = false;
      return;
    }
    // By a post, so that a long queue does not become a deep stack.
    loop_.post([next = waiting_.front()] { next.resume(); });
    waiting_.pop_front();
  }

 private:
  Loop& loop_;
  bool taken_ = false;
  std::deque<std::coroutine_handle<>> waiting_;
};

}  // namespace broker
