#include <catch2/catch.hpp>

#include "storage/file/checkpoint_file.h"
#include "storage/log/log.h"
#include "storage/log/log_files.h"
#include "tests/storage/log/recovery_bench.h"

// Producers, leader epochs and checksums over a stop of any kind.

using base::Fault;
using storage::SequenceVerdict;
using test_support::RecoveryBench;
using test_support::wish_of;
using Loss = test::SimFileSystem::Loss;

namespace {

record::BatchHeader header_of(int n) {
  return *record::BatchHeader::read(test_support::batch_bytes(wish_of(n)));
}

// The last five batches are known with their offsets, the next one is welcome, and no other.
void check_producer(RecoveryBench& bench, int batches) {
  const auto& producers = bench.host.log().producers();
  for (int n = std::max(0, batches - 5); n < batches; ++n) {
    CAPTURE(n);
    const auto check = producers.check(header_of(n));
    CHECK(check.verdict == SequenceVerdict::duplicate);
    CHECK(check.base_offset == n);
  }
  CHECK(producers.check(header_of(batches)).verdict == SequenceVerdict::ok);
  if (batches > 0)
    CHECK(producers.check(header_of(batches + 1)).verdict ==
          SequenceVerdict::out_of_order_sequence);
}

std::vector<std::string> snapshots(RecoveryBench& bench) {
  std::vector<std::string> names;
  const auto listed = bench.disk.list(bench.host.path());
  REQUIRE(listed);
  for (const auto& name : *listed)
    if (name.ends_with(storage::kSnapshotSuffix)) names.push_back(name);
  return names;
}

const std::string kEpochs(storage::kLeaderEpochFile);

}  // namespace

TEST_CASE("five unanswered batches are known after kill -9 right behind a roll", "[recovery]") {
  for (int checkpoint_after = 0; checkpoint_after <= 12; ++checkpoint_after) {
    for (int batches = checkpoint_after; batches <= 12; ++batches) {
      CAPTURE(checkpoint_after, batches);
      RecoveryBench bench;
      bench.write(checkpoint_after);
      REQUIRE(bench.host.checkpoint());
      bench.write_unsynced(batches - checkpoint_after);
      bench.crash(Loss::nothing);
      bench.start();
      check_producer(bench, batches);
    }
  }
}

TEST_CASE("a batch that a roll was made for and that never came is not known", "[recovery]") {
  // The disk fails between the roll and the write.
  RecoveryBench bench;
  bench.write(5);
  const auto first = bench.disk.operations();
  bench.disk.fail_at(first + 2, Fault::full, test::SimFileSystem::Times::forever);
  const auto refused = bench.host.append({wish_of(5)});
  REQUIRE(refused);
  REQUIRE(refused->front().verdict == storage::AppendVerdict::disk_full);
  REQUIRE(bench.exists(bench.file_name(5)));
  bench.crash(Loss::nothing);
  bench.start();
  check_producer(bench, 5);
}

TEST_CASE("a damaged snapshot is replaced by the one before and the batches since", "[recovery]") {
  RecoveryBench bench;
  bench.write(6);
  REQUIRE(bench.host.checkpoint());
  bench.write(2);
  REQUIRE(bench.host.checkpoint());
  bench.crash(Loss::everything);
  REQUIRE(snapshots(bench).size() == 2);
  bench.disk.damage(bench.host.path() / bench.file_name(8, ".snapshot"), 20);
  bench.start();
  check_producer(bench, 8);
  REQUIRE(bench.host.report().notes.size() == 1);
  CHECK(bench.host.report().notes[0].find("00000000000000000008.snapshot") != std::string::npos);
  CHECK(snapshots(bench).size() == 1);
}

TEST_CASE("without any snapshot the batches say it all", "[recovery]") {
  RecoveryBench bench;
  bench.write(12);
  REQUIRE(bench.host.stop());
  bench.remove(12, ".snapshot");
  bench.start();
  check_producer(bench, 12);
}

TEST_CASE("a snapshot that speaks of cut batches is gone before others take their place",
          "[recovery]") {
  RecoveryBench bench;
  bench.write(2);
  bench.write_unsynced(3);
  REQUIRE(bench.host.checkpoint());  // A snapshot at 5, the recovery point at 2.
  REQUIRE(snapshots(bench) == std::vector<std::string>{bench.file_name(5, ".snapshot")});
  bench.crash(Loss::nothing);
  bench.damage(0, 3 * bench.batch_size() + 100);
  bench.written.resize(3);
  bench.start();
  CHECK(snapshots(bench).empty());
  check_producer(bench, 3);
  // Others: of no producer.
  for (int i = 0; i < 3; ++i)
    REQUIRE(bench.host.append({{.name = "x" + std::to_string(i), .value_size = 100}}));
  REQUIRE(bench.host.sync());
  bench.crash(Loss::everything);
  bench.start();
  CHECK(bench.host.log().end_offset() == 6);
  check_producer(bench, 3);
}

