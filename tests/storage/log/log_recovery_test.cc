#include <array>
#include <catch2/catch.hpp>

#include "storage/file/checkpoint_file.h"
#include "storage/log/log.h"
#include "storage/log/log_files.h"
#include "tests/storage/log/recovery_bench.h"

using base::Fault;
using test_support::RecoveryBench;
using test_support::Values;
using test_support::wish_of;
using Loss = test::SimFileSystem::Loss;

TEST_CASE("a clean stop is found as it was left, and nothing is scanned", "[recovery]") {
  RecoveryBench bench;
  bench.write(12);
  REQUIRE(bench.host.stop());
  CHECK(bench.size_of(10) == 2 * bench.batch_size());  // Cut to its length.
  bench.start();
  CHECK(bench.host.report().bytes_scanned <= bench.batch_size());
  CHECK(bench.host.report().notes.empty());
  CHECK(bench.host.log().leader_epoch() == 0);
  CHECK(bench.host.values() == bench.written);
  bench.write(3);
  CHECK(bench.host.values() == bench.written);
}

TEST_CASE("after kill -9 everything written is there, and preallocated zeros are a clean end",
          "[recovery]") {
  RecoveryBench bench;
  bench.write(7);
  bench.write_unsynced(2);
  bench.crash(Loss::nothing);
  CHECK(bench.size_of(5) == 1000);
  bench.start();
  CHECK(bench.host.values() == bench.written);
  CHECK(bench.host.report().bytes_cut == 0);
  CHECK(bench.host.report().notes.empty());
  CHECK(bench.host.log().leader_epoch() == 0);
}

TEST_CASE("what a start served after kill -9 survives a power cut right behind it", "[recovery]") {
  RecoveryBench bench;
  bench.write(2);
  bench.write_unsynced(5);
  bench.crash(Loss::nothing);
  bench.start();
  REQUIRE(bench.host.values() == bench.written);
  bench.crash(Loss::everything);
  bench.start();
  CHECK(bench.host.values() == bench.written);
}

TEST_CASE("a torn tail is cut, kept, and the leader epoch goes up once", "[recovery]") {
  RecoveryBench bench;
  bench.write(7);
  bench.crash(Loss::nothing);
  const auto torn = bench.batch(7);
  bench.overwrite(5, 2 * bench.batch_size(), base::BytesView(torn).first(100));
  bench.start();
  CHECK(bench.host.values() == bench.written);
  CHECK(bench.host.report().bytes_cut == 100);
  const auto kept = bench.file_name(5) + ".quarantine-" + std::to_string(2 * bench.batch_size());
  CHECK(bench.host.report().quarantine == (bench.host.path() / kept).string());
  auto expected = std::vector(torn.begin(), torn.begin() + 100);
  expected.resize(bench.content(kept).size());  // Zeros up to the end of the sector.
  CHECK(expected.size() < 100 + 512);
  CHECK(bench.content(kept) == expected);
  CHECK(bench.host.log().leader_epoch() == 1);
  CHECK(bench.host.log().epochs().epoch_for_offset(6) == 0);
  CHECK(bench.host.log().epochs().epoch_for_offset(7) == 1);

  bench.write(2);
  bench.crash(Loss::everything);
  bench.start();
  CHECK(bench.host.values() == bench.written);
  CHECK(bench.host.report().bytes_cut == 0);
  CHECK(bench.host.log().leader_epoch() == 1);
}

TEST_CASE("whole batches behind a torn one do not come back", "[recovery]") {
  RecoveryBench bench;
  bench.write(1);
  bench.write_unsynced(3);
  bench.crash(Loss::nothing);
  bench.damage(0, bench.batch_size() + 100);  // The first of the three.
  bench.written.resize(1);
  bench.start();
  CHECK(bench.host.values() == bench.written);
  CHECK(bench.host.report().bytes_cut + 1 == 3 * bench.batch_size());  // A batch ends in a zero.
  const auto kept = bench.file_name(0) + ".quarantine-" + std::to_string(bench.batch_size());
  CHECK(bench.content(kept).size() >= 3 * bench.batch_size());
}

