#include <catch2/catch.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/handlers/parked_fetch.h"
#include "tests/broker/handlers/fetching.h"

using broker::Answer;
using broker::ParkedFetch;
using protocol::ErrorCode;
using protocol::FetchRequest;
using protocol::FetchResponse;
using std::chrono::milliseconds;
using test::SimFileSystem;
using test_support::add_partition;
using test_support::batch_of;
using test_support::BrokerBench;
using test_support::fetch_of;
using test_support::fetched_values;
using test_support::first;
using test_support::kNewestFetch;
using test_support::produce;
using test_support::Started;

namespace {

using Values = std::vector<std::string>;

/// A fetch under way.
struct Fetching {
  Fetching(BrokerBench& in, const FetchRequest& request, protocol::ApiVersion with = kNewestFetch)
      : bench(in), version(with), answer(bench.begin(request, version)) {
    bench.loop.run_ready();
  }
  bool answered() {
    bench.loop.run_ready();
    return answer.done();
  }
  FetchResponse response() { return bench.decoded<FetchRequest>(answer.value(), version); }
  Values values() { return fetched_values(first(response())); }

  BrokerBench& bench;
  const protocol::ApiVersion version;
  Started<Answer> answer;
};

std::size_t size_of(const test_support::Wish& wish) { return batch_of(wish).view.size(); }

std::size_t bytes_in(const FetchResponse& response) {
  std::size_t bytes = 0;
  for (const auto& topic : response.responses)
    for (const auto& partition : topic.partitions) bytes += partition.records->view.size();
  return bytes;
}

}  // namespace

TEST_CASE("a fetch waits for bytes and is woken by the commit", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  Fetching fetch(bench, fetch_of(topic, {.max_wait_ms = 500, .min_bytes = 1}));
  CHECK_FALSE(fetch.answered());
  bench.loop.advance(milliseconds(499));
  CHECK_FALSE(fetch.answered());
  produce(bench, "t", {.name = "a"});
  REQUIRE(fetch.answered());
  CHECK(fetch.values() == Values{"a-0"});
  CHECK_FALSE(bench.loop.has_timers());
}

TEST_CASE("a fetch that nothing comes for is answered when its time is up", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  Fetching fetch(bench, fetch_of(topic, {.max_wait_ms = 500, .min_bytes = 1}));
  bench.loop.advance(milliseconds(500));
  REQUIRE(fetch.answered());
  CHECK(fetch.values().empty());
  CHECK(first(fetch.response()).error_code == ErrorCode::none);
  CHECK_FALSE(bench.loop.has_timers());
}

TEST_CASE("a fetch that asks for nothing or waits for nothing is answered at once", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  CHECK(Fetching(bench, fetch_of(topic, {.max_wait_ms = 500, .min_bytes = 0})).answered());
  CHECK(Fetching(bench, fetch_of(topic, {.max_wait_ms = 500, .min_bytes = -1})).answered());
  CHECK(Fetching(bench, fetch_of(topic, {.max_wait_ms = 0, .min_bytes = 100})).answered());
  CHECK(Fetching(bench, fetch_of(topic, {.max_wait_ms = -1, .min_bytes = 100})).answered());
  auto nothing = fetch_of(topic, {.max_wait_ms = 500, .min_bytes = 1});
  nothing.topics[0].partitions.clear();
  CHECK(Fetching(bench, nothing).answered());
  nothing.topics.clear();
  CHECK(Fetching(bench, nothing).answered());
}

