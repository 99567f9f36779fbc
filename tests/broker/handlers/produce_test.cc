#include "protocol/messages/produce.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "protocol/messages/init_producer_id.h"
#include "tests/support/broker_bench.h"
#include "tests/support/held_syncs.h"

using broker::Answer;
using protocol::ErrorCode;
using protocol::InitProducerIdRequest;
using protocol::ProduceRequest;
using protocol::ProduceResponse;
using record::Codec;
using test::SimFileSystem;
using test_support::batch_of;
using test_support::BrokerBench;
using test_support::kNow;
using test_support::Started;
using test_support::Wish;

namespace {

using Values = std::vector<std::string>;
constexpr protocol::ApiVersion kNewest = 13;

/// Batches for partitions of one topic, from 0 on.
ProduceRequest batches(const broker::Topic& topic, std::vector<base::SharedBytes> each,
                       std::int16_t acks = -1) {
  ProduceRequest request;
  request.acks = acks;
  auto& data = request.topic_data.emplace_back();
  data.name = topic.name;
  data.topic_id = topic.id;
  for (std::size_t i = 0; i < each.size(); ++i) {
    auto& partition = data.partition_data.emplace_back();
    partition.index = static_cast<std::int32_t>(i);
    partition.records = std::move(each[i]);
  }
  return request;
}

const ProduceResponse::Partition& first(const ProduceResponse& response) {
  REQUIRE(response.responses.size() == 1);
  REQUIRE(response.responses[0].partition_responses.size() == 1);
  return response.responses[0].partition_responses[0];
}

/// What becomes of one batch for partition 0.
ProduceResponse::Partition outcome_of(BrokerBench& bench, const broker::Topic& topic,
                                      base::SharedBytes batch,
                                      protocol::ApiVersion version = kNewest) {
  return first(bench.ask(batches(topic, {std::move(batch)}), version));
}

ErrorCode error_of(BrokerBench& bench, const broker::Topic& topic, base::SharedBytes batch,
                   protocol::ApiVersion version = kNewest) {
  return outcome_of(bench, topic, std::move(batch), version).error_code;
}

}  // namespace

TEST_CASE("Produce appends in every version, by name and by id", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  Values expected;
  for (protocol::ApiVersion version = 3; version <= kNewest; ++version) {
    CAPTURE(version);
    const auto name = "v" + std::to_string(version);
    const auto response = bench.ask(batches(topic, {batch_of({.name = name})}), version);
    const auto& partition = first(response);
    CHECK(partition.error_code == ErrorCode::none);
    CHECK(partition.index == 0);
    CHECK(partition.base_offset == version - 3);
    CHECK(partition.log_append_time_ms == -1);
    CHECK(partition.log_start_offset == (version >= 5 ? 0 : -1));
    CHECK(partition.record_errors.empty());
    CHECK_FALSE(partition.error_message);
    if (version < 13) CHECK(response.responses[0].name == "t");
    if (version >= 13) CHECK(response.responses[0].topic_id == topic.id);
    expected.push_back(name + "-0");
  }
  CHECK(bench.values("t") == expected);
}

TEST_CASE("acks decide when and whether a produce is answered", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  for (const std::int16_t acks : {std::int16_t{1}, std::int16_t{-1}}) {
    const auto response = bench.ask(batches(topic, {batch_of()}, acks), 9);
    CHECK(first(response).error_code == ErrorCode::none);
  }
  const auto answer = bench.result_of(bench.begin(batches(topic, {batch_of()}, 0), 9));
  REQUIRE(answer);
  CHECK(answer->kind == Answer::Kind::none);
  bench.run_until([&] { return bench.values("t").size() == 3; });
  CHECK(bench.values("t").size() == 3);
  for (const std::int16_t acks : {std::int16_t{2}, std::int16_t{-2}}) {
    const auto response = bench.ask(batches(topic, {batch_of()}, acks), 9);
    CHECK(first(response).error_code == ErrorCode::invalid_required_acks);
    CHECK(first(response).base_offset == -1);
  }
  CHECK(bench.values("t").size() == 3);
}

TEST_CASE("a failed produce without acknowledgement closes the connection", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  auto bad = test_support::batch_bytes();
  bad.back() ^= std::byte{1};
  const auto answer =
      bench.result_of(bench.begin(batches(topic, {test_support::shared(bad)}, 0), 9));
  REQUIRE(answer);
  CHECK(answer->kind == Answer::Kind::close);
  CHECK_FALSE(answer->why.empty());
}

TEST_CASE("a produce of nothing is answered with nothing", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  ProduceRequest request;
  request.acks = -1;
  CHECK(bench.ask(request, 9).responses.empty());
  request.acks = 0;
  const auto answer = bench.result_of(bench.begin(request, 9));
  CHECK(answer->kind == Answer::Kind::none);
}

