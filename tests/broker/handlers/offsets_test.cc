#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "protocol/messages/list_offsets.h"
#include "protocol/messages/offset_for_leader_epoch.h"
#include "tests/broker/handlers/fetching.h"

using protocol::ErrorCode;
using protocol::ListOffsetsRequest;
using protocol::ListOffsetsResponse;
using protocol::OffsetForLeaderEpochRequest;
using protocol::OffsetForLeaderEpochResponse;
using record::Codec;
using test::SimFileSystem;
using test_support::batch_of;
using test_support::BrokerBench;
using test_support::kNow;
using test_support::produce;

namespace {

constexpr protocol::ApiVersion kNewest = 11;

ListOffsetsRequest offset_at(const std::string& topic, std::int64_t timestamp,
                             std::int32_t epoch = -1, std::int32_t partition = 0) {
  ListOffsetsRequest request;
  request.replica_id = -1;
  auto& wanted = request.topics.emplace_back();
  wanted.name = topic;
  auto& of = wanted.partitions.emplace_back();
  of.partition_index = partition;
  of.timestamp = timestamp;
  of.current_leader_epoch = epoch;
  return request;
}

ListOffsetsResponse::Partition first(const ListOffsetsResponse& response) {
  REQUIRE(response.topics.size() == 1);
  REQUIRE(response.topics[0].partitions.size() == 1);
  return response.topics[0].partitions[0];
}

ListOffsetsResponse::Partition find(BrokerBench& bench, std::int64_t timestamp,
                                    protocol::ApiVersion version = kNewest) {
  return first(bench.ask(offset_at("t", timestamp), version));
}

OffsetForLeaderEpochResponse::Partition end_of_epoch(BrokerBench& bench, std::int32_t epoch,
                                                     std::int32_t current = -1,
                                                     protocol::ApiVersion version = 4) {
  OffsetForLeaderEpochRequest request;
  auto& topic = request.topics.emplace_back();
  topic.topic = "t";
  auto& partition = topic.partitions.emplace_back();
  partition.leader_epoch = epoch;
  partition.current_leader_epoch = current;
  const auto response = bench.ask(request, version);
  REQUIRE(response.topics.size() == 1);
  REQUIRE(response.topics[0].partitions.size() == 1);
  return response.topics[0].partitions[0];
}

}  // namespace

TEST_CASE("ListOffsets knows the ends of a log, in every version", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("t");
  produce(bench, "t", {.records = 3});
  for (protocol::ApiVersion version = 1; version <= kNewest; ++version) {
    CAPTURE(version);
    const auto latest = find(bench, -1, version);
    CHECK(latest.error_code == ErrorCode::none);
    CHECK(latest.offset == 3);
    CHECK(latest.timestamp == -1);
    CHECK(latest.leader_epoch == (version >= 4 ? 0 : -1));
    const auto earliest = find(bench, -2, version);
    CHECK(earliest.error_code == ErrorCode::none);
    CHECK(earliest.offset == 0);
    CHECK(earliest.timestamp == -1);
    CHECK(earliest.leader_epoch == (version >= 4 ? 0 : -1));
  }
}

TEST_CASE("ListOffsets v0 answers with a list", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("t");
  produce(bench, "t", {.records = 3});
  CHECK(find(bench, -1, 0).old_style_offsets == std::vector<std::int64_t>{3});
  CHECK(find(bench, -2, 0).old_style_offsets == std::vector<std::int64_t>{0});
  auto none = offset_at("t", -1);
  none.topics[0].partitions[0].max_num_offsets = 0;
  CHECK(first(bench.ask(none, 0)).old_style_offsets.empty());
  const auto unknown = first(bench.ask(offset_at("nothing", -1), 0));
  CHECK(unknown.error_code == ErrorCode::unknown_topic_or_partition);
  CHECK(unknown.old_style_offsets.empty());
}

