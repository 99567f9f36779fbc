#include "broker/partition/partition.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "tests/broker/partition/partition_bench.h"

using namespace std::chrono_literals;
using broker::AckWhen;
using protocol::ErrorCode;
using record::Codec;
using test_support::batch_of;
using test_support::kNow;
using test_support::PartitionBench;
using test_support::Wish;

namespace {

using Values = std::vector<std::string>;

/// A batch that is prepared on a worker.
Wish slow(const std::string& name) {
  return {.name = name + "-" + test_support::noise(40'000), .codec = Codec::lz4};
}

Wish numbered(std::int32_t sequence, const std::string& name, int records = 1) {
  return {.name = name,
          .records = records,
          .producer_id = 5,
          .producer_epoch = 0,
          .base_sequence = sequence};
}

struct Waiter final : broker::FetchWait {
  std::vector<std::uint64_t> told;
  int woken = 0;
  void more_bytes(std::uint64_t bytes) override { told.push_back(bytes); }
  void wake() override { ++woken; }
};

}  // namespace

TEST_CASE("a produce is answered and seen when its bytes are on disk, not before", "[partition]") {
  PartitionBench bench;
  bench.files.hold();
  const auto first = bench.produce({.name = "a", .records = 2});
  const auto second = bench.produce({.name = "b"});
  bench.loop.run_ready();
  bench.files.wait_until_held(1);
  bench.loop.run_ready();
  CHECK_FALSE(first->has_value());
  CHECK_FALSE(second->has_value());
  CHECK(bench.values().empty());
  CHECK(bench.partition->view()->high_watermark() == 0);
  CHECK(bench.partition->log().end_offset() == 3);

  bench.files.release();
  REQUIRE(bench.run_until_answered(second));
  REQUIRE(first->has_value());
  CHECK((*first)->error == ErrorCode::none);
  CHECK((*first)->base_offset == 0);
  CHECK((*first)->log_append_time == -1);
  CHECK((*first)->log_start_offset == 0);
  CHECK((*second)->base_offset == 2);
  CHECK(bench.partition->view()->high_watermark() == 3);
  CHECK(bench.values() == Values{"a-0", "a-1", "b-0"});
}

TEST_CASE("who asks for no acknowledgement waits for the append only", "[partition]") {
  PartitionBench bench;
  bench.files.hold();
  const auto outcome = bench.produce(Wish{}, AckWhen::appended);
  bench.loop.run_ready();
  REQUIRE(outcome->has_value());
  CHECK((*outcome)->base_offset == 0);
  CHECK(bench.partition->view()->high_watermark() == 0);
  bench.files.release();
}

TEST_CASE("batches of one turn of the loop share one write and one sync", "[partition]") {
  PartitionBench bench;
  bench.files.hold();
  std::vector<test_support::Outcome> outcomes;
  outcomes.reserve(10);
  for (int i = 0; i < 10; ++i) outcomes.push_back(bench.produce({.name = std::to_string(i)}));
  CHECK(bench.writes() == 0);
  bench.loop.run_ready();
  bench.files.wait_until_held(1);
  CHECK(bench.writes() == 1);
  bench.files.release();
  REQUIRE(bench.run_until_answered(outcomes.back()));
  CHECK(bench.syncs() == 1);
  for (int i = 0; i < 10; ++i) CHECK((*outcomes[static_cast<std::size_t>(i)])->base_offset == i);
}

TEST_CASE("what comes while a sync is under way shares the next one", "[partition]") {
  PartitionBench bench;
  bench.files.hold();
  const auto first = bench.produce({.name = "first"});
  bench.loop.run_ready();
  bench.files.wait_until_held(1);
  std::vector<test_support::Outcome> later;
  for (int i = 0; i < 5; ++i) {
    later.push_back(bench.produce({.name = "later"}));
    bench.loop.run_ready();
  }
  bench.files.let_one_go();
  REQUIRE(bench.run_until_answered(first));
  bench.files.wait_until_held(1);
  bench.loop.run_ready();
  for (const auto& outcome : later) CHECK_FALSE(outcome->has_value());
  bench.files.release();
  REQUIRE(bench.run_until_answered(later.back()));
  for (const auto& outcome : later) CHECK(outcome->has_value());
  CHECK(bench.syncs() == 2);
}

TEST_CASE("a batch that a worker prepares keeps its place", "[partition]") {
  PartitionBench bench;
  const auto before = bench.produce({.name = "before"});
  const auto middle = bench.produce(slow("middle"));
  const auto after = bench.produce({.name = "after"});
  bench.loop.run_ready();
  CHECK(bench.pool.posted() == 1);
  CHECK(bench.partition->log().end_offset() == 1);
  REQUIRE(bench.run_until_answered(before));
  CHECK_FALSE(after->has_value());

  bench.pool.run_all();
  REQUIRE(bench.run_until_answered(after));
  CHECK((*before)->base_offset == 0);
  CHECK((*middle)->base_offset == 1);
  CHECK((*after)->base_offset == 2);
}

TEST_CASE("several batches on workers are appended in their order whoever is ready first",
          "[partition]") {
  PartitionBench bench;
  const auto one = bench.produce(slow("one"));
  const auto two = bench.produce(slow("two"));
  const auto three = bench.produce({.name = "three"});
  CHECK(bench.pool.posted() == 2);
  bench.pool.run_last();  // The first stays on its worker while the second comes back.
  bench.loop.run_ready();
  CHECK(bench.partition->log().end_offset() == 0);
  bench.pool.run_all();
  REQUIRE(bench.run_until_answered(three));
  CHECK((*one)->base_offset == 0);
  CHECK((*two)->base_offset == 1);
  CHECK((*three)->base_offset == 2);
}

TEST_CASE("a refused batch stops none of the others", "[partition]") {
  PartitionBench bench;
  auto flipped = test_support::batch_bytes({.name = "bad"});
  flipped.back() ^= std::byte{1};
  auto slow_bytes = test_support::batch_bytes(slow("slow"));
  slow_bytes.resize(slow_bytes.size() - 20'000);  // Cut inside, and made to look whole.
  auto header = *record::BatchHeader::read(slow_bytes);
  header.batch_length = static_cast<std::int32_t>(slow_bytes.size() - 12);
  const auto head = header.to_bytes();
  std::ranges::copy(head, slow_bytes.begin());

  const auto before = bench.produce({.name = "before"});
  const auto bad = bench.produce(test_support::shared(flipped));
  const auto worse = bench.produce(test_support::shared(test_support::refitted(slow_bytes)));
  const auto after = bench.produce({.name = "after"});
  REQUIRE(bad->has_value());
  CHECK((*bad)->error == ErrorCode::corrupt_message);
  CHECK((*bad)->base_offset == -1);
  CHECK_FALSE((*bad)->message.empty());
  bench.loop.run_ready();
  bench.pool.run_all();
  REQUIRE(bench.run_until_answered(after));
  CHECK((*before)->error == ErrorCode::none);
  CHECK((*worse)->error == ErrorCode::corrupt_message);
  CHECK((*after)->base_offset == 1);
  CHECK(bench.values() == Values{"before-0", "after-0"});
}

TEST_CASE("a repeated batch is answered like the first, once that is committed", "[partition]") {
  PartitionBench bench;
  bench.files.hold();
  const auto first = bench.produce(numbered(0, "first", 2));
  bench.loop.run_ready();
  bench.files.wait_until_held(1);
  const auto next = bench.produce(numbered(2, "next"));
  const auto again = bench.produce(numbered(0, "first", 2));
  bench.loop.run_ready();
  CHECK_FALSE(again->has_value());
  bench.files.let_one_go();
  REQUIRE(bench.run_until_answered(again));
  CHECK_FALSE(next->has_value());  // Of the next sync; the repeated one needs the first only.
  CHECK((*again)->error == ErrorCode::none);
  CHECK((*again)->base_offset == 0);
  bench.files.release();
  REQUIRE(bench.run_until_answered(next));

  // Committed long ago: answered at once, and nothing is written for it.
  const auto writes = bench.writes();
  const auto late = bench.produce(numbered(2, "next"));
  bench.loop.run_ready();
  REQUIRE(late->has_value());
  CHECK((*late)->base_offset == 2);
  CHECK(bench.writes() == writes);
  CHECK(bench.values() == Values{"first-0", "first-1", "next-0"});
}

TEST_CASE("a repeated batch of one turn is found too", "[partition]") {
  PartitionBench bench;
  const auto first = bench.produce(numbered(0, "a"));
  const auto again = bench.produce(numbered(0, "a"));
  REQUIRE(bench.run_until_answered(again));
  CHECK((*first)->base_offset == 0);
  CHECK((*again)->base_offset == 0);
  CHECK(bench.values() == Values{"a-0"});
}

TEST_CASE("a repeated batch is told the time of the first append", "[partition]") {
  config::LogConfig config;
  config.message_timestamp_type = config::TimestampType::log_append_time;
  PartitionBench bench(config);
  CHECK(bench.produced(numbered(0, "a")).log_append_time == kNow);
  bench.loop.advance(std::chrono::milliseconds(500));
  CHECK(bench.produced(numbered(1, "b")).log_append_time == kNow + 500);
  CHECK(bench.produced(numbered(0, "a")).log_append_time == kNow);
}

TEST_CASE("a gap and an old epoch are refused in the protocol's words", "[partition]") {
  PartitionBench bench;
  CHECK(bench.produced(numbered(0, "a")).error == ErrorCode::none);
  CHECK(bench.produced(numbered(2, "c")).error == ErrorCode::out_of_order_sequence_number);
  CHECK(bench.produced(numbered(1, "b")).error == ErrorCode::none);
  auto newer = numbered(0, "d");
  newer.producer_epoch = 1;
  CHECK(bench.produced(newer).error == ErrorCode::none);
  CHECK(bench.produced(numbered(2, "e")).error == ErrorCode::invalid_producer_epoch);
  CHECK(bench.values() == Values{"a-0", "b-0", "d-0"});
}

TEST_CASE("a batch larger than a segment is RECORD_LIST_TOO_LARGE", "[partition]") {
  config::LogConfig config;
  config.segment_bytes = 1 << 20;
  config.max_message_bytes = 4 << 20;
  PartitionBench bench(config);
  CHECK(bench.produced({.value_size = std::size_t{2} << 20}).error ==
        ErrorCode::record_list_too_large);
  CHECK(bench.produced({.name = "a"}).base_offset == 0);
}

TEST_CASE("a deleted partition answers everybody UNKNOWN_TOPIC_OR_PARTITION", "[partition]") {
  PartitionBench bench;
  bench.files.hold();
  const auto waits_for_sync = bench.produce({.name = "a"});
  bench.loop.run_ready();
  bench.files.wait_until_held(1);
  const auto on_worker = bench.produce(slow("b"));
  const auto behind_it = bench.produce({.name = "c"});
  const auto waiter = std::make_shared<Waiter>();
  bench.partition->fetch_waiters().add(waiter);

  bench.partition->mark_deleted();
  REQUIRE(waits_for_sync->has_value());
  CHECK((*waits_for_sync)->error == ErrorCode::unknown_topic_or_partition);
  CHECK(waiter->woken == 1);
  CHECK(bench.partition->deleted());

  const auto end = bench.partition->log().end_offset();
  bench.pool.run_all();
  REQUIRE(bench.run_until_answered(behind_it));
  CHECK((*on_worker)->error == ErrorCode::unknown_topic_or_partition);
  CHECK((*behind_it)->error == ErrorCode::unknown_topic_or_partition);
  const auto late = bench.produce({.name = "d"});
  REQUIRE(late->has_value());
  CHECK((*late)->error == ErrorCode::unknown_topic_or_partition);
  CHECK(bench.partition->log().end_offset() == end);
  // Its sync still ends, for nobody.
  bench.files.release();
  bench.committer.stop();
  bench.loop.run_ready();
}

TEST_CASE("a partition may die while a worker has its batch and a sync its file", "[partition]") {
  PartitionBench bench;
  bench.files.hold();
  const auto synced = bench.produce({.name = "a"});
  bench.loop.run_ready();
  const auto prepared = bench.produce(slow("b"));
  bench.files.wait_until_held(1);
  bench.partition.reset();
  bench.pool.run_all();
  bench.files.release();
  bench.committer.stop();
  bench.loop.run_ready();
  CHECK_FALSE(synced->has_value());
  CHECK_FALSE(prepared->has_value());
}

TEST_CASE("on a full disk produce is refused before anything is appended", "[partition]") {
  PartitionBench bench;
  bench.may_append = false;
  const auto refused = bench.produce({.name = "a"});
  REQUIRE(refused->has_value());
  CHECK((*refused)->error == ErrorCode::kafka_storage_error);
  bench.loop.run_ready();
  CHECK(bench.writes() == 0);
  bench.may_append = true;
  CHECK(bench.produced({.name = "b"}).base_offset == 0);
}

TEST_CASE("an append to a segment that is older than segment.ms begins the next", "[partition]") {
  PartitionBench bench({.segment_ms = 60'000});
  const Wish timeless{.name = "a", .timestamp = -1};
  const auto segments = [&] {
    return std::ranges::count_if(*bench.disk.list("/p"),
                                 [](const auto& name) { return name.ends_with(".log"); });
  };
  CHECK(bench.produced(timeless).error == ErrorCode::none);
  bench.loop.advance(60s);
  CHECK(bench.produced(timeless).error == ErrorCode::none);
  CHECK(segments() == 1);
  bench.loop.advance(1ms);
  CHECK(segments() == 1);  // As Kafka does it: only who appends makes a new one.
  CHECK(bench.produced(timeless).base_offset == 2);
  CHECK(segments() == 2);
}

TEST_CASE("a segment that could not be prepared is told of, and the roll makes its own",
          "[partition]") {
  PartitionBench bench({.segment_bytes = 2 << 20});
  auto large = numbered(0, "a");
  large.value_size = 900'000;
  CHECK(bench.produced(large).error == ErrorCode::none);
  large.base_sequence = 1;
  CHECK(bench.produced(large).error == ErrorCode::none);
  REQUIRE(bench.pool.posted() == 1);
  bench.disk.fail_at(bench.disk.operations() + 1, base::Fault::io);
  bench.pool.run_all();
  bench.loop.run_ready();
  CHECK(bench.troubles == Values{"a segment could not be prepared"});
  large.base_sequence = 2;
  CHECK(bench.produced(large).base_offset == 2);
}

TEST_CASE("an append that finds the disk full is as if it had never been", "[partition]") {
  PartitionBench bench;
  CHECK(bench.produced(numbered(0, "a")).error == ErrorCode::none);
  // The segment must grow beyond its first megabyte for this.
  auto large = numbered(1, "b");
  large.value_size = 1'000'000;
  large.records = 1;
  bench.disk.set_capacity(std::uint64_t{3} << 19U);
  CHECK(bench.produced(large).error == ErrorCode::none);
  auto next = numbered(2, "c");
  next.value_size = 900'000;
  const auto refused = bench.produced(next);
  CHECK(refused.error == ErrorCode::kafka_storage_error);
  CHECK_FALSE(refused.message.empty());
  CHECK(bench.full_disks == 1);
  CHECK(bench.broken_logs == 0);
  CHECK(bench.values() == Values{"a-0", "b-0"});

  bench.disk.set_capacity(std::uint64_t{1} << 34U);
  const auto retried = bench.produced(next);
  CHECK(retried.error == ErrorCode::none);
  CHECK(retried.base_offset == 2);
  CHECK(bench.values() == Values{"a-0", "b-0", "c-0"});
}

TEST_CASE("a log that cannot be written is reported once and takes nothing more", "[partition]") {
  PartitionBench bench;
  CHECK(bench.produced({.name = "a"}).error == ErrorCode::none);
  bench.disk.fail_at(bench.disk.operations() + 1, base::Fault::io);
  const auto one = bench.produce({.name = "b"});
  const auto two = bench.produce({.name = "c"});
  bench.loop.run_ready();
  REQUIRE(one->has_value());
  CHECK((*one)->error == ErrorCode::kafka_storage_error);
  CHECK((*two)->error == ErrorCode::kafka_storage_error);
  CHECK(bench.broken_logs == 1);
  const auto writes = bench.writes();
  CHECK(bench.produced({.name = "d"}).error == ErrorCode::kafka_storage_error);
  CHECK(bench.writes() == writes);
  CHECK(bench.broken_logs == 1);
}

TEST_CASE("after the first failed sync nobody is answered any more", "[partition]") {
  PartitionBench bench;
  bench.files.hold();
  const auto outcome = bench.produce({.name = "a"});
  bench.loop.run_ready();
  bench.files.wait_until_held(1);
  const auto later = bench.produce({.name = "b"});
  bench.loop.run_ready();
  bench.disk.fail_at(bench.disk.operations() + 1, base::Fault::io);
  bench.files.release();
  bench.committer.stop();
  bench.loop.run_ready();
  CHECK(bench.failed_syncs == 1);
  CHECK_FALSE(outcome->has_value());
  CHECK_FALSE(later->has_value());
  CHECK(bench.values().empty());
  CHECK(bench.syncs() == 1);
}

TEST_CASE("waiting fetches are told of the bytes that can be read, as soon as they can",
          "[partition]") {
  PartitionBench bench;
  const auto waiter = std::make_shared<Waiter>();
  bench.partition->fetch_waiters().add(waiter);
  const auto first = batch_of({.name = "first", .value_size = 100});
  const auto second = batch_of({.name = "second", .value_size = 700});
  bench.files.hold();
  const auto one = bench.produce(first);
  bench.loop.run_ready();
  bench.files.wait_until_held(1);
  const auto two = bench.produce(second);
  bench.loop.run_ready();
  CHECK(waiter->told.empty());

  // Appended is not committed: the first sync shows the first batch and nothing more.
  bench.files.let_one_go();
  REQUIRE(bench.run_until_answered(one));
  CHECK(waiter->told == std::vector<std::uint64_t>{first.view.size()});
  bench.files.release();
  REQUIRE(bench.run_until_answered(two));
  CHECK(waiter->told == std::vector<std::uint64_t>{first.view.size(), second.view.size()});
}

TEST_CASE("a topic with Kafka's flush.messages is answered on append", "[partition]") {
  config::LogConfig config;
  config.flush_messages = config::kNever;
  PartitionBench bench(config);
  bench.files.hold();
  const auto outcome = bench.produce({.name = "a"});
  bench.loop.run_ready();
  REQUIRE(outcome->has_value());
  CHECK((*outcome)->base_offset == 0);
  CHECK(bench.values() == Values{"a-0"});
  CHECK(bench.syncs() == 0);
  bench.files.release();
}

TEST_CASE("when_durable waits for the disk, and flush hurries it up", "[partition]") {
  config::LogConfig config;
  config.flush_messages = config::kNever;
  PartitionBench bench(config);
  bool durable = false;
  bench.partition->when_durable([&] { durable = true; });
  CHECK(durable);  // Nothing to wait for.

  durable = false;
  CHECK(bench.produced({.name = "a"}).error == ErrorCode::none);
  bench.partition->when_durable([&] { durable = true; });
  bench.loop.run_ready();
  CHECK_FALSE(durable);
  bench.partition->flush();
  REQUIRE(bench.loop.run_until([&] { return durable; }));
  CHECK(bench.syncs() == 1);
  CHECK(bench.partition->log().durable_end() == 1);
}

TEST_CASE("the bytes of the log count towards the next checkpoint", "[partition]") {
  PartitionBench bench;
  const auto batch = batch_of(numbered(0, "a"));
  REQUIRE(bench.run_until_answered(bench.produce(batch)));
  REQUIRE(bench.run_until_answered(bench.produce(batch)));  // Repeated: nothing is written.
  CHECK(bench.partition->bytes_since_checkpoint() == batch.view.size());
  bench.partition->note_checkpoint(bench.partition->bytes_since_checkpoint());
  CHECK(bench.partition->bytes_since_checkpoint() == 0);
}
