#include "protocol/messages/delete_records.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "broker/topics/log_starts.h"
#include "protocol/messages/fetch.h"
#include "protocol/messages/find_coordinator.h"
#include "protocol/messages/list_offsets.h"
#include "tests/support/broker_bench.h"

using protocol::DeleteRecordsRequest;
using protocol::DeleteRecordsResponse;
using protocol::ErrorCode;
using test::SimFileSystem;
using test_support::BrokerBench;
using Values = std::vector<std::string>;

namespace {

using Configs = std::vector<std::pair<std::string, std::string>>;

struct Bench {
  explicit Bench(Configs configs = {}) {
    configs.emplace_back("internal.segment.bytes", "1024");
    broker.make_topic("t", 2, std::move(configs));
    for (int i = 0; i < 8; ++i) append(0, "r" + std::to_string(i));
  }

  broker::Partition& partition(int index) { return *broker.topic("t")->partition(index); }

  void append(int index, const std::string& name) {
    bool done = false;
    partition(index).produce(test_support::batch_of({.name = name, .value_size = 400}),
                             broker::AckWhen::committed,
                             [&](const broker::ProduceOutcome& outcome) {
                               CHECK(outcome.error == ErrorCode::none);
                               done = true;
                             });
    REQUIRE(broker.run_until([&] { return done; }));
  }

  DeleteRecordsResponse::Partition remove(const std::string& topic, std::int32_t index,
                                          base::Offset offset) {
    DeleteRecordsRequest request;
    request.topics.push_back({.name = topic, .partitions = {{index, offset}}});
    const auto response = broker.ask(request, 2);
    REQUIRE(response.topics.size() == 1);
    REQUIRE(response.topics[0].partitions.size() == 1);
    CHECK(response.topics[0].name == topic);
    return response.topics[0].partitions[0];
  }

  base::Offset earliest(int index) {
    protocol::ListOffsetsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.push_back({.partition_index = index, .timestamp = -2});
    return broker.ask(request, 7).topics.at(0).partitions.at(0).offset;
  }

  SimFileSystem disk;
  BrokerBench broker{disk};
};

}  // namespace

TEST_CASE("DeleteRecords moves the beginning, for all who read", "[handlers]") {
  Bench bench;
  const auto removed = bench.remove("t", 0, 3);
  CHECK(removed.error_code == ErrorCode::none);
  CHECK(removed.low_watermark == 3);
  CHECK(bench.earliest(0) == 3);
  CHECK(bench.broker.values("t", 0).front() == "r3-0");
  CHECK(bench.broker.values("t", 0).size() == 5);
  // Below it nothing moves any more.
  CHECK(bench.remove("t", 0, 1).low_watermark == 3);
  CHECK(bench.remove("t", 0, 0).low_watermark == 3);
  CHECK(bench.remove("t", 0, -1).low_watermark == 8);
  CHECK(bench.broker.values("t", 0).empty());
  bench.append(0, "next");
  CHECK(bench.broker.values("t", 0) == Values{"next-0"});
  CHECK(bench.remove("t", 1, -1).low_watermark == 0);
}

TEST_CASE("DeleteRecords refuses as Kafka does", "[handlers]") {
  Bench bench;
  const auto refused = [&bench](const std::string& topic, std::int32_t index, base::Offset offset) {
    const auto answer = bench.remove(topic, index, offset);
    CHECK(answer.low_watermark == -1);
    return answer.error_code;
  };
  CHECK(refused("t", 0, 9) == ErrorCode::offset_out_of_range);
  CHECK(refused("t", 0, -2) == ErrorCode::offset_out_of_range);
  CHECK(refused("t", 2, 0) == ErrorCode::unknown_topic_or_partition);
  CHECK(refused("none", 0, 0) == ErrorCode::unknown_topic_or_partition);
  protocol::FindCoordinatorRequest first;
  first.key = "g";
  bench.broker.ask(first, 0);
  CHECK(refused("__consumer_offsets", 0, 0) == ErrorCode::invalid_topic_exception);
  CHECK(bench.broker.values("t", 0).size() == 8);

  Bench compacted(Configs{{"cleanup.policy", "compact"}});
  CHECK(compacted.remove("t", 0, 3).error_code == ErrorCode::policy_violation);
  Bench both(Configs{{"cleanup.policy", "compact,delete"}});
  CHECK(both.remove("t", 0, 3).low_watermark == 3);
}

TEST_CASE("DeleteRecords answers for each partition once", "[handlers]") {
  Bench bench;
  bench.append(1, "other");
  DeleteRecordsRequest request;
  request.topics.push_back({.name = "t", .partitions = {{0, 2}, {1, 1}, {7, 0}}});
  request.topics.push_back({.name = "t", .partitions = {{0, 4}}});
  const auto response = bench.broker.ask(request, 0);
  REQUIRE(response.topics.size() == 1);
  const auto& partitions = response.topics[0].partitions;
  REQUIRE(partitions.size() == 3);
  CHECK(partitions[0].low_watermark == 4);
  CHECK(partitions[1].low_watermark == 1);
  CHECK(partitions[2].error_code == ErrorCode::unknown_topic_or_partition);
}

TEST_CASE("what is not synced yet is synced before it is deleted", "[handlers]") {
  Bench bench(Configs{{"flush.messages", std::to_string(config::kNever)}});
  REQUIRE(bench.partition(0).log().durable_end() < 8);
  CHECK(bench.remove("t", 0, -1).low_watermark == 8);
  CHECK(bench.partition(0).log().durable_end() == 8);
}

TEST_CASE("files of deleted records go after file.delete.delay.ms", "[handlers]") {
  Bench bench(Configs{{"file.delete.delay.ms", "5000"}});
  const auto directory = bench.broker.directory->path_of(bench.partition(0).id());
  const auto first = directory / "00000000000000000000.log";
  bench.remove("t", 0, 5);
  bench.broker.loop.advance(std::chrono::milliseconds(4999));
  bench.broker.run_until([&] { return bench.broker.pool.posted() == 0; });
  CHECK(*bench.disk.exists(first));
  bench.broker.loop.advance(std::chrono::milliseconds(1));
  bench.broker.run_until([&] { return bench.broker.pool.posted() == 0; });
  CHECK_FALSE(*bench.disk.exists(first));
  CHECK(bench.broker.leftovers.empty());
}

TEST_CASE("a full disk keeps the beginning where it was", "[handlers]") {
  Bench bench;
  bench.disk.fail_at(bench.disk.operations() + 1, base::Fault::full);
  const auto refused = bench.remove("t", 0, 3);
  CHECK(refused.error_code == ErrorCode::kafka_storage_error);
  CHECK(refused.low_watermark == -1);
  CHECK(bench.earliest(0) == 0);
  CHECK(bench.broker.broken_logs == 0);
  CHECK(bench.remove("t", 0, 3).low_watermark == 3);
}
