#include "broker/runtime/asio_loop.h"

#include <csignal>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <pthread.h>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include "broker/runtime/asio_context.h"

namespace broker {
namespace {

thread_local const AsioLoop* t_running = nullptr;

}  // namespace

AsioLoop::AsioLoop(const base::Clock& clock) : clock_(clock) {}

void AsioLoop::post(Job job) { boost::asio::post(context_, std::move(job)); }

bool AsioLoop::on_this_thread() const { return t_running == this; }

std::unique_ptr<TimerHandle> AsioLoop::call_at(base::MonotonicTime when, Job job) {
  ASSERT(on_this_thread(), "timers are set on their own loop");
  auto handle = timers_.add(when, std::move(job));
  if (when < armed_for_) arm();
  return handle;
}

void AsioLoop::run() {
  t_running = this;
  context_.run();
  t_running = nullptr;
}

void AsioLoop::arm() {
  const auto earliest = timers_.earliest();
  // A cancelled timer leaves the system's one set: firing for nothing now and then is cheaper than
  // a system call per cancel.
  armed_for_ = earliest.value_or(base::MonotonicTime::max());
  if (!earliest) return;
  timer_.expires_at(*earliest);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    armed_for_ = base::MonotonicTime::max();
    timers_.run_due(clock_.monotonic());
    // A job may have set an earlier one meanwhile; it has armed for it then.
    if (timers_.earliest().value_or(base::MonotonicTime::max()) < armed_for_) arm();
  });
}

struct LoopGroup::Loops {
  std::vector<std::unique_ptr<AsioLoop>> all;
  std::vector<std::thread> threads;

  void start(std::size_t index) {
    threads.emplace_back([this, index] {
      pthread_setname_np(pthread_self(), fmt::format("loop-{}", index).c_str());
      all[index]->run();
    });
  }
};

LoopGroup::LoopGroup(std::size_t threads, const base::Clock& clock)
    : loops_(std::make_unique<Loops>()) {
  ASSERT(threads > 0, "somebody must do the work");
  for (std::size_t i = 0; i < threads; ++i)
    loops_->all.push_back(std::make_unique<AsioLoop>(clock));
}

LoopGroup::~LoopGroup() {
  stop();
  join();
}

std::size_t LoopGroup::size() const { return loops_->all.size(); }

Loop& LoopGroup::loop(std::size_t index) {
  ASSERT(index < size(), "there are only so many loops");
  return *loops_->all[index];
}

void LoopGroup::start() {
  ASSERT(loops_->threads.empty(), "loops are started once");
  for (std::size_t i = 0; i < size(); ++i) loops_->start(i);
}

void LoopGroup::run_until_stopped() {
  if (loops_->threads.empty()) {
    for (std::size_t i = 1; i < size(); ++i) loops_->start(i);
    loops_->all.front()->run();
  }
  join();
}

void LoopGroup::stop() {
  for (const auto& loop : loops_->all) loop->stop();
}

void LoopGroup::join() {
  for (auto& thread : loops_->threads)
    if (thread.joinable()) thread.join();
}

struct SignalWaiter::Signals {
  Signals(boost::asio::io_context& context, Job on_stop)
      : set(context, SIGTERM, SIGINT), callback(std::move(on_stop)) {}

  boost::asio::signal_set set;
  Job callback;
};

SignalWaiter::SignalWaiter(LoopGroup& loops, Job on_stop)
    : signals_(std::make_unique<Signals>(context_of(loops.loop(0)), std::move(on_stop))) {
  signals_->set.async_wait(
      [signals = signals_.get()](const boost::system::error_code& cancelled, int) {
        if (cancelled) return;
        // Back to the system's way: a second signal ends the process even if this loop hangs.
        boost::system::error_code ignored;
        signals->set.clear(ignored);
        signals->callback();
      });
}

SignalWaiter::~SignalWaiter() = default;

}  // namespace broker
