#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "broker/runtime/loop.h"
#include "broker/runtime/timer_heap.h"
#include "protocol/base/clock.h"

namespace test_support {

/// A clock that moves when told to. Thread: one at a time.
class ManualClock final : public base::Clock {
 public:
  base::Timestamp wall_ms() const override { return wall_ms_; }
  base::MonotonicTime monotonic() const override { return monotonic_; }
  void advance(std::chrono::milliseconds by) {
    wall_ms_ += by.count();
    monotonic_ += by;
  }

 private:
  base::Timestamp wall_ms_ = 1'700'000'000'000;
  base::MonotonicTime monotonic_{std::chrono::hours(1)};
};

/// A loop stepped by hand, so that a test decides what happens in which order.
///
///     ManualLoop loop;
///     broker::start(task(loop), [&](int value) { seen = value; });
///     loop.run_ready();
///     loop.advance(500ms);   // Timers that are due run at their own time.
///
/// Thread: post() any, everything else the test's. on_this_thread() is true unless
/// set_on_this_thread(false) pretends otherwise.
class ManualLoop final : public broker::Loop {
 public:
  ManualLoop() : clock_(own_clock_) {}
  /// Several loops may share a clock; advance() of one moves the time of all.
  explicit ManualLoop(ManualClock& clock) : clock_(clock) {}
  ManualLoop(const ManualLoop&) = delete;
  ManualLoop& operator=(const ManualLoop&) = delete;
  /// Jobs that never run go one by one: what one of them owns may post when it goes.
  ~ManualLoop() override {
    while (take()) {
    }
  }

  void post(broker::Job job) override {
    const std::scoped_lock lock(mutex_);
    jobs_.push_back(std::move(job));
    posted_.notify_one();
  }
  bool on_this_thread() const override { return on_this_thread_; }
  [[nodiscard]] std::unique_ptr<broker::TimerHandle> call_at(base::MonotonicTime when,
                                                             broker::Job job) override {
    return timers_.add(when, std::move(job));
  }
  const base::Clock& clock() const override { return clock_; }

  /// Runs the oldest posted job. False when there is none.
  bool run_one() {
    auto job = take();
    if (!job) return false;
    const bool before = std::exchange(on_this_thread_, true);
    (*job)();
    on_this_thread_ = before;
    return true;
  }
  /// Runs posted jobs, and those they post, and timers that are due, until nothing is left.
  void run_ready() {
    do {
      while (run_one()) {
      }
      timers_.run_due(clock_.monotonic());
    } while (posted() > 0);
  }
  /// Runs what there is to run, and what other threads post meanwhile, until `done` says so. False
  /// if nothing came from them for a long time: a test that waits for ever is no test.
  bool run_until(const std::function<bool()>& done) {
    constexpr std::chrono::seconds kLong{20};
    for (run_ready(); !done(); run_ready()) {
      std::unique_lock lock(mutex_);
      if (!posted_.wait_for(lock, kLong, [this] { return !jobs_.empty(); })) return false;
    }
    return true;
  }
  /// Moves the clock, stopping at every timer on the way to run it.
  void advance(std::chrono::milliseconds by) {
    const auto end = clock_.monotonic() + by;
    run_ready();
    for (auto next = timers_.earliest(); next && *next <= end; next = timers_.earliest()) {
      // Upwards: a timer set between two milliseconds is due at the end of its one.
      clock_.advance(std::chrono::ceil<std::chrono::milliseconds>(*next - clock_.monotonic()));
      run_ready();
    }
    if (clock_.monotonic() < end)
      clock_.advance(std::chrono::ceil<std::chrono::milliseconds>(end - clock_.monotonic()));
  }

  std::size_t posted() const {
    const std::scoped_lock lock(mutex_);
    return jobs_.size();
  }
  bool has_timers() const { return timers_.earliest().has_value(); }
  ManualClock& manual_clock() { return clock_; }
  void set_on_this_thread(bool value) { on_this_thread_ = value; }

 private:
  /// The oldest posted job.
  std::optional<broker::Job> take() {
    const std::scoped_lock lock(mutex_);
    if (jobs_.empty()) return std::nullopt;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }

  ManualClock own_clock_;
  ManualClock& clock_;
  broker::TimerHeap timers_;
  mutable std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<broker::Job> jobs_;  // Under mutex_.
  bool on_this_thread_ = true;
};

/// A pool whose jobs run when told to. Thread: the test's.
class ManualPool final : public broker::WorkerPool {
 public:
  void post(broker::Job job) override { jobs_.push_back(std::move(job)); }

  bool run_one() {
    if (jobs_.empty()) return false;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    job();
    return true;
  }
  /// Runs the newest job: a worker that is quicker than the others.
  void run_last() {
    auto job = std::move(jobs_.back());
    jobs_.pop_back();
    job();
  }
  void run_all() {
    while (run_one()) {
    }
  }
  std::size_t posted() const { return jobs_.size(); }

 private:
  std::deque<broker::Job> jobs_;
};

}  // namespace test_support
