#include "storage/log/log.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "storage/log/log_files.h"
#include "tests/support/log_host.h"
#include "tests/support/sim_file_system.h"

using base::Fault;
using storage::AppendVerdict;
using storage::Log;
using test::SimFileSystem;
using test_support::kNow;
using test_support::LogHost;
using test_support::values_of;
using test_support::Wish;
using Values = std::vector<std::string>;

namespace {

// A batch of about 180 bytes: five fill a segment.
Wish wish(const std::string& name) { return {.name = name, .value_size = 100}; }

// The n-th batch of an idempotent producer.
Wish numbered(const std::string& name, std::int32_t sequence) {
  auto wished = wish(name);
  wished.producer_id = 7;
  wished.producer_epoch = 0;
  wished.base_sequence = sequence;
  return wished;
}

config::LogConfig small_segments() { return {.segment_bytes = 1000}; }

struct Bench {
  explicit Bench(const config::LogConfig& config = small_segments()) : host(disk, config) {
    REQUIRE(host.start());
  }
  std::vector<storage::Appended> append(const std::vector<Wish>& wishes) {
    auto appended = host.append(wishes);
    REQUIRE(appended);
    return *std::move(appended);
  }
  std::vector<std::string> logs() {
    std::vector<std::string> names;
    const auto listed = disk.list(host.path());
    REQUIRE(listed);
    for (const auto& name : *listed)
      if (name.ends_with(storage::kLogSuffix)) names.push_back(name);
    return names;
  }
  std::uint64_t size_of(const std::string& name) {
    return *(*disk.open(host.path() / name, storage::OpenMode::read))->size();
  }
  Log& log() { return host.log(); }

  SimFileSystem disk;
  LogHost host;
};

std::vector<AppendVerdict> verdicts(const std::vector<storage::Appended>& appended) {
  std::vector<AppendVerdict> all;
  all.reserve(appended.size());
  for (const auto& each : appended) all.push_back(each.verdict);
  return all;
}

}  // namespace

TEST_CASE("batches get the next offsets and the log's leader epoch", "[log]") {
  Bench bench;
  auto three = wish("b");
  three.records = 3;
  const auto appended = bench.append({wish("a"), three, wish("c")});
  CHECK(verdicts(appended) == std::vector(3, AppendVerdict::appended));
  CHECK(appended[0].base_offset == 0);
  CHECK(appended[1].base_offset == 1);
  CHECK(appended[1].last_offset == 3);
  CHECK(appended[2].base_offset == 4);
  CHECK(bench.log().end_offset() == 5);

  REQUIRE(bench.host.sync());
  CHECK(bench.host.values() == Values{"a-0", "b-0", "b-1", "b-2", "c-0"});
  REQUIRE(bench.log().view()->each_header(
      0, [&](const record::BatchHeader& header) { CHECK(header.leader_epoch == 0); }));
}

TEST_CASE("nothing is visible before the high watermark has passed it", "[log]") {
  Bench bench;
  bench.append({wish("a")});
  const auto before = bench.log().view();
  CHECK(values_of(*before).empty());
  CHECK(bench.log().view() == before);  // Cheap while nothing changed.

  const auto ticket = bench.log().sync_ticket();
  bench.append({wish("b")});
  bench.log().set_high_watermark(ticket.end);
  CHECK(bench.host.values() == Values{"a-0"});
  CHECK(values_of(*before).empty());
  bench.log().set_high_watermark(0);  // Never goes back.
  CHECK(bench.host.values() == Values{"a-0"});
}

TEST_CASE("a full segment makes room for the next, in the middle of an append too", "[log]") {
  Bench bench;
  std::vector<Wish> twelve;
  twelve.reserve(12);
  for (int i = 0; i < 12; ++i) twelve.push_back(wish("b" + std::to_string(i)));
  const auto appended = bench.append(twelve);
  CHECK(verdicts(appended) == std::vector(12, AppendVerdict::appended));
  CHECK(appended[11].base_offset == 11);
  CHECK(bench.logs() ==
        Values{"00000000000000000000.log", "00000000000000000005.log", "00000000000000000010.log"});
  REQUIRE(bench.host.sync());
  const auto values = bench.host.values();
  REQUIRE(values.size() == 12);
  CHECK(values.front() == "b0-0");
  CHECK(values.back() == "b11-0");
}

