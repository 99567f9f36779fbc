#include "storage/log/log_view.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <thread>

#include "storage/file/checkpoint_file.h"
#include "storage/log/log_files.h"
#include "tests/support/log_host.h"
#include "tests/support/sim_file_system.h"

using base::Fault;
using storage::LogView;
using test::SimFileSystem;
using test_support::kNow;
using test_support::LogHost;
using test_support::values_of;
using test_support::Wish;
using Values = std::vector<std::string>;

namespace {

// About 180 bytes: five fill a segment, and every one but the first has an index entry.
config::LogConfig small_segments() { return {.index_interval_bytes = 0, .segment_bytes = 1000}; }

Wish wish(const std::string& name, base::Timestamp timestamp = kNow, int records = 1) {
  return {.name = name, .records = records, .timestamp = timestamp, .value_size = 100};
}

struct Bench {
  explicit Bench(const config::LogConfig& config = small_segments()) : host(disk, config) {
    REQUIRE(host.start());
  }
  void append(const std::vector<Wish>& wishes) {
    REQUIRE(host.append(wishes));
    REQUIRE(host.sync());
  }
  std::shared_ptr<const LogView> view() { return host.log().view(); }

  SimFileSystem disk;
  LogHost host;
};

Values read(const LogView& view, base::Offset from, std::size_t bytes_max, bool at_least_one) {
  const auto slice = view.read(from, bytes_max, at_least_one);
  REQUIRE(slice);
  return values_of(slice->bytes.view);
}

std::size_t batch_size() { return test_support::batch_bytes(wish("a")).size(); }

using Batches = std::map<base::Offset, Wish>;

// Batches at the base offsets of the keys, as compaction leaves them.
std::vector<std::byte> segment_of(const Batches& batches) {
  std::vector<std::byte> segment;
  for (const auto& [offset, wished] : batches) {
    auto batch = test_support::batch_bytes(wished);
    auto header = *record::BatchHeader::read(batch);
    header.base_offset = offset;
    header.leader_epoch = 0;
    const auto head = header.to_bytes();
    segment.insert(segment.end(), head.begin(), head.end());
    segment.insert(segment.end(), batch.begin() + record::BatchHeader::kSize, batch.end());
  }
  return segment;
}

std::unique_ptr<storage::Log> open_clean(SimFileSystem& disk, const storage::Path& directory) {
  storage::RecoveryReport report;
  auto log = storage::Log::open(disk, directory, small_segments(),
                                {.clean = true, .recovery_point = 100, .now = kNow}, report);
  REQUIRE(log);
  return *std::move(log);
}

}  // namespace

TEST_CASE("a read begins at the batch that holds the offset", "[log_view]") {
  Bench bench;
  bench.append({wish("a"), wish("b", kNow, 3), wish("c")});
  for (const base::Offset middle : {1, 2, 3}) {
    CAPTURE(middle);
    CHECK(read(*bench.view(), middle, 1 << 20, true) == Values{"b-0", "b-1", "b-2", "c-0"});
  }
  CHECK(read(*bench.view(), 4, 1 << 20, true) == Values{"c-0"});
  CHECK(read(*bench.view(), 5, 1 << 20, true).empty());
}

TEST_CASE("a read ends before the limit at a border of batches", "[log_view]") {
  const auto interval = GENERATE(0, 4096);
  CAPTURE(interval);
  Bench bench({.index_interval_bytes = interval});
  bench.append({wish("a"), wish("b"), wish("c"), wish("d")});
  const auto size = batch_size();
  CHECK(read(*bench.view(), 0, 3 * size, true) == Values{"a-0", "b-0", "c-0"});
  CHECK(read(*bench.view(), 0, 3 * size - 1, true) == Values{"a-0", "b-0"});
  CHECK(read(*bench.view(), 1, 2 * size, false) == Values{"b-0", "c-0"});
  CHECK(read(*bench.view(), 3, size, false) == Values{"d-0"});
  CHECK(read(*bench.view(), 0, size - 1, true) == Values{"a-0"});
  CHECK(read(*bench.view(), 0, size - 1, false).empty());
  CHECK(read(*bench.view(), 0, 0, true) == Values{"a-0"});
}

TEST_CASE("a read stays in one segment and the next goes on", "[log_view]") {
  Bench bench;
  std::vector<Wish> twelve;
  twelve.reserve(12);
  for (int i = 0; i < 12; ++i) twelve.push_back(wish("b" + std::to_string(i)));
  bench.append(twelve);
  CHECK(read(*bench.view(), 3, 1 << 20, true) == Values{"b3-0", "b4-0"});
  CHECK(read(*bench.view(), 5, 1 << 20, true).size() == 5);
  const auto slice = bench.view()->read(10, 1 << 20, true);
  REQUIRE(slice);
  CHECK(slice->position == 0);
  CHECK(slice->file->size().value() >= slice->bytes.view.size());
}

