#pragma once

#include <cstddef>
#include <memory>

#include "broker/runtime/loop.h"

namespace broker {

/// The event loops of the process, one thread each.
///
///     LoopGroup loops(2, clock);
///     loops.start();                 // Or run_until_stopped() at once: this thread serves loop 0.
///     loops.loop(0).post(...);
///     loops.run_until_stopped();
///
/// Jobs may be posted before the start. What is still queued when the group stops is never run; it
/// is destroyed with the group, so what the destructors of such jobs touch must outlive it.
///
/// Thread: stop() and loop() any; the rest the one that made it.
class LoopGroup {
 public:
  LoopGroup(std::size_t threads, const base::Clock& clock);
  LoopGroup(const LoopGroup&) = delete;
  LoopGroup& operator=(const LoopGroup&) = delete;
  /// Stops and joins.
  ~LoopGroup();

  std::size_t size() const;
  Loop& loop(std::size_t index);

  /// Starts a thread for every loop.
  void start();
  /// Serves loop 0 on this thread if start() was not called, and returns when all loops have ended
  /// after stop().
  void run_until_stopped();
  /// Makes every loop end after the job it is in. From any thread, a loop's own too.
  void stop();
  /// Waits until the threads have ended.
  void join();

 private:
  struct Loops;
  std::unique_ptr<Loops> loops_;
};

/// Calls `on_stop` on loop 0 when SIGTERM or SIGINT comes. From then on a second one ends the
/// process at once, as the system does by default: every stop is safe for the data.
///
/// Thread: made and destroyed while the loops do not run, or on loop 0.
class SignalWaiter {
 public:
  SignalWaiter(LoopGroup& loops, Job on_stop);
  SignalWaiter(const SignalWaiter&) = delete;
  SignalWaiter& operator=(const SignalWaiter&) = delete;
  ~SignalWaiter();

 private:
  struct Signals;
  std::unique_ptr<Signals> signals_;
};

}  // namespace broker