TEST_CASE("a batch larger than a segment is refused and those beside it are not", "[log]") {
  Bench bench;
  auto large = wish("large");
  large.value_size = 1000;
  CHECK(verdicts(bench.append({wish("a"), large, wish("b")})) ==
        std::vector{AppendVerdict::appended, AppendVerdict::too_large_for_segment,
                    AppendVerdict::appended});
  REQUIRE(bench.host.sync());
  CHECK(bench.host.values() == Values{"a-0", "b-0"});
}

TEST_CASE("batches of one append are judged in order", "[log]") {
  Bench bench;
  const auto appended = bench.append(
      {numbered("a", 0), numbered("b", 1), numbered("a", 0), numbered("gap", 5), numbered("c", 2)});
  CHECK(verdicts(appended) ==
        std::vector{AppendVerdict::appended, AppendVerdict::appended, AppendVerdict::duplicate,
                    AppendVerdict::out_of_order_sequence, AppendVerdict::appended});
  CHECK(appended[2].base_offset == 0);
  CHECK(appended[4].base_offset == 2);
  auto old = numbered("old", 3);
  old.producer_epoch = 1;
  old.base_sequence = 0;
  CHECK(bench.append({old})[0].verdict == AppendVerdict::appended);
  CHECK(bench.append({numbered("zombie", 3)})[0].verdict == AppendVerdict::invalid_producer_epoch);
}

TEST_CASE("a segment rolls when the time of its records has passed", "[log]") {
  Bench bench({.segment_ms = 1000});
  auto at = [](const std::string& name, base::Timestamp timestamp) {
    auto wished = wish(name);
    wished.timestamp = timestamp;
    return wished;
  };
  bench.append({at("a", kNow)});
  bench.append({at("b", kNow + 1000)});
  CHECK(bench.logs().size() == 1);
  bench.append({at("old", 5)});
  CHECK(bench.logs().size() == 1);
  bench.append({at("c", kNow + 1001)});
  CHECK(bench.logs().size() == 2);
}

TEST_CASE("records without time roll by the clock", "[log]") {
  Bench bench({.segment_ms = 1000});
  auto timeless = wish("a");
  timeless.timestamp = -1;
  REQUIRE(bench.host.append({timeless}, kNow + 1000));
  CHECK(bench.logs().size() == 1);
  REQUIRE(bench.host.append({timeless}, kNow + 1001));
  CHECK(bench.logs().size() == 2);
}

TEST_CASE("jitter makes segments close earlier, each after a time of its own", "[log]") {
  Bench bench({.segment_jitter_ms = 500, .segment_ms = 1000});
  auto timeless = wish("a");
  timeless.timestamp = -1;
  std::vector<base::Timestamp> ages;
  REQUIRE(bench.host.append({timeless}, kNow));
  for (base::Timestamp now = kNow, begun = kNow; ages.size() < 5; ++now) {
    REQUIRE(bench.host.append({timeless}, now));
    if (bench.logs().size() == ages.size() + 1) continue;
    ages.push_back(now - begun);
    begun = now;
  }
  CHECK(std::ranges::min(ages) > 500);
  CHECK(std::ranges::max(ages) <= 1001);
  CHECK(std::set(ages.begin(), ages.end()).size() > 1);
}

TEST_CASE("a segment rolls when its index is full", "[log]") {
  Bench bench({.index_interval_bytes = 0, .segment_index_bytes = 36});
  for (int i = 0; i < 10; ++i) bench.append({wish("b")});
  // Four entries of eight bytes, and the first batch has none.
  CHECK(bench.logs() == Values{"00000000000000000000.log", "00000000000000000005.log"});
}

TEST_CASE("segments take their blocks in steps, and zeros follow the records", "[log]") {
  Bench bench({.segment_bytes = 3 << 20});
  CHECK(bench.size_of("00000000000000000000.log") == 0);
  bench.append({wish("a")});
  CHECK(bench.size_of("00000000000000000000.log") == std::uint64_t{1} << 20U);
  auto large = wish("b");
  large.value_size = 1'000'000;
  bench.append({large, large});
  CHECK(bench.size_of("00000000000000000000.log") == std::uint64_t{2} << 20U);
  bench.append({large});
  CHECK(bench.size_of("00000000000000000000.log") == std::uint64_t{3} << 20U);
}