TEST_CASE("readers find every record whatever has become of its segment since", "[log_view]") {
  Bench bench;
  std::vector<std::shared_ptr<const LogView>> views;
  std::vector<Values> shown;
  for (int i = 0; i < 40; ++i) {
    REQUIRE(bench.host.append({wish("b" + std::to_string(i)), wish("c" + std::to_string(i))}));
    if (i % 3 != 0) REQUIRE(bench.host.sync());
    if (i % 7 == 0) REQUIRE(bench.host.checkpoint());
    views.push_back(bench.view());
    shown.push_back(values_of(*views.back()));
    CHECK(shown.back().size() == static_cast<std::size_t>(views.back()->high_watermark()));
  }
  REQUIRE(bench.host.sync());
  for (std::size_t i = 0; i < views.size(); ++i) CHECK(values_of(*views[i]) == shown[i]);
}

TEST_CASE("views are read on other threads while the log appends and rolls", "[log_view]") {
  Bench bench({.index_interval_bytes = 0, .segment_bytes = 4000});
  std::mutex mutex;
  std::shared_ptr<const LogView> shown = bench.view();
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  const auto reader = [&] {
    while (!done) {
      std::shared_ptr<const LogView> view;
      {
        const std::scoped_lock lock(mutex);
        view = shown;
      }
      const auto seen = values_of(*view).size();
      if (seen != static_cast<std::size_t>(view->high_watermark())) ++wrong;
      if (!view->find_time(kNow + view->high_watermark() - 1)) ++wrong;
    }
  };
  std::thread one(reader);
  std::thread two(reader);
  for (int i = 0; i < 200; ++i) {
    const auto appended = bench.host.append({wish("b", kNow + i)});
    if (!appended || !bench.host.sync()) ++wrong;
    if (i % 20 == 0 && !bench.host.checkpoint()) ++wrong;
    const std::scoped_lock lock(mutex);
    shown = bench.view();
  }
  done = true;
  one.join();
  two.join();
  CHECK(wrong == 0);
}

TEST_CASE("an offset in a gap gives the next batch", "[log_view]") {
  SimFileSystem disk;
  const storage::Path directory = "/compacted";
  REQUIRE(disk.create_directory(directory));
  const auto first =
      segment_of({{3, wish("a")}, {7, wish("b", kNow, 2)}, {20, wish("c")}, {99, wish("d")}});
  REQUIRE(storage::replace_file(disk, directory / storage::file_name(0, ".log"), first));
  const auto second = segment_of({{100, wish("e")}});
  REQUIRE(storage::replace_file(disk, directory / storage::file_name(100, ".log"), second));
  const auto log = open_clean(disk, directory);
  const auto view = log->view();
  CHECK(view->high_watermark() == 101);
  CHECK(read(*view, 0, batch_size(), true) == Values{"a-0"});
  CHECK(read(*view, 4, batch_size(), true) == Values{"b-0", "b-1"});
  CHECK(read(*view, 9, batch_size(), true) == Values{"c-0"});
  CHECK(read(*view, 21, 1 << 20, true) == Values{"d-0"});
  CHECK(values_of(*view) == Values{"a-0", "b-0", "b-1", "c-0", "d-0", "e-0"});
}

TEST_CASE("a search by time finds the first record that is late enough", "[log_view]") {
  // Times go back and forth, within segments and from one to the next.
  const std::vector<base::Timestamp> times = {50, 10, 90, 20, 30, 80, 70, 95, 5, 100, 60, 100};
  Bench bench;
  std::vector<Wish> wishes;
  wishes.reserve(times.size());
  for (std::size_t i = 0; i < times.size(); ++i)
    wishes.push_back(wish("b" + std::to_string(i), times[i]));
  bench.append(wishes);
  const bool settled = GENERATE(false, true);
  if (settled) {
    bench.append({wish("last", 1)});
    REQUIRE(bench.host.checkpoint());
  }
  for (base::Timestamp target = 0; target <= 101; ++target) {
    CAPTURE(target, settled);
    const auto found = bench.view()->find_time(target);
    REQUIRE(found);
    const auto expected =
        std::ranges::find_if(times, [&](base::Timestamp time) { return time >= target; });
    if (expected == times.end()) {
      CHECK_FALSE(*found);
      continue;
    }
    REQUIRE(*found);
    CHECK((*found)->offset == expected - times.begin());
    CHECK((*found)->timestamp == *expected);
    CHECK((*found)->leader_epoch == 0);
  }
}

