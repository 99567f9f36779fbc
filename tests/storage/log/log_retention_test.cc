#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "storage/log/log.h"
#include "storage/log/log_files.h"
#include "tests/support/log_host.h"
#include "tests/support/sim_file_system.h"

using base::Fault;
using storage::RetentionCut;
using test::SimFileSystem;
using test_support::kNow;
using test_support::LogHost;
using Values = std::vector<std::string>;

namespace {

constexpr std::int64_t kRetention = 100'000;

/// Segments of five batches of about 180 bytes.
config::LogConfig small_segments() { return {.retention_ms = kRetention, .segment_bytes = 1000}; }

struct Bench {
  explicit Bench(const config::LogConfig& config = small_segments()) : host(disk, config) {
    REQUIRE(host.start());
  }
  /// Synced, "r0", "r1"..., a second apart.
  void append(int count) {
    for (int i = 0; i < count; ++i, ++next)
      REQUIRE(host.append({{.name = "r" + std::to_string(next),
                            .timestamp = kNow + std::int64_t{1000} * next,
                            .value_size = 100}}));
    REQUIRE(host.sync());
  }
  std::optional<RetentionCut> retain(base::Timestamp now) {
    auto cut = host.retain(now);
    REQUIRE(cut);
    return *cut;
  }
  std::vector<base::Offset> segments() {
    std::vector<base::Offset> bases;
    const auto names = disk.list(host.path());
    REQUIRE(names);
    for (const auto& name : *names)
      if (const auto base = storage::offset_in_name(name, storage::kLogSuffix))
        bases.push_back(*base);
    return bases;
  }
  void restart() {
    host.forget();
    REQUIRE(host.start());
  }
  storage::Log& log() { return host.log(); }

  SimFileSystem disk;
  LogHost host;
  int next = 0;
};

}  // namespace

TEST_CASE("segments go when their newest record is older than retention.ms", "[retention]") {
  Bench bench;
  bench.append(12);  // Segments of records 0 to 4, 5 to 9, and 10 and 11.
  CHECK_FALSE(bench.retain(kNow + 4000 + kRetention));
  const auto cut = bench.retain(kNow + 4001 + kRetention);
  REQUIRE(cut);
  CHECK(cut->start == 5);
  CHECK(cut->segments == 1);
  CHECK(cut->rule == RetentionCut::Rule::time);
  CHECK(bench.log().start_offset() == 5);
  CHECK(bench.host.values().front() == "r5-0");
  CHECK(bench.segments() == std::vector<base::Offset>{5, 10});
  CHECK(bench.log().size_bytes() > 0);
  bench.restart();
  CHECK(bench.log().start_offset() == 5);
  CHECK(bench.host.values().size() == 7);
}

TEST_CASE("a future timestamp keeps a segment, and those behind it", "[retention]") {
  Bench bench;
  REQUIRE(bench.host.append({{.timestamp = kNow + 10 * kRetention, .value_size = 900}}));
  bench.next = 1;
  bench.append(9);
  CHECK_FALSE(bench.retain(kNow + 5 * kRetention));
}