TEST_CASE("what recovery keeps stays when it happens again at the same place", "[recovery]") {
  RecoveryBench bench;
  bench.write(1);
  for (const auto* name : {"", "-2", "-3"}) {
    bench.crash(Loss::everything);
    bench.overwrite(0, bench.batch_size(), base::as_bytes(std::string("torn") + name));
    bench.start();
    const auto kept = bench.file_name(0) + ".quarantine-" + std::to_string(bench.batch_size());
    CHECK(bench.host.report().quarantine == (bench.host.path() / (kept + name)).string());
    CHECK(base::as_text(bench.content(kept + name)).starts_with(std::string("torn") + name));
  }
}

TEST_CASE("stale bytes behind the terminator of a recycled file do not continue the log",
          "[recovery]") {
  RecoveryBench bench;
  bench.write(5);
  bench.write(1);
  // The file is as if it had held, before, the very batches that would come next.
  bench.crash(Loss::nothing);
  auto stale = bench.batch(7);
  bench.stamp(stale, 7, 0);
  bench.overwrite(5, 2 * bench.batch_size(), stale);
  bench.start();
  CHECK(bench.host.values() == bench.written);
  bench.write(1);
  CHECK(bench.host.values() == bench.written);
}

TEST_CASE("damage below the recovery point is reported and nothing is touched", "[recovery]") {
  RecoveryBench bench;
  bench.write(4);
  REQUIRE(bench.host.checkpoint());
  bench.crash(Loss::nothing);
  bench.remove(0, storage::kIndexSuffix);  // Else nobody would look there.
  bench.damage(0, bench.batch_size() + 100);
  const auto before = bench.content(bench.file_name(0));
  const auto started = bench.host.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().fault == Fault::corruption);
  CHECK(started.error().detail.find(bench.file_name(0)) != std::string::npos);
  CHECK(bench.content(bench.file_name(0)) == before);
}

TEST_CASE("records that were synced and are gone stop the start", "[recovery]") {
  RecoveryBench bench;
  bench.write(12);
  REQUIRE(bench.host.checkpoint());
  bench.crash(Loss::everything);
  SECTION("the newest segment is missing") { bench.remove(10, storage::kLogSuffix); }
  SECTION("the newest segment is empty") { bench.cut(10, 0); }
  SECTION("all segments are missing") {
    for (const base::Offset offset : {0, 5, 10}) bench.remove(offset, storage::kLogSuffix);
  }
  const auto started = bench.host.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().fault == Fault::corruption);
}

TEST_CASE("settled segments that are missing or shorter than they were stop the start",
          "[recovery]") {
  const bool clean = GENERATE(true, false);
  RecoveryBench bench;
  bench.write(17);  // Segments 0, 5, 10 and 15.
  if (clean) {
    REQUIRE(bench.host.stop());
  } else {
    REQUIRE(bench.host.checkpoint());
    bench.crash(Loss::nothing);
  }
  std::string file;
  std::string expected;
  std::string found;
  SECTION("the first is missing") {
    bench.remove(0, storage::kLogSuffix);
    file = bench.file_name(0);
    expected = "begins at 0";
    found = "that of offset 5";
  }
  SECTION("one in the middle is missing") {
    bench.remove(5, storage::kLogSuffix);
    file = bench.file_name(0);
    expected = "begins at 10";
    found = "ends at offset 5";
  }
  SECTION("one is cut between two batches") {
    bench.cut(5, 4 * bench.batch_size());
    file = bench.file_name(5);
    expected = "and " + std::to_string(5 * bench.batch_size()) + " when";
    found = "has " + std::to_string(4 * bench.batch_size()) + " bytes";
  }
  SECTION("one without a checksum is cut between two batches") {
    bench.remove(5, storage::kChecksumSuffix);
    bench.cut(5, 4 * bench.batch_size());
    file = bench.file_name(5);
    expected = "begins at 10";
    found = "ends at offset 9";
  }
  const auto started = bench.host.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().fault == Fault::corruption);
  CAPTURE(started.error().detail);
  CHECK(started.error().detail.find(file) != std::string::npos);
  CHECK(started.error().detail.find(expected) != std::string::npos);
  CHECK(started.error().detail.find(found) != std::string::npos);
}