TEST_CASE("a time finds the first record that is as late, in any codec", "[handlers]") {
  for (const auto codec : {Codec::none, Codec::zstd}) {
    SimFileSystem disk;
    BrokerBench bench(disk);
    bench.make_topic("t");
    // The second record is late, so time does not only grow.
    for (const base::Timestamp timestamp : {kNow + 10, kNow + 50, kNow + 20, kNow + 60})
      produce(bench, "t", {.records = 2, .codec = codec, .timestamp = timestamp});
    const auto at = [&](base::Timestamp timestamp) { return find(bench, timestamp); };
    CHECK(at(0).offset == 0);
    CHECK(at(kNow + 10).offset == 0);
    CHECK(at(kNow + 10).timestamp == kNow + 10);
    CHECK(at(kNow + 11).offset == 2);
    CHECK(at(kNow + 11).timestamp == kNow + 50);
    CHECK(at(kNow + 51).offset == 6);
    CHECK(at(kNow + 51).leader_epoch == 0);
    const auto none = at(kNow + 61);
    CHECK(none.error_code == ErrorCode::none);
    CHECK(none.offset == -1);
    CHECK(none.timestamp == -1);
    CHECK(none.leader_epoch == -1);
  }
}

TEST_CASE("a time inside a batch finds its record, not the batch", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("t");
  record::BatchBuilder builder(Codec::gzip);
  for (int i = 0; i < 5; ++i) builder.add({.timestamp = kNow + i, .value = base::as_bytes("v")});
  bool answered = false;
  bench.topic("t")->partition(0)->produce(test_support::shared(builder.finish().value()),
                                          broker::AckWhen::committed,
                                          [&](const broker::ProduceOutcome&) { answered = true; });
  REQUIRE(bench.run_until([&] { return answered; }));
  CHECK(find(bench, kNow + 3).offset == 3);
  CHECK(find(bench, kNow + 3).timestamp == kNow + 3);
}

TEST_CASE("the searching is a worker's job", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("t");
  produce(bench, "t", {});
  test_support::Started<broker::Answer> search(bench.begin(offset_at("t", kNow), kNewest));
  bench.loop.run_ready();
  CHECK_FALSE(search.done());
  CHECK(bench.pool.posted() == 1);
  CHECK(bench.run_until([&] { return search.done(); }));
}

TEST_CASE("a search that cannot read the log is an error, and the operator hears of it",
          "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  produce(bench, "t", {});
  disk.make_unreadable(bench.directory->path_of({topic.id, 0}) / "00000000000000000000.log", 0);
  CHECK(first(bench.ask(offset_at("t", kNow), kNewest)).error_code ==
        ErrorCode::kafka_storage_error);
  CHECK(bench.troubles == std::vector<std::string>{"a read failed"});
}

TEST_CASE("the special timestamps answer as Kafka's, since their versions", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("t");
  CHECK(find(bench, -3).error_code == ErrorCode::none);  // The latest of an empty log:
  CHECK(find(bench, -3).offset == -1);
  CHECK(find(bench, -3).timestamp == -1);
  for (const base::Timestamp timestamp : {kNow + 10, kNow + 50, kNow + 50, kNow + 20})
    produce(bench, "t", {.timestamp = timestamp});
  CHECK(find(bench, -3).offset == 1);
  CHECK(find(bench, -3).timestamp == kNow + 50);
  CHECK(find(bench, -4).offset == 0);
  CHECK(find(bench, -4).timestamp == -1);
  for (const std::int64_t tiered : {-5, -6}) {
    CHECK(find(bench, tiered).error_code == ErrorCode::none);
    CHECK(find(bench, tiered).offset == -1);
    CHECK(find(bench, tiered).leader_epoch == -1);
  }
  const std::vector<std::pair<std::int64_t, protocol::ApiVersion>> since = {
      {-3, 7}, {-4, 8}, {-5, 9}, {-6, 11}};
  for (const auto& [timestamp, version] : since) {
    CAPTURE(timestamp);
    CHECK(find(bench, timestamp, version).error_code == ErrorCode::none);
    CHECK(find(bench, timestamp, static_cast<protocol::ApiVersion>(version - 1)).error_code ==
          ErrorCode::unsupported_version);
  }
  CHECK(find(bench, -7).error_code == ErrorCode::unsupported_version);
  CHECK(find(bench, INT64_MIN).error_code == ErrorCode::unsupported_version);
}