TEST_CASE("partitions of one produce succeed and fail by themselves", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t", 3);
  auto bad = test_support::batch_bytes();
  bad.back() ^= std::byte{1};
  auto request = batches(topic, {batch_of({.name = "zero"}), test_support::shared(bad),
                                 batch_of({.name = "two"}), batch_of({.name = "nobody"})});
  auto& other = request.topic_data.emplace_back();
  other.name = "nothing";
  other.partition_data.emplace_back().records = batch_of();
  const auto response = bench.ask(request, 9);
  REQUIRE(response.responses.size() == 2);
  const auto& partitions = response.responses[0].partition_responses;
  REQUIRE(partitions.size() == 4);
  for (std::int32_t i = 0; i < 4; ++i) CHECK(partitions[static_cast<std::size_t>(i)].index == i);
  CHECK(partitions[0].error_code == ErrorCode::none);
  CHECK(partitions[1].error_code == ErrorCode::corrupt_message);
  CHECK(partitions[2].error_code == ErrorCode::none);
  CHECK(partitions[3].error_code == ErrorCode::unknown_topic_or_partition);
  REQUIRE(response.responses[1].partition_responses.size() == 1);
  CHECK(response.responses[1].partition_responses[0].error_code ==
        ErrorCode::unknown_topic_or_partition);
  CHECK(response.responses[1].name == "nothing");
  CHECK(bench.values("t", 0) == Values{"zero-0"});
  CHECK(bench.values("t", 1).empty());
  CHECK(bench.values("t", 2) == Values{"two-0"});
}

TEST_CASE("an id that no topic has is UNKNOWN_TOPIC_ID, the zero id too", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("t");
  broker::Topic nobody;
  base::Random random(77);
  nobody.id = base::Uuid::make(random);
  CHECK(error_of(bench, nobody, batch_of()) == ErrorCode::unknown_topic_id);
  nobody.id = {};
  CHECK(error_of(bench, nobody, batch_of()) == ErrorCode::unknown_topic_id);
}

TEST_CASE("records that are refused are named since v8", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t", 1, {{"cleanup.policy", "compact,delete"}});
  const auto keyless = batch_of({.records = 2, .keys = false});
  for (protocol::ApiVersion version = 3; version <= kNewest; ++version) {
    CAPTURE(version);
    const auto partition = outcome_of(bench, topic, keyless, version);
    CHECK(partition.error_code == ErrorCode::invalid_record);
    CHECK(partition.base_offset == -1);
    if (version < 8) continue;
    CHECK(partition.error_message.has_value());
    REQUIRE(partition.record_errors.size() == 2);
    CHECK(partition.record_errors[1].batch_index == 1);
    CHECK(partition.record_errors[1].batch_index_error_message.has_value());
  }
  CHECK(bench.values("t").empty());
}

TEST_CASE("exactly one batch of magic 2 comes for each partition", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  auto request = batches(topic, {{}});
  request.topic_data[0].partition_data[0].records.reset();
  CHECK(first(bench.ask(request, 9)).error_code == ErrorCode::invalid_record);
  CHECK(error_of(bench, topic, {}) == ErrorCode::invalid_record);
  auto two = test_support::batch_bytes();
  two.insert(two.end(), two.begin(), two.end());
  CHECK(error_of(bench, topic, test_support::shared(two)) == ErrorCode::invalid_record);
}

TEST_CASE("zstd needs v7", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  const auto zstd = batch_of({.codec = Codec::zstd});
  for (const protocol::ApiVersion version : {3, 4, 5, 6})
    CHECK(error_of(bench, topic, zstd, version) == ErrorCode::unsupported_compression_type);
  CHECK(error_of(bench, topic, zstd, 7) == ErrorCode::none);
  for (const auto codec : {Codec::gzip, Codec::snappy, Codec::lz4})
    CHECK(error_of(bench, topic, batch_of({.codec = codec}), 3) == ErrorCode::none);
}

TEST_CASE("transactions are INVALID_TXN_STATE", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  const Wish transactional{
      .producer_id = 1, .producer_epoch = 0, .base_sequence = 0, .attributes = 16};
  CHECK(error_of(bench, topic, batch_of(transactional)) == ErrorCode::invalid_txn_state);
  auto request = batches(topic, {batch_of(transactional)});
  request.transactional_id = "txn";
  CHECK(first(bench.ask(request, 9)).error_code == ErrorCode::invalid_txn_state);
  CHECK(bench.values("t").empty());
}

TEST_CASE("a topic that wants more replicas than there are takes acks=1 and not acks=all",
          "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t", 1, {{"min.insync.replicas", "2"}});
  CHECK(first(bench.ask(batches(topic, {batch_of()}, -1), 9)).error_code ==
        ErrorCode::not_enough_replicas);
  CHECK(first(bench.ask(batches(topic, {batch_of()}, 1), 9)).error_code == ErrorCode::none);
}

TEST_CASE("only the broker and Kafka's own tools write to internal topics", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("__consumer_offsets");
  CHECK(error_of(bench, topic, batch_of()) == ErrorCode::invalid_topic_exception);
  bench.client_id = "__admin_client";
  CHECK(error_of(bench, topic, batch_of()) == ErrorCode::none);
}

