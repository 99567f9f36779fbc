#pragma once

// For the few files that talk to Asio, and for no header.
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "broker/runtime/loop.h"
#include "broker/runtime/timer_heap.h"

namespace broker {

/// A loop over Asio's io_context.
///
/// Thread: as Loop says. run() makes the calling thread the loop's own until it returns.
class AsioLoop final : public Loop {
 public:
  explicit AsioLoop(const base::Clock& clock);

  void post(Job job) override;
  bool on_this_thread() const override;
  [[nodiscard]] std::unique_ptr<TimerHandle> call_at(base::MonotonicTime when, Job job) override;
  const base::Clock& clock() const override { return clock_; }

  void run();
  void stop() { context_.stop(); }
  boost::asio::io_context& context() { return context_; }

 private:
  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                        boost::asio::wait_traits<std::chrono::steady_clock>,
                                        boost::asio::io_context::executor_type>;

  void arm();

  const base::Clock& clock_;
  TimerHeap timers_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  Timer timer_{context_};
  base::MonotonicTime armed_for_ = base::MonotonicTime::max();
};

/// The context behind a loop of a LoopGroup.
inline boost::asio::io_context& context_of(Loop& loop) {
  return static_cast<AsioLoop&>(loop).context();
}

}  // namespace broker