TEST_CASE("a full disk takes nothing of a batch, and the log goes on when there is room", "[log]") {
  Bench bench;
  bench.append({numbered("a", 0)});
  bench.disk.set_capacity(0);
  // It fits into what the segment has already.
  CHECK(bench.append({numbered("b", 1)})[0].verdict == AppendVerdict::appended);
  std::vector<Wish> five;
  for (int i = 2; i < 7; ++i) five.push_back(numbered("c" + std::to_string(i), i));
  five.push_back(numbered("b", 1));
  const auto appended = bench.append(five);
  // Three more fit into the segment; the next one cannot have any blocks.
  CHECK(verdicts(appended) == std::vector{AppendVerdict::appended, AppendVerdict::appended,
                                          AppendVerdict::appended, AppendVerdict::disk_full,
                                          AppendVerdict::disk_full, AppendVerdict::disk_full});
  CHECK(bench.log().end_offset() == 5);

  bench.disk.set_capacity(std::uint64_t{1} << 30U);
  CHECK(verdicts(bench.append(five)) ==
        std::vector{AppendVerdict::duplicate, AppendVerdict::duplicate, AppendVerdict::duplicate,
                    AppendVerdict::appended, AppendVerdict::appended,
                    AppendVerdict::out_of_order_sequence});  // More than five ago.
  REQUIRE(bench.host.sync());
  CHECK(bench.host.values() == Values{"a-0", "b-0", "c2-0", "c3-0", "c4-0", "c5-0", "c6-0"});
}

TEST_CASE("without a descriptor for the next segment batches are refused, and the log goes on",
          "[log]") {
  Bench bench;
  std::vector<Wish> seven;
  seven.reserve(7);
  for (int i = 0; i < 7; ++i) seven.push_back(numbered("a" + std::to_string(i), i));
  // Five fill the segment: its allocation, their write, then the file that cannot be opened.
  bench.disk.fail_at(bench.disk.operations() + 3, Fault::busy);
  CHECK(verdicts(bench.append(seven)) ==
        std::vector{AppendVerdict::appended, AppendVerdict::appended, AppendVerdict::appended,
                    AppendVerdict::appended, AppendVerdict::appended, AppendVerdict::busy,
                    AppendVerdict::busy});
  CHECK(bench.logs().size() == 1);
  CHECK(bench.log().end_offset() == 5);
  CHECK(verdicts(bench.append({seven[5], seven[6]})) ==
        std::vector{AppendVerdict::appended, AppendVerdict::appended});
  REQUIRE(bench.host.sync());
  CHECK(bench.logs().size() == 2);
  CHECK(bench.host.values().size() == 7);
}

TEST_CASE("a disk without room for a large step gives what is needed", "[log]") {
  Bench bench({.segment_bytes = 64 << 20});
  auto large = wish("a");
  large.value_size = 900'000;
  bench.append({large});
  bench.disk.set_capacity((std::uint64_t{1} << 20U) + 900'000);
  CHECK(bench.append({large})[0].verdict == AppendVerdict::appended);
  CHECK(bench.append({large})[0].verdict == AppendVerdict::disk_full);
}

TEST_CASE("a log whose disk failed says so", "[log]") {
  Bench bench;
  bench.append({wish("a")});
  bench.disk.fail_at(bench.disk.operations() + 1, Fault::io);
  const auto failed = bench.host.append({wish("b")});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().fault == Fault::io);
}

TEST_CASE("a ticket names what was written since the one before", "[log]") {
  Bench bench;
  bench.append({wish("a")});
  const auto first = bench.log().sync_ticket();
  CHECK(first.files.size() == 1);
  CHECK(first.directories.empty());
  CHECK(first.end == 1);
  CHECK(bench.log().sync_ticket().files.empty());

  bench.append({wish("b"), wish("c"), wish("d"), wish("e"), wish("f")});
  const auto rolled = bench.log().sync_ticket();
  CHECK(rolled.files.size() == 2);
  CHECK(rolled.files[0] == first.files[0]);
  CHECK(rolled.directories == std::vector{bench.host.path()});
  CHECK(rolled.end == 6);
}