TEST_CASE("the time of a topic with log-append time is answered", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t", 1, {{"message.timestamp.type", "LogAppendTime"}});
  CHECK(outcome_of(bench, topic, batch_of({.timestamp = 5})).log_append_time_ms == kNow);
}

TEST_CASE("an idempotent producer's repeats, gaps and old epochs are told apart", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  const auto ids = bench.ask(InitProducerIdRequest{}, 5);
  const auto numbered = [&](std::int32_t sequence, std::int16_t epoch = 0) {
    return batch_of(
        {.producer_id = ids.producer_id, .producer_epoch = epoch, .base_sequence = sequence});
  };
  for (std::int32_t sequence = 0; sequence < 7; ++sequence)
    CHECK(outcome_of(bench, topic, numbered(sequence)).base_offset == sequence);
  // The last five are known, in whatever order they are repeated.
  for (const std::int32_t sequence : {6, 2, 4, 3, 5}) {
    const auto again = outcome_of(bench, topic, numbered(sequence));
    CHECK(again.error_code == ErrorCode::none);
    CHECK(again.base_offset == sequence);
  }
  CHECK(error_of(bench, topic, numbered(1)) == ErrorCode::out_of_order_sequence_number);
  CHECK(error_of(bench, topic, numbered(8)) == ErrorCode::out_of_order_sequence_number);
  CHECK(error_of(bench, topic, numbered(0, 1)) == ErrorCode::none);
  CHECK(error_of(bench, topic, numbered(7)) == ErrorCode::invalid_producer_epoch);
  CHECK(bench.values("t").size() == 8);
}

TEST_CASE("pipelined produces keep their order and share a sync", "[handlers]") {
  SimFileSystem disk;
  test_support::HeldSyncs files(disk);
  BrokerBench bench(files);
  const auto& topic = bench.make_topic("t");
  const auto writes = files.writes();
  const auto syncs = files.syncs();
  std::vector<std::unique_ptr<Started<Answer>>> answers;
  for (int i = 0; i < 5; ++i)
    answers.push_back(std::make_unique<Started<Answer>>(
        bench.begin(batches(topic, {batch_of({.name = std::to_string(i)})}), 9)));
  REQUIRE(bench.run_until([&] { return answers.back()->done(); }));
  CHECK(files.writes() == writes + 1);
  CHECK(files.syncs() == syncs + 1);
  for (int i = 0; i < 5; ++i) {
    const auto response =
        bench.decoded<ProduceRequest>(answers[static_cast<std::size_t>(i)]->value(), 9);
    CHECK(first(response).base_offset == i);
  }
  CHECK(bench.values("t") == Values{"0-0", "1-0", "2-0", "3-0", "4-0"});
}

TEST_CASE("a topic deleted under a produce answers it", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  const auto id = topic.id;
  Started<Answer> produce(bench.begin(
      batches(topic, {batch_of({.name = test_support::noise(40'000), .codec = Codec::lz4})}), 9));
  bench.topic("nothing");
  Started<broker::TopicDecision> removal(bench.topics->remove(bench.loop, id));
  REQUIRE(bench.loop.run_until([&] { return removal.done(); }));
  REQUIRE(bench.run_until([&] { return produce.done(); }));
  CHECK(first(bench.decoded<ProduceRequest>(produce.value(), 9)).error_code ==
        ErrorCode::unknown_topic_or_partition);
}

TEST_CASE("on a full disk a produce is refused so that clients try again", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  bench.may_append = false;
  const auto refused = outcome_of(bench, topic, batch_of());
  CHECK(refused.error_code == ErrorCode::kafka_storage_error);
  CHECK(refused.error_message.has_value());
  bench.may_append = true;
  CHECK(error_of(bench, topic, batch_of()) == ErrorCode::none);
}

TEST_CASE("InitProducerId gives every producer an id of its own, with epoch 0", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  base::ProducerId last = -1;
  for (protocol::ApiVersion version = 0; version <= 5; ++version) {
    CAPTURE(version);
    const auto response = bench.ask(InitProducerIdRequest{}, version);
    CHECK(response.error_code == ErrorCode::none);
    CHECK(response.producer_id > last);
    CHECK(response.producer_epoch == 0);
    last = response.producer_id;
  }
  // What it says of an id that it had means nothing without transactions.
  InitProducerIdRequest resumed;
  resumed.producer_id = last;
  resumed.producer_epoch = 3;
  CHECK(bench.ask(resumed, 5).producer_id > last);
}

TEST_CASE("InitProducerId refuses transactions", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  for (protocol::ApiVersion version = 0; version <= 5; ++version) {
    CAPTURE(version);
    InitProducerIdRequest request;
    request.transactional_id = "txn";
    const auto response = bench.ask(request, version);
    CHECK(response.error_code == ErrorCode::unsupported_version);
    CHECK(response.producer_id == -1);
    CHECK(response.producer_epoch == -1);
    request.transactional_id = "";
    CHECK(bench.ask(request, version).error_code == ErrorCode::invalid_request);
  }
}
