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
                      .on_failure = [this](const base::Error&) { ++failures; }},
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