TEST_CASE("a checkpoint lets go of sealed files, even if no ticket is ever asked for", "[log]") {
  Bench bench;
  const std::vector<Wish> twelve(12, wish("b"));
  bench.append(twelve);
  REQUIRE(bench.host.sync());
  std::weak_ptr<storage::File> sealed;
  {
    bench.append(twelve);  // Never asked for: a topic that leaves syncing to the checkpoint.
    const auto plan = bench.log().plan_checkpoint();
    REQUIRE(plan.segments.size() == 5);
    sealed = plan.segments.front().file;
    CHECK(plan.segments[1].settled_size.has_value());
    CHECK_FALSE(plan.segments[2].settled_size.has_value());  // Not on disk yet.
  }
  REQUIRE(bench.host.checkpoint());
  CHECK(sealed.expired());
  CHECK(bench.size_of("00000000000000000000.log") < 1000);
}

TEST_CASE("a segment that fills fast has the next one made ahead", "[log]") {
  Bench bench({.segment_bytes = 4 << 20});
  auto large = wish("b");
  large.value_size = 1'000'000;
  bench.append({large, large, large});
  CHECK_FALSE(bench.log().plan_preparation(kNow));
  bench.append({large});
  CHECK_FALSE(bench.log().plan_preparation(kNow + 3'600'000));  // It took its time.
  const auto plan = bench.log().plan_preparation(kNow);
  REQUIRE(plan);
  CHECK_FALSE(bench.log().plan_preparation(kNow));  // One at a time.
  bench.log().adopt_prepared(storage::prepare_segment(*plan));
  CHECK_FALSE(bench.log().plan_preparation(kNow));

  bench.append({large});
  CHECK(bench.logs().size() == 2);
  CHECK(bench.size_of("00000000000000000004.log") == std::uint64_t{4} << 20U);
  CHECK_FALSE(bench.disk.exists(bench.host.path() / storage::kPreparedFile).value());
  REQUIRE(bench.host.sync());
  CHECK(bench.host.values().size() == 5);
}

TEST_CASE("a roll needs no prepared file, and one that comes late serves the next", "[log]") {
  Bench bench({.segment_bytes = 4 << 20});
  auto large = wish("b");
  large.value_size = 1'000'000;
  bench.append({large, large, large, large});
  const auto plan = bench.log().plan_preparation(kNow);
  REQUIRE(plan);
  bench.append({large, large, large, large});
  CHECK(bench.logs().size() == 2);
  CHECK_FALSE(bench.log().plan_preparation(kNow));  // Still under way.
  bench.log().adopt_prepared(storage::prepare_segment(*plan));
  bench.append({large});
  CHECK(bench.size_of("00000000000000000008.log") == std::uint64_t{4} << 20U);
}

TEST_CASE("a preparation that fails leaves nothing and is not tried again at once", "[log]") {
  Bench bench({.segment_bytes = 4 << 20});
  auto large = wish("b");
  large.value_size = 1'000'000;
  bench.append({large, large, large, large});
  const auto plan = bench.log().plan_preparation(kNow);
  REQUIRE(plan);
  bench.disk.set_capacity(std::uint64_t{5} << 20U);
  auto prepared = storage::prepare_segment(*plan);
  REQUIRE_FALSE(prepared);
  CHECK(prepared.error().fault == Fault::full);
  CHECK_FALSE(bench.disk.exists(plan->path).value());
  bench.log().adopt_prepared(std::move(prepared));
  CHECK_FALSE(bench.log().plan_preparation(kNow));
}

TEST_CASE("a log that cannot be created leaves nothing behind", "[log]") {
  for (std::uint64_t n = 1;; ++n) {
    SimFileSystem disk;
    REQUIRE(disk.create_directory("/data"));
    disk.fail_at(disk.operations() + n, Fault::full);
    const auto log = Log::create(disk, "/data/p", small_segments(), kNow);
    CAPTURE(n);
    if (log) break;
    CHECK(log.error().fault == Fault::full);
    CHECK(disk.list("/data")->empty());
  }
}