TEST_CASE("ListOffsets sees what is committed only", "[handlers]") {
  SimFileSystem disk;
  test_support::HeldSyncs files(disk);
  BrokerBench bench(files);
  bench.make_topic("t");
  produce(bench, "t", {.timestamp = kNow});
  files.hold();
  bench.topic("t")->partition(0)->produce(batch_of({.timestamp = kNow + 5}),
                                          broker::AckWhen::appended,
                                          [](const broker::ProduceOutcome&) {});
  bench.loop.run_ready();
  CHECK(find(bench, -1).offset == 1);
  CHECK(find(bench, kNow + 5).offset == -1);
  CHECK(find(bench, -3).offset == 0);
  files.release();
}

TEST_CASE("partitions of a ListOffsets are refused one by one", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("t", 2);
  auto request = offset_at("t", -1);
  for (const std::int32_t index : {1, 1, 5}) {
    auto& partition = request.topics[0].partitions.emplace_back();
    partition.partition_index = index;
    partition.timestamp = -1;
  }
  const auto response = bench.ask(request, kNewest);
  const auto& answers = response.topics[0].partitions;
  REQUIRE(answers.size() == 4);
  CHECK(answers[0].error_code == ErrorCode::none);
  CHECK(answers[1].error_code == ErrorCode::invalid_request);  // Named twice.
  CHECK(answers[2].error_code == ErrorCode::invalid_request);
  CHECK(answers[3].error_code == ErrorCode::unknown_topic_or_partition);
  CHECK(answers[3].offset == -1);
  CHECK(first(bench.ask(offset_at("nothing", -1), kNewest)).error_code ==
        ErrorCode::unknown_topic_or_partition);
}

TEST_CASE("ListOffsets checks the leader epoch", "[handlers]") {
  SimFileSystem disk;
  test_support::make_epochs(disk);
  BrokerBench bench(disk);
  const auto error_with = [&](std::int32_t epoch) {
    return first(bench.ask(offset_at("t", -1, epoch), kNewest)).error_code;
  };
  CHECK(error_with(1) == ErrorCode::none);
  CHECK(error_with(0) == ErrorCode::fenced_leader_epoch);
  CHECK(error_with(2) == ErrorCode::unknown_leader_epoch);
  CHECK(find(bench, -1).leader_epoch == 1);
  CHECK(find(bench, -2).leader_epoch == 0);
}

TEST_CASE("OffsetForLeaderEpoch says where epochs ended, in every version", "[handlers]") {
  SimFileSystem disk;
  test_support::make_epochs(disk);  // Two records of epoch 0; epoch 1 begins at offset 2.
  BrokerBench bench(disk);
  produce(bench, "t", {.name = "new", .records = 3});
  for (protocol::ApiVersion version = 0; version <= 4; ++version) {
    CAPTURE(version);
    const auto old = end_of_epoch(bench, 0, -1, version);
    CHECK(old.error_code == ErrorCode::none);
    CHECK(old.end_offset == 2);
    CHECK(old.leader_epoch == (version >= 1 ? 0 : -1));
    const auto present = end_of_epoch(bench, 1, -1, version);
    CHECK(present.end_offset == 5);
    CHECK(present.leader_epoch == (version >= 1 ? 1 : -1));
    const auto unknown = end_of_epoch(bench, 7, -1, version);
    CHECK(unknown.error_code == ErrorCode::none);
    CHECK(unknown.end_offset == -1);
    CHECK(unknown.leader_epoch == -1);
  }
  CHECK(end_of_epoch(bench, -1).end_offset == -1);
}

TEST_CASE("OffsetForLeaderEpoch checks the epoch a client believes in, and the partition",
          "[handlers]") {
  SimFileSystem disk;
  test_support::make_epochs(disk);
  BrokerBench bench(disk);
  CHECK(end_of_epoch(bench, 0, 1).error_code == ErrorCode::none);
  CHECK(end_of_epoch(bench, 0, 0).error_code == ErrorCode::fenced_leader_epoch);
  CHECK(end_of_epoch(bench, 0, 2).error_code == ErrorCode::unknown_leader_epoch);
  OffsetForLeaderEpochRequest request;
  request.topics.emplace_back().topic = "nothing";
  request.topics[0].partitions.emplace_back();
  const auto response = bench.ask(request, 4);
  CHECK(response.topics[0].partitions[0].error_code == ErrorCode::unknown_topic_or_partition);
  CHECK(response.topics[0].partitions[0].end_offset == -1);
}
