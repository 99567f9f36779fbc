#include "broker/housekeeping/producer_expiry.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "tests/support/broker_bench.h"

using namespace std::chrono_literals;
using broker::ProducerExpiry;
using test_support::batch_of;
using test_support::BrokerBench;

namespace {

void append_as(BrokerBench& bench, base::ProducerId producer) {
  bool done = false;
  bench.topic("t")->partition(0)->produce(
      batch_of({.name = "a", .producer_id = producer, .producer_epoch = 0, .base_sequence = 0}),
      broker::AckWhen::committed, [&](const broker::ProduceOutcome& outcome) {
        CHECK(outcome.error == protocol::ErrorCode::none);
        done = true;
      });
  REQUIRE(bench.run_until([&] { return done; }));
}

}  // namespace

TEST_CASE("a producer that is silent for producer.id.expiration.ms is forgotten",
          "[producer_expiry]") {
  test::SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("t");
  const auto& producers = bench.topic("t")->partition(0)->log().producers();
  ProducerExpiry expiry(*bench.topics, bench.loop, 25min);
  expiry.start();
  append_as(bench, 1);
  bench.loop.advance(10min);
  append_as(bench, 2);
  bench.loop.advance(10min);
  CHECK(producers.size() == 2);
  bench.loop.advance(10min);
  CHECK(producers.find(1) == nullptr);
  CHECK(producers.find(2) != nullptr);
  bench.loop.advance(10min);
  CHECK(producers.size() == 0);
}
