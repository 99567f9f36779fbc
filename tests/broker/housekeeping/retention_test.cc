#include "broker/housekeeping/retention.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "tests/support/broker_bench.h"

using namespace std::chrono_literals;
using broker::Retention;
using test::SimFileSystem;
using test_support::BrokerBench;

namespace {

constexpr auto kInterval = 10s;

struct Bench {
  explicit Bench(SimFileSystem& disk) : broker(disk) {
    broker.make_topic("short", 1, {{"retention.ms", "60000"}, {"internal.segment.bytes", "1024"}});
    broker.make_topic("long", 1, {{"retention.ms", "-1"}});
    retention.start();
  }

  void append(const std::string& topic, const std::string& name) {
    bool done = false;
    broker.topic(topic)->partition(0)->produce(
        test_support::batch_of(
            {.name = name, .timestamp = broker.loop.clock().wall_ms(), .value_size = 400}),
        broker::AckWhen::committed, [&](const broker::ProduceOutcome&) { done = true; });
    REQUIRE(broker.run_until([&] { return done; }));
  }
  void pass(std::chrono::milliseconds by) {
    broker.loop.advance(by);
    broker.run_until([this] { return broker.pool.posted() == 0 && broker.loop.posted() == 0; });
  }

  BrokerBench broker;
  std::vector<std::string> said;
  std::vector<std::string> troubles;
  Retention retention{
      {.topics = *broker.topics,
       .starts = *broker.starts,
       .home = broker.loop,
       .say = [this](const std::string& line) { said.push_back(line); },
       .on_broken_log = [this](const base::Error&) { ++broker.broken_logs; },
       .on_trouble = [this](const base::Error& error) { troubles.push_back(error.detail); }},
      kInterval};
};

}  // namespace

TEST_CASE("retention looks at every topic in its interval, and says what it did", "[retention]") {
  SimFileSystem disk;
  Bench bench(disk);
  for (const auto* name : {"a", "b", "c", "d", "e"}) bench.append("short", name);
  bench.append("long", "a");
  bench.pass(kInterval);
  CHECK(bench.said.empty());
  CHECK(bench.broker.values("short").size() == 5);
  bench.pass(51s);
  CHECK(bench.broker.values("short").size() == 5);
  bench.pass(kInterval);
  CHECK(bench.broker.values("short").empty());
  CHECK(bench.broker.values("long").size() == 1);
  REQUIRE(bench.said.size() == 1);
  CHECK(bench.said[0].starts_with("short-0: 3 segment(s) with "));
  CHECK(
      bench.said[0].ends_with("all below offset 5, were given up: they are older than "
                              "retention.ms"));
  bench.append("short", "f");
  CHECK(bench.broker.values("short") == std::vector<std::string>{"f-0"});
}

TEST_CASE("a full disk puts retention off", "[retention]") {
  SimFileSystem disk;
  Bench bench(disk);
  bench.append("short", "a");
  disk.fail_at(disk.operations() + 1, base::Fault::full, SimFileSystem::Times::forever);
  bench.pass(80s);
  CHECK_FALSE(bench.troubles.empty());
  CHECK(bench.said.empty());
  CHECK(bench.broker.broken_logs == 0);
  CHECK(bench.broker.values("short").size() == 1);
}

TEST_CASE("a topic that is deleted in the middle of a round is no trouble", "[retention]") {
  SimFileSystem disk;
  Bench bench(disk);
  for (const auto* name : {"a", "b", "c", "d", "e"}) bench.append("short", name);
  bench.broker.loop.advance(71s);
  // The round has asked the worker to write the starts down.
  REQUIRE(bench.broker.pool.posted() > 0);
  const auto id = bench.broker.topic("short")->id;
  REQUIRE_FALSE(
      bench.broker.result_of(bench.broker.topics->remove(bench.broker.loop, id))->refused());
  bool stopped = false;
  bench.retention.stop([&] { stopped = true; });
  REQUIRE(bench.broker.run_until([&] { return stopped; }));
  CHECK(bench.troubles.empty());
  CHECK(bench.broker.broken_logs == 0);
}
