#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/runtime/gate.h"
#include "broker/runtime/task.h"
#include "tests/support/manual_loop.h"

using broker::Gate;
using broker::OneShot;
using broker::Task;
using test_support::ManualLoop;
using test_support::ManualPool;

namespace {

Task<int> doubled(OneShot<int>& value) { co_return 2 * co_await value; }

Task<int> sum(OneShot<int>& a, OneShot<int>& b) {
  const int first = co_await doubled(a);
  const int second = co_await doubled(b);
  co_return first + second;
}

Task<int> immediately(int value) { co_return value; }

Task<int> many(int times) {
  int total = 0;
  for (int i = 0; i < times; ++i) total += co_await immediately(1);
  co_return total;
}

}  // namespace

TEST_CASE("a task begins when it is awaited and hands its value on", "[task]") {
  OneShot<int> a;
  OneShot<int> b;
  int seen = 0;
  broker::start(sum(a, b), [&](int value) { seen = value; });
  b.set(10);
  CHECK(seen == 0);
  a.set(1);
  CHECK(seen == 22);
}

TEST_CASE("a task that is never awaited runs nothing and frees its parameters", "[task]") {
  auto owned = std::make_shared<int>(7);
  const std::weak_ptr<int> watched = owned;
  auto body = [](std::shared_ptr<int> value) -> Task<int> { co_return *value; };
  {
    const auto task = body(std::move(owned));
    CHECK(!watched.expired());
  }
  CHECK(watched.expired());
}

TEST_CASE("a value set before anybody waits is there at once", "[task]") {
  OneShot<std::string> early;
  early.set("there");
  std::string seen;
  auto body = [](OneShot<std::string>& value) -> Task<std::string> { co_return co_await value; };
  broker::start(body(early), [&](std::string value) { seen = std::move(value); });
  CHECK(seen == "there");
}

TEST_CASE("a long row of finished tasks does not deepen the stack", "[task]") {
  // Bounded by what sanitizers leave of symmetric transfer without optimisation.
  int seen = 0;
  broker::start(many(2'000), [&](int value) { seen = value; });
  CHECK(seen == 2'000);
}

TEST_CASE("hopping to the loop one is on costs no post, to another one post", "[task]") {
  ManualLoop loop;
  bool arrived = false;
  auto body = [](ManualLoop& target) -> Task<> { co_await broker::hop_to(target); };
  broker::start(body(loop), [&] { arrived = true; });
  CHECK(arrived);
  CHECK(loop.posted() == 0);

  arrived = false;
  loop.set_on_this_thread(false);
  broker::start(body(loop), [&] { arrived = true; });
  CHECK(!arrived);
  CHECK(loop.posted() == 1);
  loop.run_ready();
  CHECK(arrived);
}

TEST_CASE("work goes to the pool and its result comes back on the loop", "[task]") {
  ManualLoop loop;
  ManualPool pool;
  std::unique_ptr<int> seen;
  auto body = [](ManualPool& workers, ManualLoop& home) -> Task<std::unique_ptr<int>> {
    auto job = [] { return std::make_unique<int>(5); };
    auto running = broker::run_on(workers, home, std::move(job));
    auto value = co_await running;
    co_return value;
  };
  broker::start(body(pool, loop), [&](std::unique_ptr<int> value) { seen = std::move(value); });
  loop.run_ready();
  CHECK(!seen);
  pool.run_all();
  CHECK(!seen);
  loop.run_ready();
  REQUIRE(seen);
  CHECK(*seen == 5);
}

TEST_CASE("a gate lets coroutines through one by one, in the order they came", "[task]") {
  ManualLoop loop;
  Gate gate(loop);
  std::vector<int> passed;
  auto body = [](Gate& door, std::vector<int>& order, int who) -> Task<> {
    co_await door.enter();
    order.push_back(who);
  };
  for (int who = 0; who < 3; ++who) broker::start(body(gate, passed, who));
  CHECK(passed == std::vector{0});
  gate.leave();
  loop.run_ready();
  CHECK(passed == std::vector{0, 1});
  gate.leave();
  loop.run_ready();
  gate.leave();
  CHECK(passed == std::vector{0, 1, 2});
  broker::start(body(gate, passed, 3));
  CHECK(passed.back() == 3);
}
