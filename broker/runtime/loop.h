#pragma once

#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "protocol/base/assert.h"
#include "protocol/base/clock.h"

namespace broker {

using Job = std::move_only_function<void()>;

/// A timer that was set on a loop. Destroying it cancels the call.
class TimerHandle {
 public:
  virtual ~TimerHandle() = default;
};

/// One event loop, one thread. Connections, partitions and coordinators live on exactly one loop
/// from birth to death, so nothing on it needs a lock.
///
/// Thread: post() any; everything else the loop's own. There is one over Asio
/// (runtime/asio_loop.h), and one for tests that is stepped by hand (tests/support/manual_loop.h).
class Loop {
 public:
  virtual ~Loop() = default;

  /// Runs `job` on the loop's thread, after what is already queued. Never inside the call.
  virtual void post(Job job) = 0;
  virtual bool on_this_thread() const = 0;
  /// Calls `job` on the loop once `when` has passed, unless the handle is destroyed before.
  [[nodiscard]] virtual std::unique_ptr<TimerHandle> call_at(base::MonotonicTime when, Job job) = 0;
  virtual const base::Clock& clock() const = 0;
};

/// Threads for work that may block or compute for long: reads not in the page cache, segment
/// preparation, recovery scans, compressed batches.
///
/// Thread: any.
class WorkerPool {
 public:
  virtual ~WorkerPool() = default;
  virtual void post(Job job) = 0;
};

/// `co_await hop_to(loop)` goes on on that loop: at once if it is this one, else by one post.
struct HopTo {
  Loop& loop;
  bool await_ready() const { return loop.on_this_thread(); }
  void await_suspend(std::coroutine_handle<> self) const {
    loop.post([self] { self.resume(); });
  }
  void await_resume() const {}
};
inline HopTo hop_to(Loop& loop) { return {loop}; }

/// `co_await give_way(loop)`, on that loop, goes on after what is queued there already: for rows of
/// steps without an end that anybody set.
struct GiveWay {
  Loop& loop;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> self) const {
    loop.post([self] { self.resume(); });
  }
  void await_resume() const {}
};
inline GiveWay give_way(Loop& loop) { return {loop}; }

/// `co_await run_on(pool, loop, job)` runs `job` on a worker and goes on on `loop` with its result.
template <class F>
class RunOn {
 public:
  using Value = std::invoke_result_t<F&>;
  RunOn(WorkerPool& pool, Loop& loop, F job) : pool_(pool), loop_(loop), job_(std::move(job)) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> self) {
    pool_.post([this, self] {
      value_.emplace(job_());
      loop_.post([self] { self.resume(); });
    });
  }
  Value await_resume() { return std::move(*value_); }

 private:
  WorkerPool& pool_;
  Loop& loop_;
  F job_;
  std::optional<Value> value_;
};
template <class F>
RunOn<F> run_on(WorkerPool& pool, Loop& loop, F job) {
  return RunOn<F>(pool, loop, std::move(job));
}

/// A value that one side sets once and the other awaits, both on the same loop. set() resumes the
/// awaiter inside the call.
///
/// Thread: one loop. Must outlive the awaiting.
template <class T>
class OneShot {
 public:
  OneShot() = default;
  OneShot(const OneShot&) = delete;
  OneShot& operator=(const OneShot&) = delete;
  ~OneShot() = default;

  void set(T value) {
    ASSERT(!value_, "a one-shot is set once");
    value_.emplace(std::move(value));
    if (auto waiting = std::exchange(waiting_, {})) waiting.resume();
  }
  bool is_set() const { return value_.has_value(); }

  bool await_ready() const { return value_.has_value(); }
  void await_suspend(std::coroutine_handle<> self) { waiting_ = self; }
  T await_resume() { return std::move(*value_); }

 private:
  std::optional<T> value_;
  std::coroutine_handle<> waiting_;
};

}  // namespace broker