TEST_CASE("a fetch waits until all it asks for is there", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t", 2);
  const auto one = static_cast<std::int32_t>(size_of({.name = "a"}));
  auto request = fetch_of(topic, {.max_wait_ms = 60'000, .min_bytes = 3 * one});
  add_partition(request, topic, {.partition = 1});
  produce(bench, "t", {.name = "a"}, 0);  // Counts although it was there before.
  Fetching fetch(bench, request);
  CHECK_FALSE(fetch.answered());
  produce(bench, "t", {.name = "b"}, 1);
  CHECK_FALSE(fetch.answered());
  produce(bench, "t", {.name = "c"}, 0);
  REQUIRE(fetch.answered());
  const auto response = fetch.response();
  CHECK(fetched_values(response.responses[0].partitions[0]) == Values{"a-0", "c-0"});
  CHECK(fetched_values(response.responses[1].partitions[0]) == Values{"b-0"});
}

TEST_CASE("bytes that cannot be read do not end the wait", "[handlers]") {
  SimFileSystem disk;
  test_support::HeldSyncs files(disk);
  BrokerBench bench(files);
  const auto& topic = bench.make_topic("t");
  const auto one = static_cast<std::int32_t>(size_of({.name = "a"}));
  Fetching fetch(bench, fetch_of(topic, {.max_wait_ms = 60'000, .min_bytes = 2 * one}));
  const auto append = [&](const std::string& name) {
    topic.partition(0)->produce(batch_of({.name = name}), broker::AckWhen::appended,
                                [](const broker::ProduceOutcome&) {});
    bench.loop.run_ready();
  };
  files.hold();
  append("a");
  files.wait_until_held(1);
  append("b");  // Of the next sync.
  CHECK_FALSE(fetch.answered());
  files.let_one_go();
  REQUIRE(bench.run_until([&] { return topic.partition(0)->view()->high_watermark() == 1; }));
  CHECK_FALSE(fetch.answered());
  files.release();
  REQUIRE(bench.run_until([&] { return fetch.answer.done(); }));
  CHECK(fetch.values() == Values{"a-0", "b-0"});
}

TEST_CASE("a fetch that was woken for too little waits on, until the same deadline", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  // The first batch is larger than the partition's share of the answer; the rest never fits.
  Fetching fetch(
      bench, fetch_of(topic, {.partition_max_bytes = 10, .max_wait_ms = 1000, .min_bytes = 500}));
  for (int i = 0; i < 8; ++i) {
    bench.loop.advance(milliseconds(100));
    produce(bench, "t", {.name = "a"});
    CHECK_FALSE(fetch.answered());
  }
  bench.loop.advance(milliseconds(200));
  REQUIRE(fetch.answered());
  CHECK(fetch.values() == Values{"a-0"});
}

TEST_CASE("a deleted topic ends the wait", "[handlers]") {
  for (const auto version : {protocol::ApiVersion{12}, protocol::ApiVersion{13}}) {
    SimFileSystem disk;
    BrokerBench bench(disk);
    const auto& topic = bench.make_topic("t");
    const auto id = topic.id;
    Fetching fetch(bench, fetch_of(topic, {.max_wait_ms = 60'000, .min_bytes = 1}), version);
    CHECK_FALSE(fetch.answered());
    REQUIRE(bench.result_of(bench.topics->remove(bench.loop, id)));
    REQUIRE(fetch.answered());
    CHECK(first(fetch.response()).error_code ==
          (version < 13 ? ErrorCode::unknown_topic_or_partition : ErrorCode::unknown_topic_id));
  }
}

TEST_CASE("a waiting fetch that is told to end answers what there is", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  produce(bench, "t", {.name = "a"});
  Fetching fetch(bench, fetch_of(topic, {.max_wait_ms = 60'000, .min_bytes = 1'000'000}));
  CHECK_FALSE(fetch.answered());
  topic.partition(0)->fetch_waiters().wake_all();
  REQUIRE(fetch.answered());
  CHECK(fetch.values() == Values{"a-0"});
}

TEST_CASE("nobody waits longer than an idle connection may live", "[handlers]") {
  SimFileSystem disk;
  auto config = BrokerBench::usual_config();
  config.connections_max_idle_ms = 2000;
  BrokerBench bench(disk, config);
  const auto& topic = bench.make_topic("t");
  Fetching fetch(bench, fetch_of(topic, {.max_wait_ms = INT32_MAX, .min_bytes = 1}));
  bench.loop.advance(milliseconds(1999));
  CHECK_FALSE(fetch.answered());
  bench.loop.advance(milliseconds(1));
  CHECK(fetch.answered());
}

TEST_CASE("a fetch wants no more bytes than it may get", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  produce(bench, "t", {.name = "a", .value_size = 200});
  auto request = fetch_of(topic, {.max_wait_ms = 60'000, .min_bytes = INT32_MAX});
  request.max_bytes = 100;
  Fetching fetch(bench, request);
  REQUIRE(fetch.answered());
  CHECK(fetch.values() == Values{"a-0"});
}

TEST_CASE("the first batch comes whole whatever the limits, later ones only if they fit",
          "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t", 3);
  const auto one = size_of({.name = "a", .value_size = 1000});
  for (const std::int32_t index : {0, 1, 2})
    for (int i = 0; i < 3; ++i) produce(bench, "t", {.name = "a", .value_size = 1000}, index);

  const auto sizes = [&](std::int32_t max_bytes, std::int32_t partition_max_bytes) {
    FetchRequest request = fetch_of(topic, {.partition_max_bytes = partition_max_bytes});
    for (const std::int32_t index : {1, 2})
      add_partition(request, topic,
                    {.partition = index, .partition_max_bytes = partition_max_bytes});
    request.max_bytes = max_bytes;
    const auto response = bench.ask(request, kNewestFetch);
    std::vector<std::size_t> batches;
    batches.reserve(response.responses.size());
    for (const auto& answered : response.responses)
      batches.push_back(answered.partitions[0].records->view.size() / one);
    CHECK(bytes_in(response) % one == 0);  // Cut between batches.
    return batches;
  };
  using Sizes = std::vector<std::size_t>;
  const auto bytes = [&](std::size_t batches) { return static_cast<std::int32_t>(batches * one); };
  CHECK(sizes(bytes(9), bytes(3)) == Sizes{3, 3, 3});
  CHECK(sizes(bytes(9), bytes(2) + 1) == Sizes{2, 2, 2});
  CHECK(sizes(bytes(4) + 7, bytes(3)) == Sizes{3, 1, 0});
  CHECK(sizes(bytes(9), 1) == Sizes{1, 0, 0});
  CHECK(sizes(1, bytes(3)) == Sizes{1, 0, 0});
  CHECK(sizes(0, 0) == Sizes{1, 0, 0});
  CHECK(sizes(-1, -1) == Sizes{1, 0, 0});
  CHECK(sizes(bytes(2), bytes(1)) == Sizes{1, 1, 0});
}

TEST_CASE("the first partition with anything is the one whose batch comes whole", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t", 2);
  produce(bench, "t", {.name = "a", .value_size = 1000}, 1);
  auto request = fetch_of(topic);
  add_partition(request, topic, {.partition = 1, .partition_max_bytes = 10});
  const auto response = bench.ask(request, kNewestFetch);
  CHECK(fetched_values(response.responses[1].partitions[0]) == Values{"a-0"});
}

TEST_CASE("no answer is larger than fetch.max.bytes of the broker", "[handlers]") {
  SimFileSystem disk;
  auto config = BrokerBench::usual_config();
  config.fetch_max_bytes = 2500;
  BrokerBench bench(disk, config);
  const auto& topic = bench.make_topic("t");
  for (int i = 0; i < 5; ++i) produce(bench, "t", {.name = "a", .value_size = 1000});
  CHECK(bytes_in(bench.ask(fetch_of(topic), kNewestFetch)) ==
        2 * size_of({.name = "a", .value_size = 1000}));
}

TEST_CASE("what is not in the page cache is read on a worker first", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  produce(bench, "t", {.name = "a"});
  disk.set_resident(false);
  Fetching fetch(bench, fetch_of(topic));
  CHECK_FALSE(fetch.answered());
  CHECK(bench.pool.posted() == 1);  // Which bytes they are.
  bench.pool.run_all();
  CHECK_FALSE(fetch.answered());
  CHECK(bench.pool.posted() == 1);  // The bytes.
  bench.pool.run_all();
  REQUIRE(fetch.answered());
  CHECK(fetch.values() == Values{"a-0"});
}

TEST_CASE("a sector that cannot be read is an error of its partition", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t", 2);
  produce(bench, "t", {.name = "a", .value_size = 5000}, 0);
  produce(bench, "t", {.name = "b"}, 1);
  disk.make_unreadable(bench.directory->path_of({topic.id, 0}) / "00000000000000000000.log", 3000);
  disk.set_resident(false);
  auto request = fetch_of(topic);
  add_partition(request, topic, {.partition = 1});
  const auto response = bench.ask(request, kNewestFetch);
  CHECK(response.responses[0].partitions[0].error_code == ErrorCode::kafka_storage_error);
  CHECK(response.responses[0].partitions[0].records->view.empty());
  CHECK(fetched_values(response.responses[1].partitions[0]) == Values{"b-0"});
  CHECK(bench.troubles == Values{"a read failed"});
}

TEST_CASE("bytes that come between the pass over the partitions and the wait are not missed",
          "[handlers]") {
  test_support::ManualLoop home;
  const auto parked = std::make_shared<ParkedFetch>(home, 100);
  // Told from another loop while the pass was still at other partitions.
  home.set_on_this_thread(false);
  parked->more_bytes(60);
  home.set_on_this_thread(true);
  home.run_ready();
  CHECK_FALSE(parked->done().is_set());
  parked->wait(40, home.clock().monotonic() + milliseconds(500));
  CHECK(parked->done().is_set());
  CHECK_FALSE(home.has_timers());
}

TEST_CASE("a batch whose header cannot be read is an error of its partition", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  produce(bench, "t", {.name = "a"});
  disk.make_unreadable(bench.directory->path_of({topic.id, 0}) / "00000000000000000000.log", 0);
  const auto response = bench.ask(fetch_of(topic), kNewestFetch);
  CHECK(response.responses[0].partitions[0].error_code == ErrorCode::kafka_storage_error);
  CHECK(bench.troubles == Values{"a read failed"});
}

TEST_CASE("a fetch waits no longer when its client has ended", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  const auto request = fetch_of(topic, {.max_wait_ms = 600'000, .min_bytes = 1000});
  produce(bench, "t", {.name = "a"});
  Fetching fetch(bench, request);
  CHECK_FALSE(fetch.answered());
  REQUIRE(bench.info.when_peer_ends);
  bench.info.peer_ended = true;
  std::exchange(bench.info.when_peer_ends, nullptr)();
  REQUIRE(fetch.answered());
  CHECK(fetch.values() == Values{"a-0"});  // Who has only closed its own side gets what there is.
  CHECK_FALSE(bench.loop.has_timers());
  // One that was sent before the end and is begun after it.
  Fetching next(bench, request);
  CHECK(next.answered());
  CHECK_FALSE(bench.info.when_peer_ends);
}

TEST_CASE("a fetch that is answered leaves nothing to be told", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  Fetching fetch(bench, fetch_of(topic, {.max_wait_ms = 500, .min_bytes = 1}));
  CHECK(bench.info.when_peer_ends);
  produce(bench, "t", {.name = "a"});
  REQUIRE(fetch.answered());
  CHECK_FALSE(bench.info.when_peer_ends);
}

TEST_CASE("a fetch that waits holds neither the topics nor what it found", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto& topic = bench.make_topic("t");
  produce(bench, "t", {.name = "a"});
  auto frame = std::make_shared<std::vector<std::byte>>(
      bench.frame_of(fetch_of(topic, {.max_wait_ms = 500, .min_bytes = 1000}), kNewestFetch));
  const std::weak_ptr frame_held(frame);
  const std::weak_ptr image = bench.topics->image();
  const base::BytesView view(*frame);
  base::SharedBytes bytes{std::move(frame), view};
  Started<Answer> answer(bench.dispatcher->handle(bench.info, std::move(bytes)));
  bench.loop.run_ready();
  REQUIRE_FALSE(answer.done());
  CHECK(frame_held.expired());
  bench.make_topic("another");  // Since then there are other topics.
  CHECK(image.expired());
  bench.loop.advance(milliseconds(500));
  REQUIRE(answer.done());
  CHECK(fetched_values(first(bench.decoded<FetchRequest>(answer.value(), kNewestFetch))) ==
        Values{"a-0"});
}
