#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <future>
#include <map>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/runtime/asio_loop.h"
#include "broker/runtime/task.h"
#include "broker/runtime/timer_heap.h"
#include "broker/runtime/worker_pool.h"
#include "protocol/base/random.h"
#include "tests/support/manual_loop.h"

using namespace std::chrono_literals;
using base::MonotonicTime;
using broker::LoopGroup;
using broker::ThreadPool;
using broker::TimerHeap;
using test_support::ManualLoop;

namespace {

MonotonicTime at(int ms) { return MonotonicTime(std::chrono::milliseconds(ms)); }

}  // namespace

// Goal: the heap keeps the order of times whatever is set and cancelled. Method: random work beside
// an ordered map.
TEST_CASE("timers run in order of their times, and cancelled ones never", "[loop]") {
  const auto seed = GENERATE(range(0u, 20u));
  CAPTURE(seed);
  base::Random random(seed);
  TimerHeap heap;
  std::map<int, std::unique_ptr<broker::TimerHandle>> handles;
  std::map<std::pair<int, int>, int> expected;
  std::vector<int> ran;
  for (int id = 0; id < 300; ++id) {
    const int when = static_cast<int>(random.below(1000));
    handles[id] = heap.add(at(when), [&ran, id] { ran.push_back(id); });
    expected[{when, id}] = id;
    if (random.below(3) == 0) {
      const auto victim =
          std::next(handles.begin(), static_cast<int>(random.below(handles.size())));
      std::erase_if(expected, [&](const auto& entry) { return entry.second == victim->first; });
      handles.erase(victim);
    }
  }
  heap.run_due(at(1000));
  std::vector<int> wanted;
  for (const auto& [key, id] : expected) wanted.push_back(id);
  CHECK(ran == wanted);
  CHECK(!heap.earliest());
}

TEST_CASE("a timer that sets itself again does not hold the loop", "[loop]") {
  TimerHeap heap;
  int calls = 0;
  std::unique_ptr<broker::TimerHandle> again;
  std::function<void()> tick = [&] {
    ++calls;
    again = heap.add(at(0), [&] { tick(); });
  };
  tick();
  heap.run_due(at(5));
  CHECK(calls == 2);
}

TEST_CASE("a handle may outlive its loop", "[loop]") {
  std::unique_ptr<broker::TimerHandle> handle;
  {
    TimerHeap heap;
    handle = heap.add(at(1), [] {});
  }
  handle.reset();
}

TEST_CASE("a loop stepped by hand runs timers at their own time", "[loop]") {
  ManualLoop loop;
  std::vector<std::chrono::milliseconds> seen;
  const auto begin = loop.clock().monotonic();
  auto note = [&] {
    seen.push_back(
        std::chrono::duration_cast<std::chrono::milliseconds>(loop.clock().monotonic() - begin));
  };
  const auto late = loop.call_at(begin + 30ms, note);
  const auto early = loop.call_at(begin + 10ms, note);
  loop.advance(20ms);
  CHECK(seen == std::vector{10ms});
  loop.advance(20ms);
  CHECK(seen == std::vector{10ms, 30ms});
  CHECK(loop.clock().monotonic() == begin + 40ms);
}

TEST_CASE("jobs run in order on the loop's own thread", "[loop]") {
  const base::SystemClock clock;
  LoopGroup loops(2, clock);
  std::promise<void> done;
  std::vector<int> order;
  bool own_thread = true;
  for (int i = 0; i < 100; ++i) {
    loops.loop(1).post([&, i] {
      order.push_back(i);
      own_thread = own_thread && loops.loop(1).on_this_thread() && !loops.loop(0).on_this_thread();
      if (i == 99) done.set_value();
    });
  }
  loops.start();
  CHECK(!loops.loop(0).on_this_thread());
  done.get_future().get();
  loops.stop();
  loops.join();
  CHECK(own_thread);
  REQUIRE(order.size() == 100);
  CHECK(std::ranges::is_sorted(order));
}

TEST_CASE("the main thread may serve loop 0, and a job there may stop all", "[loop]") {
  const base::SystemClock clock;
  LoopGroup loops(2, clock);
  std::thread::id served;
  loops.loop(0).post([&] {
    served = std::this_thread::get_id();
    loops.stop();
  });
  loops.run_until_stopped();
  CHECK(served == std::this_thread::get_id());
}

TEST_CASE("timers of a real loop fire in order and not early; destroyed ones do not", "[loop]") {
  const base::SystemClock clock;
  LoopGroup loops(1, clock);
  auto& loop = loops.loop(0);
  std::vector<int> ran;
  std::vector<std::unique_ptr<broker::TimerHandle>> handles;
  bool early = false;
  loop.post([&] {
    const auto now = clock.monotonic();
    auto set = [&](int id, std::chrono::milliseconds in) {
      return loop.call_at(now + in, [&, id, when = now + in] {
        early = early || clock.monotonic() < when;
        ran.push_back(id);
        if (id == 3) loops.stop();
      });
    };
    handles.push_back(set(3, 15ms));
    handles.push_back(set(2, 10ms));
    handles.push_back(set(1, 5ms));
    const auto never = set(9, 1ms);
  });
  loops.run_until_stopped();
  handles.clear();
  CHECK(ran == std::vector{1, 2, 3});
  CHECK(!early);
}

TEST_CASE("a hop to another loop goes there and back", "[loop]") {
  const base::SystemClock clock;
  LoopGroup loops(2, clock);
  ThreadPool pool(2);
  std::atomic<int> finished = 0;
  auto body = [](LoopGroup& group, ThreadPool& workers) -> broker::Task<bool> {
    bool right = group.loop(0).on_this_thread();
    co_await broker::hop_to(group.loop(1));
    right = right && group.loop(1).on_this_thread();
    auto job = [&group] {
      return !group.loop(0).on_this_thread() && !group.loop(1).on_this_thread();
    };
    auto away = broker::run_on(workers, group.loop(0), std::move(job));
    const bool on_worker = co_await away;
    co_return right&& on_worker&& group.loop(0).on_this_thread();
  };
  std::atomic<bool> all_right = true;
  for (int i = 0; i < 50; ++i) {
    loops.loop(0).post([&] {
      broker::start(body(loops, pool), [&](bool right) {
        if (!right) all_right = false;
        if (++finished == 50) loops.stop();
      });
    });
  }
  loops.start();
  loops.run_until_stopped();
  CHECK(all_right);
  CHECK(finished == 50);
}

TEST_CASE("a pool that stops finishes what it was given", "[loop]") {
  std::atomic<int> ran = 0;
  ThreadPool pool(2);
  for (int i = 0; i < 200; ++i) pool.post([&] { ++ran; });
  pool.stop();
  CHECK(ran == 200);
  pool.post([&] { ++ran; });
  CHECK(ran == 201);
}

TEST_CASE("a pool of one thread keeps the order", "[loop]") {
  std::vector<int> order;
  ThreadPool pool(1);
  for (int i = 0; i < 100; ++i) pool.post([&order, i] { order.push_back(i); });
  pool.stop();
  CHECK(order.size() == 100);
  CHECK(std::ranges::is_sorted(order));
}

TEST_CASE("the first signal is told, the second ends the process", "[loop]") {
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const base::SystemClock clock;
    LoopGroup loops(1, clock);
    const broker::SignalWaiter waiter(loops, [] { ::raise(SIGTERM); });
    ::raise(SIGTERM);
    loops.run_until_stopped();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
}