TEST_CASE("a damaged length in a checksum file is told and no reason to refuse", "[recovery]") {
  RecoveryBench bench;
  bench.write(12);
  REQUIRE(bench.host.stop());
  bench.disk.damage(bench.host.path() / bench.file_name(0, storage::kChecksumSuffix), 13);
  bench.start();
  REQUIRE(bench.host.report().notes.size() == 1);
  CHECK(bench.host.report().notes[0].starts_with("the checksum of segment 0 was ignored"));
  CHECK(bench.host.values() == bench.written);
}

TEST_CASE("an index that leads into the middle of a batch is rebuilt", "[recovery]") {
  RecoveryBench bench;
  bench.write(12);
  REQUIRE(bench.host.stop());
  const auto file = bench.open(bench.file_name(0, storage::kIndexSuffix));
  std::array<std::byte, storage::OffsetEntry::kSize> entry{};
  storage::OffsetEntry{.relative_offset = 4,
                       .position = static_cast<std::int32_t>(4 * bench.batch_size() + 7)}
      .store(entry.data());
  REQUIRE(file->write_at(file->size().value() - entry.size(), entry));
  bench.start();
  CHECK(bench.host.report().notes ==
        std::vector<std::string>{"the indexes of segment 0 were rebuilt"});
  CHECK(bench.host.values() == bench.written);
}

TEST_CASE("a directory that a crash left without a segment begins anew", "[recovery]") {
  RecoveryBench bench;
  bench.crash(Loss::everything);
  bench.remove(0, storage::kLogSuffix);
  bench.start();
  CHECK(bench.host.log().end_offset() == 0);
  bench.write(2);
  CHECK(bench.host.values() == bench.written);
}

TEST_CASE("segments behind a torn one are set aside, empty ones removed", "[recovery]") {
  RecoveryBench bench;
  bench.write(3);
  bench.write_unsynced(8);  // Segments 0, 5 and 10.
  bench.crash(Loss::nothing);
  bench.cut(10, 0);
  SECTION("the tail of the first is damaged") {
    bench.damage(0, 4 * bench.batch_size() + 100);
    bench.written.resize(4);
  }
  SECTION("the tail of the first never came to the disk") {
    bench.cut(0, 4 * bench.batch_size());
    bench.written.resize(4);
  }
  bench.start();
  CHECK(bench.host.values() == bench.written);
  CHECK(bench.exists(bench.file_name(5) + ".quarantine"));
  CHECK_FALSE(bench.exists(bench.file_name(5)));
  CHECK_FALSE(bench.exists(bench.file_name(10)));
  CHECK(bench.host.report().quarantine.find(".quarantine") != std::string::npos);
  CHECK(bench.host.log().leader_epoch() == 1);

  bench.write(9);  // The same names again, with other records.
  REQUIRE(bench.host.checkpoint());
  bench.crash(Loss::everything);
  bench.start();
  CHECK(bench.host.values() == bench.written);
  CHECK(bench.host.report().bytes_cut == 0);
}

TEST_CASE("a segment that ends at the recovery point may not be cut to its length yet",
          "[recovery]") {
  RecoveryBench bench;
  bench.write(5);
  REQUIRE(bench.host.checkpoint());
  bench.write(1);  // Rolls; the zeros behind the first five are still there.
  bench.crash(Loss::nothing);
  REQUIRE(bench.size_of(0) == 1000);
  bench.start();
  CHECK(bench.host.values() == bench.written);
  CHECK(bench.host.report().bytes_cut == 0);
  CHECK(bench.host.log().view()->read(5, 1 << 20, true).value().bytes.view.size() ==
        bench.batch_size());
  REQUIRE(bench.host.checkpoint());
  CHECK(bench.size_of(0) == 5 * bench.batch_size());
}

TEST_CASE("what a failed sync left in the page cache is not served", "[recovery]") {
  RecoveryBench bench;
  bench.write(2);
  REQUIRE(bench.host.append({wish_of(2)}));
  bench.disk.fail_at(bench.disk.operations() + 1, Fault::io);
  REQUIRE_FALSE(bench.host.sync());
  bench.crash(Loss::nothing);
  bench.start();
  CHECK(bench.host.values() == bench.written);
}