TEST_CASE("the active segment is rolled when all is too old", "[retention]") {
  Bench bench;
  bench.append(12);
  const auto cut = bench.retain(kNow + 20'000 + kRetention);
  REQUIRE(cut);
  CHECK(cut->start == 12);
  CHECK(cut->segments == 3);
  CHECK(bench.host.values().empty());
  CHECK(bench.segments() == std::vector<base::Offset>{12});
  CHECK(bench.log().size_bytes() == 0);
  CHECK_FALSE(bench.retain(kNow + 90'000 + kRetention));
  bench.append(1);
  CHECK(bench.host.values() == Values{"r12-0"});
  bench.restart();
  CHECK(bench.log().start_offset() == 12);
  CHECK(bench.host.values() == Values{"r12-0"});
}

TEST_CASE("segments go while what is left is no less than retention.bytes", "[retention]") {
  auto config = small_segments();
  config.retention_ms = -1;
  Bench probe(config);
  probe.append(5);
  const auto segment = static_cast<std::int64_t>(probe.log().size_bytes());
  for (const auto& [bytes, start] :
       std::vector<std::pair<std::int64_t, base::Offset>>{{-1, 0},
                                                          {2 * segment + 1, 0},
                                                          {2 * segment, 5},
                                                          {segment + 1, 5},
                                                          {segment, 10},
                                                          {0, 15}}) {
    CAPTURE(bytes);
    config.retention_bytes = bytes;
    Bench bench(config);
    bench.append(15);
    const auto cut = bench.retain(kNow);
    CHECK((cut ? cut->start : 0) == start);
    if (cut) CHECK(cut->rule == RetentionCut::Rule::size);
    CHECK(bench.host.values().size() == static_cast<std::size_t>(15 - start));
  }
}

TEST_CASE("nothing goes that is not durable, or not visible", "[retention]") {
  Bench bench;
  bench.append(4);
  for (int i = 0; i < 6; ++i) REQUIRE(bench.host.append({{.value_size = 100}}));
  // The second segment is not synced.
  const auto cut = bench.log().plan_retention(kNow + 10 * kRetention);
  CHECK_FALSE(cut);
  REQUIRE(bench.host.sync());
  CHECK(bench.log().plan_retention(kNow + 10 * kRetention)->start == 10);
}

TEST_CASE("a log that is only compacted keeps everything", "[retention]") {
  auto config = small_segments();
  config.cleanup_delete = false;
  config.cleanup_compact = true;
  Bench bench(config);
  bench.append(12);
  CHECK_FALSE(bench.retain(kNow + 10 * kRetention));
}

TEST_CASE("a log may begin inside a segment, and inside a batch", "[retention]") {
  Bench bench;
  REQUIRE(bench.host.append({{.name = "a", .records = 10}}));
  bench.next = 10;
  bench.append(2);
  REQUIRE(bench.host.advance_start(4));
  CHECK(bench.log().start_offset() == 4);
  // The earliest record is one that may be read.
  const auto earliest = bench.log().view()->find_time(0);
  REQUIRE(earliest);
  CHECK((*earliest)->offset == 4);
  REQUIRE(bench.host.advance_start(11));
  CHECK((*bench.log().view()->find_time(0))->offset == 11);
  CHECK(bench.host.values() == Values{"r11-0"});
  REQUIRE(bench.host.advance_start(3));
  CHECK(bench.log().start_offset() == 11);
}

TEST_CASE("a start removes what a deletion had left, and misses what it had not", "[retention]") {
  Bench bench;
  bench.append(12);
  // Written down, and killed before anything else.
  REQUIRE(bench.host.directory().write_start_offsets(
      {{bench.host.directory().list()->partitions.front().partition, 7}}));
  bench.restart();
  CHECK(bench.log().start_offset() == 7);
  CHECK(bench.host.values().front() == "r7-0");
  CHECK(bench.segments() == std::vector<base::Offset>{5, 10});
  bench.host.forget();
  REQUIRE(bench.disk.remove(bench.host.path() / storage::file_name(5, storage::kLogSuffix)));
  const auto refused = bench.host.start();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == Fault::corruption);
}

TEST_CASE("leader epochs begin where the log does", "[retention]") {
  storage::LeaderEpochs epochs;
  epochs.assign(1, 0);
  epochs.assign(3, 10);
  epochs.assign(4, 20);
  epochs.truncate_from_start(15);
  CHECK(epochs.entries().size() == 2);
  CHECK(epochs.entries().front() == storage::LeaderEpochs::Entry{3, 15});
  epochs.truncate_from_start(20);
  CHECK(epochs.entries().size() == 1);
  CHECK(epochs.entries().front() == storage::LeaderEpochs::Entry{4, 20});
}
