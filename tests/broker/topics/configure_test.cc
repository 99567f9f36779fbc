#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "broker/topics/config_decisions.h"
#include "tests/support/broker_bench.h"

using broker::ConfigOperation;
using protocol::ErrorCode;
using test::SimFileSystem;
using test_support::BrokerBench;

namespace {

ErrorCode configure(BrokerBench& bench, std::int8_t type, const std::string& name,
                    std::vector<ConfigOperation> operations, bool validate_only = false) {
  const auto decisions = bench.result_of(
      bench.topics->configure(bench.loop, {{type, name, std::move(operations)}}, validate_only));
  REQUIRE(decisions);
  return decisions->at(0).error;
}

ConfigOperation set(std::string name, std::string value) {
  return {std::move(name), ConfigOperation::kSet, std::move(value)};
}
ConfigOperation unset(std::string name) {
  return {std::move(name), ConfigOperation::kDelete, std::nullopt};
}

const config::LogConfig& config_of(BrokerBench& bench, const std::string& name) {
  const auto& partition = *bench.topic(name)->partition(0);
  CHECK(partition.config() == *bench.topic(name)->config);
  return partition.config();
}

}  // namespace

TEST_CASE("a topic's settings take effect at once, and after a restart", "[configs]") {
  SimFileSystem disk;
  {
    BrokerBench bench(disk);
    bench.make_topic("t");
    bench.make_topic("u");
    REQUIRE(configure(bench, broker::kTopicResource, "t", {set("retention.ms", "77")}, true) ==
            ErrorCode::none);
    CHECK(config_of(bench, "t").retention_ms == 604'800'000);
    REQUIRE(configure(bench, broker::kTopicResource, "t",
                      {set("retention.ms", "77"), set("max.message.bytes", "500")}) ==
            ErrorCode::none);
    CHECK(config_of(bench, "t").retention_ms == 77);
    CHECK(config_of(bench, "u").retention_ms == 604'800'000);
    std::optional<ErrorCode> error;
    bench.topic("t")->partition(0)->produce(
        test_support::batch_of({.value_size = 1000}), broker::AckWhen::committed,
        [&](const broker::ProduceOutcome& outcome) { error = outcome.error; });
    REQUIRE(bench.run_until([&] { return error.has_value(); }));
    CHECK(error == ErrorCode::message_too_large);
  }
  base::Random random(1);
  disk.crash(random, SimFileSystem::Loss::everything);
  BrokerBench bench(disk);
  CHECK(config_of(bench, "t").retention_ms == 77);
  CHECK(config_of(bench, "t").max_message_bytes == 500);
  REQUIRE(configure(bench, broker::kTopicResource, "t", {unset("retention.ms")}) ==
          ErrorCode::none);
  CHECK(config_of(bench, "t").retention_ms == 604'800'000);
}

TEST_CASE("a broker's changed defaults hold for all topics that say nothing themselves",
          "[configs]") {
  SimFileSystem disk;
  {
    BrokerBench bench(disk);
    bench.make_topic("t");
    bench.make_topic("own", 1, {{"retention.ms", "5"}});
    REQUIRE(configure(bench, broker::kBrokerResource, "", {set("log.retention.ms", "6")}) ==
            ErrorCode::none);
    CHECK(config_of(bench, "t").retention_ms == 6);
    CHECK(config_of(bench, "own").retention_ms == 5);
    REQUIRE(configure(bench, broker::kBrokerResource, "1", {set("log.retention.ms", "7")}) ==
            ErrorCode::none);
    CHECK(config_of(bench, "t").retention_ms == 7);
    bench.make_topic("later");
    CHECK(config_of(bench, "later").retention_ms == 7);
  }
  base::Random random(1);
  disk.crash(random, SimFileSystem::Loss::everything);
  BrokerBench bench(disk);
  CHECK(config_of(bench, "t").retention_ms == 7);
  CHECK(config_of(bench, "own").retention_ms == 5);
  REQUIRE(configure(bench, broker::kBrokerResource, "1", {unset("log.retention.ms")}) ==
          ErrorCode::none);
  CHECK(config_of(bench, "t").retention_ms == 6);
}

TEST_CASE("when records are acknowledged can be changed while they come", "[configs]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("t");
  auto& partition = *bench.topic("t")->partition(0);
  const auto produce = [&] {
    bool done = false;
    partition.produce(test_support::batch_of(), broker::AckWhen::committed,
                      [&](const broker::ProduceOutcome& outcome) {
                        CHECK(outcome.error == ErrorCode::none);
                        done = true;
                      });
    REQUIRE(bench.run_until([&] { return done; }));
  };
  produce();
  REQUIRE(configure(bench, broker::kTopicResource, "t",
                    {set("flush.messages", std::to_string(config::kNever))}) == ErrorCode::none);
  produce();
  CHECK(partition.log().durable_end() == 1);
  CHECK(partition.log().high_watermark() == 2);
  // What was seen without a sync is synced with the change back.
  REQUIRE(configure(bench, broker::kTopicResource, "t", {unset("flush.messages")}) ==
          ErrorCode::none);
  REQUIRE(bench.run_until([&] { return partition.log().durable_end() == 2; }));
  produce();
  CHECK(partition.log().durable_end() == 3);
}

TEST_CASE("a full disk changes no setting", "[configs]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("t");
  disk.fail_at(disk.operations() + 1, base::Fault::full);
  CHECK(configure(bench, broker::kTopicResource, "t", {set("retention.ms", "77")}) !=
        ErrorCode::none);
  CHECK(config_of(bench, "t").retention_ms == 604'800'000);
  CHECK(configure(bench, broker::kTopicResource, "t", {set("retention.ms", "77")}) ==
        ErrorCode::none);
  CHECK(config_of(bench, "t").retention_ms == 77);
}
