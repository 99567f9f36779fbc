#include "broker/housekeeping/checkpointer.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "config/log_config.h"
#include "tests/support/broker_bench.h"
#include "tests/support/held_syncs.h"

using namespace std::chrono_literals;
using broker::Checkpointer;
using test::SimFileSystem;
using test_support::batch_of;
using test_support::BrokerBench;
using test_support::HeldSyncs;

namespace {

/// Everything that changed is due at every look.
constexpr Checkpointer::Policy kAtOnce{.bytes = 1, .interval = 0ms};
constexpr auto kLook = 250ms;

struct Bench {
  explicit Bench(storage::FileSystem& disk)
      : broker(disk),
        checkpointer({.files = disk,
                      .directory = *broker.directory,
                      .topics = *broker.topics,
                      .workers = broker.pool,
                      .home = broker.loop,
                      .segments = broker.segments,
                      .on_failure = [this](const base::Error&) { ++failures; },
                      .say = [this](const std::string& line) { said.push_back(line); }},
                     kAtOnce, broker.recovery_points) {}

  broker::Partition& partition(int index) { return *broker.topic("t")->partition(index); }

  /// Appends one record to a topic that never syncs by itself.
  void append(int index) {
    bool done = false;
    partition(index).produce(batch_of(), broker::AckWhen::committed,
                             [&](const broker::ProduceOutcome&) { done = true; });
    broker.loop.run_ready();
    REQUIRE(done);
  }

  /// Lets what is under way end; false if it never does.
  bool stop() {
    bool stopped = false;
    checkpointer.stop([&] { stopped = true; });
    return broker.run_until([&] { return stopped; });
  }

  base::Offset recovery_point(int index) {
    return broker.directory->read_recovery_points().value().at(partition(index).id());
  }

  BrokerBench broker;
  int failures = 0;
  std::vector<std::string> said;
  Checkpointer checkpointer;
};

void make_unsynced_topic(Bench& bench) {
  bench.broker.make_topic("t", 2, {{"flush.messages", std::to_string(config::kNever)}});
}

}  // namespace

TEST_CASE("a round moves the recovery point to what it has synced", "[checkpointer]") {
  SimFileSystem disk;
  Bench bench(disk);
  make_unsynced_topic(bench);
  bench.append(0);
  bench.append(0);
  bench.checkpointer.start();
  bench.broker.loop.advance(kLook);
  REQUIRE(bench.stop());
  CHECK(bench.recovery_point(0) == 2);
  CHECK(bench.partition(0).bytes_since_checkpoint() == 0);
  CHECK(bench.failures == 0);
}

TEST_CASE("a round ends though records that nobody syncs go on coming", "[checkpointer]") {
  SimFileSystem disk;
  HeldSyncs held(disk);
  Bench bench(held);
  make_unsynced_topic(bench);
  bench.append(0);
  bench.append(1);
  const auto one = bench.partition(1).bytes_since_checkpoint();
  bench.checkpointer.start();
  held.hold();
  bench.broker.loop.advance(kLook);
  held.wait_until_held(1);
  bench.append(0);
  bench.append(1);
  held.release();
  REQUIRE(bench.stop());
  CHECK(bench.recovery_point(0) == 1);
  CHECK(bench.recovery_point(1) == 1);
  // What came meanwhile makes them due again.
  CHECK(bench.partition(1).bytes_since_checkpoint() == one);
}

TEST_CASE("recovery points of topics that were deleted are forgotten", "[checkpointer]") {
  SimFileSystem disk;
  Bench bench(disk);
  make_unsynced_topic(bench);
  bench.append(0);
  bench.checkpointer.start();
  bench.broker.loop.advance(kLook);
  REQUIRE(bench.broker.run_until([&] { return bench.partition(0).bytes_since_checkpoint() == 0; }));
  const auto id = bench.partition(0).id();
  REQUIRE(bench.broker.directory->read_recovery_points().value().contains(id));
  REQUIRE(bench.broker.result_of(bench.broker.topics->remove(bench.broker.loop, id.topic_id)));
  bench.broker.loop.advance(kLook);  // The removal is a record of the metadata log: one is due.
  REQUIRE(bench.stop());
  CHECK_FALSE(bench.broker.directory->read_recovery_points().value().contains(id));
  CHECK(bench.failures == 0);
}

TEST_CASE("a segment that cannot be read when it is settled is told of once", "[checkpointer]") {
  SimFileSystem disk;
  Bench bench(disk);
  bench.broker.make_topic("t", 1,
                          {{"flush.messages", std::to_string(config::kNever)},
                           {"segment.bytes", std::to_string(1 << 20)}});
  const auto large = batch_of({.name = "a", .value_size = 600'000});
  for (int i = 0; i < 2; ++i) {
    bool done = false;
    bench.partition(0).produce(large, broker::AckWhen::committed,
                               [&](const broker::ProduceOutcome&) { done = true; });
    REQUIRE(bench.broker.run_until([&] { return done; }));
  }
  const auto directory = bench.broker.directory->path_of(bench.partition(0).id());
  disk.make_unreadable(directory / "00000000000000000000.log", 5000);
  bench.checkpointer.start();
  for (int i = 0; i < 3; ++i) {
    bench.append(0);
    bench.broker.loop.advance(kLook);
    REQUIRE(
        bench.broker.run_until([&] { return bench.partition(0).bytes_since_checkpoint() == 0; }));
  }
  REQUIRE(bench.stop());
  REQUIRE(bench.said.size() == 1);
  CHECK(bench.said[0].find("00000000000000000000.log gets no checksum") != std::string::npos);
  CHECK(bench.failures == 0);
}
