#include "protocol/messages/fetch.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/broker/handlers/fetching.h"

using protocol::ErrorCode;
using protocol::FetchRequest;
using std::chrono::milliseconds;
using test::SimFileSystem;
using test_support::batch_of;
using test_support::BrokerBench;
using test_support::fetch_of;
using test_support::fetched_values;
using test_support::first;
using test_support::kNewestFetch;
using test_support::produce;

namespace {

using Values = std::vector<std::string>;

ErrorCode error_of(BrokerBench& bench, const FetchRequest& request,
                   protocol::ApiVersion version = kNewestFetch) {
  return first(bench.ask(request, version)).error_code;
}

}  // namespace

TEST_CASE("Fetch gives what was produced, in every version, by name and by id", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  produce(bench, "t", {.name = "a", .records = 2});
  produce(bench, "t", {.name = "b"});
  for (protocol::ApiVersion version = 4; version <= kNewestFetch; ++version) {
    CAPTURE(version);
    const auto response = bench.ask(fetch_of(topic), version);
    CHECK(response.error_code == ErrorCode::none);
    CHECK(response.session_id == 0);
    const auto& partition = first(response);
    CHECK(partition.error_code == ErrorCode::none);
    CHECK(partition.partition_index == 0);
    CHECK(partition.high_watermark == 3);
    CHECK(partition.last_stable_offset == 3);
    CHECK(partition.log_start_offset == (version >= 5 ? 0 : -1));
    CHECK(partition.preferred_read_replica == -1);
    CHECK_FALSE(partition.aborted_transactions);
    CHECK(fetched_values(partition) == Values{"a-0", "a-1", "b-0"});
    if (version < 13) CHECK(response.responses[0].topic == "t");
    if (version >= 13) CHECK(response.responses[0].topic_id == topic.id);
  }
}

TEST_CASE("a fetch at the end is empty, not null, and no error", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  produce(bench, "t", {.records = 3});
  const auto partition = first(bench.ask(fetch_of(topic, {.offset = 3}), kNewestFetch));
  CHECK(partition.error_code == ErrorCode::none);
  CHECK(partition.high_watermark == 3);
  REQUIRE(partition.records);
  CHECK(partition.records->view.empty());
}

TEST_CASE("a fetch into a batch gives the whole batch", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  produce(bench, "t", {.name = "a", .records = 3});
  produce(bench, "t", {.name = "b", .records = 3});
  CHECK(fetched_values(first(bench.ask(fetch_of(topic, {.offset = 4}), 12))) ==
        Values{"b-0", "b-1", "b-2"});
  CHECK(fetched_values(first(bench.ask(fetch_of(topic, {.offset = 2}), 12))).front() == "a-0");
}

TEST_CASE("offsets outside the log are OFFSET_OUT_OF_RANGE", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  produce(bench, "t", {.records = 2});
  for (const base::Offset offset : {base::Offset{3}, base::Offset{-1}, base::Offset{1} << 60}) {
    CAPTURE(offset);
    const auto partition = first(bench.ask(fetch_of(topic, {.offset = offset}), 12));
    CHECK(partition.error_code == ErrorCode::offset_out_of_range);
    CHECK(partition.high_watermark == -1);
    REQUIRE(partition.records);
    CHECK(partition.records->view.empty());
  }
}

TEST_CASE("what was appended and not committed is neither seen nor out of range", "[handlers]") {
  SimFileSystem disk;
  test_support::HeldSyncs files(disk);
  BrokerBench bench(files);
  const auto& topic = bench.make_topic("t");
  files.hold();
  topic.partition(0)->produce(batch_of({.records = 2}), broker::AckWhen::appended,
                              [](const broker::ProduceOutcome&) {});
  bench.loop.run_ready();
  for (const base::Offset offset : {0, 1, 2}) {
    const auto partition = first(bench.ask(fetch_of(topic, {.offset = offset}), 12));
    CHECK(partition.error_code == ErrorCode::none);
    CHECK(partition.high_watermark == 0);
    CHECK(partition.records->view.empty());
  }
  CHECK(error_of(bench, fetch_of(topic, {.offset = 3})) == ErrorCode::offset_out_of_range);
  files.release();
}