TEST_CASE("a bad sector above the recovery point stops the start", "[recovery]") {
  RecoveryBench bench;
  bench.write(2);
  bench.crash(Loss::everything);
  bench.disk.make_unreadable(bench.host.path() / bench.file_name(0), 10);
  const auto started = bench.host.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().fault == Fault::io);
}

TEST_CASE("a torn tail on a full disk finds room in what was preallocated", "[recovery]") {
  RecoveryBench bench;
  bench.write(1);
  bench.crash(Loss::nothing);
  bench.overwrite(0, bench.batch_size(), base::as_bytes("torn"));
  SECTION("there are preallocated zeros to give up") {
    bench.fill_disk();
    bench.start();
    CHECK(bench.host.report().bytes_cut == 4);
    CHECK(bench.host.values() == bench.written);
  }
  SECTION("there is nothing to give up") {
    bench.cut(0, bench.batch_size() + 4);
    bench.fill_disk();
    const auto started = bench.host.start();
    REQUIRE_FALSE(started);
    CHECK(started.error().fault == Fault::full);
    CHECK(started.error().detail.find("Make room") != std::string::npos);
    bench.host.forget();
    bench.disk.set_capacity(std::uint64_t{1} << 30U);
    bench.start();
    CHECK(bench.host.report().bytes_cut == 4);
  }
}

TEST_CASE("files that never counted are removed", "[recovery]") {
  RecoveryBench bench;
  bench.write(1);
  bench.crash(Loss::everything);
  for (const auto& name : Values{std::string(storage::kPreparedFile), "x.index.tmp"})
    REQUIRE(storage::replace_file(bench.disk, bench.host.path() / name, "rest"));
  bench.start();
  CHECK_FALSE(bench.exists(std::string(storage::kPreparedFile)));
  CHECK_FALSE(bench.exists("x.index.tmp"));
}

TEST_CASE("other people's files are left alone", "[recovery]") {
  RecoveryBench bench;
  bench.write(1);
  bench.crash(Loss::everything);
  const Values names = {"README", "-0000000000000000001.log", "00000000000000000099.log.bak",
                        "0000000000000000009x.log", "00000000000000000000.txnindex"};
  for (const auto& name : names)
    REQUIRE(storage::replace_file(bench.disk, bench.host.path() / name, "mine"));
  bench.start();
  CHECK(bench.host.values() == bench.written);
  for (const auto& name : names) CHECK(base::as_text(bench.content(name)) == "mine");
}

TEST_CASE("every start and every state of the index files gives the same records", "[recovery]") {
  // KAFKA-6492, 7401, 13603, 10207: an index decides nothing.
  const int batches = GENERATE(0, 1, 4, 9, 12);
  const bool clean = GENERATE(false, true);
  const int checkpoint_after = GENERATE(0, 3, 9, 100);
  const auto* state = GENERATE("whole", "missing", "empty", "short", "odd", "padded", "garbage");
  CAPTURE(batches, clean, checkpoint_after, state);
  RecoveryBench bench;
  bench.write(std::min(batches, checkpoint_after));
  if (checkpoint_after > 0) REQUIRE(bench.host.checkpoint());
  bench.write(std::max(batches - checkpoint_after, 0));
  if (clean)
    REQUIRE(bench.host.stop());
  else
    bench.crash(Loss::nothing);
  bench.spoil_indexes(state);
  bench.start();
  CHECK(bench.host.values() == bench.written);
  CHECK(bench.host.report().bytes_cut == 0);
  // Nothing tells that a time index was cut between two entries.
  const int searched = state == std::string_view("short") ? 0 : batches;
  for (int i = 0; i < searched; ++i) {
    const auto found = bench.host.log().view()->find_time(wish_of(i).timestamp);
    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->offset == i);
  }
  bench.write(7);
  REQUIRE(bench.host.checkpoint());
  bench.crash(Loss::everything);
  bench.start();
  CHECK(bench.host.values() == bench.written);
  CHECK(bench.host.report().notes.empty());
}