TEST_CASE("two snapshots below the recovery point are kept", "[recovery]") {
  RecoveryBench bench;
  for (int i = 0; i < 5; ++i) {
    bench.write(2);
    REQUIRE(bench.host.checkpoint());
  }
  CHECK(snapshots(bench) == std::vector<std::string>{bench.file_name(8, ".snapshot"),
                                                     bench.file_name(10, ".snapshot")});
  bench.write_unsynced(1);
  REQUIRE(bench.host.checkpoint());
  CHECK(snapshots(bench).size() == 3);
}

TEST_CASE("a lost file of epochs is made again from the batches", "[recovery]") {
  RecoveryBench bench;
  bench.write(2);
  for (int round = 0; round < 2; ++round) {  // Two unclean stops with torn tails.
    bench.crash(Loss::everything);
    bench.overwrite(0, (2 + static_cast<std::size_t>(round)) * bench.batch_size(),
                    base::as_bytes("torn"));
    bench.start();
    bench.write(1);
  }
  REQUIRE(bench.host.log().leader_epoch() == 2);
  REQUIRE(bench.host.stop());
  SECTION("missing") { REQUIRE(bench.disk.remove(bench.host.path() / kEpochs)); }
  SECTION("damaged") { bench.disk.damage(bench.host.path() / kEpochs, 3); }
  bench.start();
  // One more, since a later epoch may have been given out that no batch shows.
  CHECK(bench.host.log().leader_epoch() == 3);
  const std::vector<storage::LeaderEpochs::Entry> entries = {{0, 0}, {1, 2}, {2, 3}, {3, 4}};
  CHECK(std::ranges::equal(bench.host.log().epochs().entries(), entries));
  REQUIRE(bench.host.report().notes.size() == 1);
  REQUIRE(bench.host.stop());
  bench.start();
  CHECK(bench.host.log().leader_epoch() == 3);
  CHECK(bench.host.report().notes.empty());
  CHECK(bench.host.values() == bench.written);
}

TEST_CASE("a file of epochs in a newer format stops the start", "[recovery]") {
  RecoveryBench bench;
  bench.write(1);
  REQUIRE(bench.host.stop());
  REQUIRE(storage::replace_file(bench.disk, bench.host.path() / kEpochs, "1\n0\n"));
  const auto started = bench.host.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().fault == Fault::unsupported);
}

TEST_CASE("a batch whose epoch is not the one given out is cut, for its checksum is silent",
          "[recovery]") {
  RecoveryBench bench;
  bench.write(3);
  bench.crash(Loss::everything);
  auto wrong = bench.batch(2);
  bench.stamp(wrong, 2, 1 << 20);
  bench.overwrite(0, 2 * bench.batch_size(), wrong);
  bench.written.resize(2);
  bench.start();
  CHECK(bench.host.values() == bench.written);
  CHECK(bench.host.log().leader_epoch() == 1);
}

TEST_CASE("where records are seen before a sync, every unclean start raises the epoch",
          "[recovery]") {
  RecoveryBench bench({.flush_messages = 1000, .index_interval_bytes = 0, .segment_bytes = 1000});
  bench.write(3);
  bench.crash(Loss::everything);
  bench.start();
  CHECK(bench.host.log().leader_epoch() == 1);
  bench.write(1);
  bench.crash(Loss::nothing);
  bench.start();
  CHECK(bench.host.log().leader_epoch() == 2);
  CHECK(bench.host.values() == bench.written);
  REQUIRE(bench.host.stop());
  bench.start();
  CHECK(bench.host.log().leader_epoch() == 2);
}

TEST_CASE("a checksum belongs to a settled segment and to no other", "[recovery]") {
  RecoveryBench bench;
  bench.write(12);
  REQUIRE(bench.host.checkpoint());
  CHECK(bench.exists(bench.file_name(0, ".checksum")));
  CHECK(bench.exists(bench.file_name(5, ".checksum")));
  CHECK_FALSE(bench.exists(bench.file_name(10, ".checksum")));
  const auto sum = bench.content(bench.file_name(0, ".checksum"));

  // Indexes made anew do not bless what the file has become since.
  bench.crash(Loss::everything);
  bench.spoil_indexes("missing");
  bench.damage(0, 150);
  bench.start();
  bench.write(1);
  REQUIRE(bench.host.checkpoint());
  CHECK(bench.content(bench.file_name(0, ".checksum")) == sum);
}

TEST_CASE("a segment that is verified again loses the checksum it had", "[recovery]") {
  RecoveryBench bench;
  bench.write(7);
  const auto plan = bench.host.log().plan_checkpoint();
  REQUIRE(storage::write_checkpoint(bench.disk, plan));  // And the recovery point is not moved.
  bench.crash(Loss::everything);
  REQUIRE(bench.exists(bench.file_name(0, ".checksum")));
  bench.damage(0, 4 * bench.batch_size() + 100);
  bench.written.resize(4);
  bench.start();
  CHECK_FALSE(bench.exists(bench.file_name(0, ".checksum")));
  bench.write(3);
  REQUIRE(bench.host.checkpoint());
  CHECK(bench.exists(bench.file_name(0, ".checksum")));
}