TEST_CASE("unknown topics, ids and partitions are told at once", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  broker::Topic nobody;
  nobody.name = "nothing";
  base::Random random(77);
  nobody.id = base::Uuid::make(random);
  const auto patient = [&](const broker::Topic& of, std::int32_t partition = 0) {
    return fetch_of(of, {.partition = partition, .max_wait_ms = 60'000, .min_bytes = 1});
  };
  CHECK(error_of(bench, patient(nobody), 12) == ErrorCode::unknown_topic_or_partition);
  CHECK(error_of(bench, patient(nobody), 13) == ErrorCode::unknown_topic_id);
  nobody.id = {};
  CHECK(error_of(bench, patient(nobody), 13) == ErrorCode::unknown_topic_id);
  CHECK(error_of(bench, patient(topic, 1), 12) == ErrorCode::unknown_topic_or_partition);
  CHECK(error_of(bench, patient(topic, 1), 13) == ErrorCode::unknown_topic_or_partition);
  CHECK(error_of(bench, patient(topic, -1), 13) == ErrorCode::unknown_topic_or_partition);
}

TEST_CASE("whoever claims to be a follower is none", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  auto request = fetch_of(topic);
  request.replica_id = 2;
  CHECK(error_of(bench, request, 14) == ErrorCode::not_leader_or_follower);
  request.replica_id = -1;
  request.replica_state.replica_id = 2;
  CHECK(error_of(bench, request, 15) == ErrorCode::not_leader_or_follower);
}

TEST_CASE("a reader of committed records gets a list of aborted transactions", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  produce(bench, "t", {});
  auto request = fetch_of(topic);
  request.isolation_level = 1;
  const auto partition = first(bench.ask(request, 12));
  CHECK(partition.last_stable_offset == 1);
  REQUIRE(partition.aborted_transactions);
  CHECK(partition.aborted_transactions->empty());
}

TEST_CASE("a session that is not ours is not found; full fetches are answered in full",
          "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  produce(bench, "t", {.name = "a"});
  const auto ask = [&](std::int32_t id, std::int32_t epoch) {
    auto request = fetch_of(topic);
    request.session_id = id;
    request.session_epoch = epoch;
    return bench.ask(request, 12);
  };
  for (const std::int32_t epoch : {1, 2, INT32_MAX, -2}) {
    for (const std::int32_t id : {0, 77}) {
      const auto response = ask(id, epoch);
      CHECK(response.error_code == ErrorCode::fetch_session_id_not_found);
      CHECK(response.session_id == 0);
      CHECK(response.responses.empty());
    }
  }
  for (const std::int32_t epoch : {0, -1}) {  // A new session is asked for, or none.
    for (const std::int32_t id : {0, 77}) {   // The old one is closed.
      const auto response = ask(id, epoch);
      CHECK(response.error_code == ErrorCode::none);
      CHECK(response.session_id == 0);
      CHECK(fetched_values(first(response)) == Values{"a-0"});
    }
  }
}

TEST_CASE("leader epochs that are not ours are told apart", "[handlers]") {
  SimFileSystem disk;
  const auto id = test_support::make_epochs(disk);
  BrokerBench bench(disk);
  const auto& topic = *bench.topic("t");
  REQUIRE(topic.id == id);
  REQUIRE(topic.partition(0)->leader_epoch() == 1);
  const auto error_with = [&](std::int32_t epoch) {
    return error_of(bench, fetch_of(topic, {.current_leader_epoch = epoch}), 12);
  };
  CHECK(error_with(-1) == ErrorCode::none);
  CHECK(error_with(1) == ErrorCode::none);
  CHECK(error_with(0) == ErrorCode::fenced_leader_epoch);
  CHECK(error_with(2) == ErrorCode::unknown_leader_epoch);
}

TEST_CASE("a client whose records were cut is told where its epoch ended", "[handlers]") {
  SimFileSystem disk;
  test_support::make_epochs(disk);  // Epoch 0 ended at offset 2, epoch 1 begins there.
  BrokerBench bench(disk);
  const auto& topic = *bench.topic("t");
  produce(bench, "t", {.name = "new"});
  const auto fetch = [&](base::Offset offset, std::int32_t last_epoch) {
    return first(bench.ask(fetch_of(topic, {.offset = offset,
                                            .last_fetched_epoch = last_epoch,
                                            .max_wait_ms = 60'000,
                                            .min_bytes = 1'000'000}),
                           12));
  };
  // What it read in epoch 0 is there.
  const auto same = first(bench.ask(fetch_of(topic, {.offset = 2, .last_fetched_epoch = 0}), 12));
  CHECK(same.diverging_epoch.epoch == -1);
  CHECK(fetched_values(same) == Values{"new-0"});
  // It has read more in epoch 0 than there is now: even behind the end, and at once.
  for (const base::Offset offset : {3, 9}) {
    const auto cut = fetch(offset, 0);
    CHECK(cut.error_code == ErrorCode::none);
    CHECK(cut.diverging_epoch.epoch == 0);
    CHECK(cut.diverging_epoch.end_offset == 2);
    CHECK(cut.high_watermark == 3);
    CHECK(cut.records->view.empty());
  }
  // Of an epoch above ours nothing is known.
  CHECK(fetch(2, 5).error_code == ErrorCode::offset_out_of_range);
  CHECK(fetch(9, 1).diverging_epoch.end_offset == 3);
  // Before v12 a client says nothing of what it has read.
  CHECK(error_of(bench, fetch_of(topic, {.offset = 9, .last_fetched_epoch = 0}), 11) ==
        ErrorCode::offset_out_of_range);
}