TEST_CASE("a search by time looks into batches, compressed ones too", "[log_view]") {
  Bench bench({.index_interval_bytes = 0});
  record::BatchBuilder builder(record::Codec::zstd);
  for (const base::Timestamp time : {40, 10, 60, 30})
    builder.add({.timestamp = time, .value = base::as_bytes("v")});
  const auto bytes = builder.finish().value();
  const storage::NewBatch batch{
      .header = *record::BatchHeader::read(bytes),
      .records = base::BytesView(bytes).subspan(record::BatchHeader::kSize)};
  REQUIRE(bench.host.log().append({&batch, 1}, kNow));
  REQUIRE(bench.host.sync());
  const auto found = bench.view()->find_time(41);
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->offset == 2);
  CHECK((*found)->timestamp == 60);
  CHECK_FALSE(bench.view()->find_time(61).value());
}

TEST_CASE("the largest timestamp is that of a visible record, the first of several", "[log_view]") {
  Bench bench;
  CHECK_FALSE(bench.view()->find_max_timestamp().value());
  bench.append(
      {wish("a", 10), wish("b", 70), wish("c", 70), wish("d", 20), wish("e", 30), wish("f", 70)});
  REQUIRE(bench.host.append({wish("later", 99)}));  // Not visible yet.
  auto found = bench.view()->find_max_timestamp();
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->offset == 1);
  CHECK((*found)->timestamp == 70);
  CHECK_FALSE(bench.view()->find_time(71).value());

  REQUIRE(bench.host.sync());
  found = bench.view()->find_max_timestamp();
  REQUIRE(found);
  CHECK((*found)->offset == 6);
}

TEST_CASE("records without time are never found by time", "[log_view]") {
  Bench bench;
  bench.append(std::vector<Wish>(12, wish("a", -1)));
  REQUIRE(bench.host.checkpoint());
  CHECK_FALSE(bench.view()->find_max_timestamp().value());
  CHECK_FALSE(bench.view()->find_time(0).value());
  // ...also when the indexes were read back.
  REQUIRE(bench.host.stop());
  REQUIRE(bench.host.start());
  CHECK_FALSE(bench.view()->find_max_timestamp().value());
  CHECK(bench.host.values().size() == 12);
}

TEST_CASE("an index that lies costs time and nothing else", "[log_view]") {
  Bench bench;
  std::vector<Wish> twelve;
  twelve.reserve(12);
  for (int i = 0; i < 12; ++i) twelve.push_back(wish("b" + std::to_string(i)));
  bench.append(twelve);
  REQUIRE(bench.host.checkpoint());
  const auto expected = bench.host.values();
  const auto index = bench.host.path() / "00000000000000000000.index";
  for (std::uint64_t at = 0; at < 32; ++at) {
    CAPTURE(at);
    bench.disk.damage(index, at);
    CHECK(bench.host.values() == expected);
    for (base::Offset from = 0; from < 5; ++from) {
      const auto slice = bench.view()->read(from, 2 * batch_size(), true);
      REQUIRE(slice);
      const auto values = values_of(slice->bytes.view);
      REQUIRE_FALSE(values.empty());
      CHECK(values.front() == expected[static_cast<std::size_t>(from)]);
    }
    bench.disk.damage(index, at);  // Back.
  }
}

TEST_CASE("a damaged header is an error, and what lies behind it is read", "[log_view]") {
  Bench bench;
  bench.append({wish("a"), wish("b"), wish("c"), wish("d")});
  bench.disk.damage(bench.host.path() / "00000000000000000000.log", batch_size() + 16);
  const auto view = bench.view();
  CHECK(read(*view, 0, batch_size(), true) == Values{"a-0"});
  const auto damaged = view->read(1, 1 << 20, true);
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().fault == Fault::corruption);
  CHECK(damaged.error().detail.find("00000000000000000000.log") != std::string::npos);
  CHECK(read(*view, 2, 1 << 20, true) == Values{"c-0", "d-0"});
}

TEST_CASE("a sector that cannot be read is an error of the disk", "[log_view]") {
  Bench bench;
  bench.append({wish("a"), wish("b"), wish("c"), wish("d")});
  bench.disk.make_unreadable(bench.host.path() / "00000000000000000000.log", 600);
  const auto slice = bench.view()->read(3, 1 << 20, true);
  REQUIRE_FALSE(slice);
  CHECK(slice.error().fault == Fault::io);
}
