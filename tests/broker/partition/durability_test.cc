#include "broker/partition/durability.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "tests/support/batches.h"
#include "tests/support/held_syncs.h"
#include "tests/support/manual_loop.h"
#include "tests/support/sim_file_system.h"

using broker::FlushPolicy;
using broker::FsyncDurability;
using std::chrono::milliseconds;
using test_support::kNow;

namespace {

using Offsets = std::vector<base::Offset>;

/// A log, the durability over it, and what that said.
struct Bench {
  explicit Bench(FlushPolicy policy)
      : log(storage::Log::create(files, "/p", {}, kNow).value()),
        durability(std::make_unique<FsyncDurability>(
            loop, committer, *log, policy,
            broker::Durability::Listener{
                .on_committed = [this](base::Offset end) { committed.push_back(end); },
                .on_durable = [this](base::Offset end) { durable.push_back(end); }})),
        syncs_at_start(files.syncs()) {}

  /// Appends so many records, each in a batch, and submits them.
  void append(int records) {
    for (int i = 0; i < records; ++i) {
      const auto bytes = test_support::batch_bytes();
      const storage::NewBatch batch{
          .header = *record::BatchHeader::read(bytes),
          .records = base::BytesView(bytes).subspan(record::BatchHeader::kSize)};
      REQUIRE(log->append({&batch, 1}, kNow));
    }
    durability->submit({.end = log->end_offset(), .records = records});
  }
  bool run_until_durable(base::Offset end) {
    return loop.run_until([&] { return !durable.empty() && durable.back() >= end; });
  }
  int syncs() const { return files.syncs() - syncs_at_start; }

  test::SimFileSystem disk;
  test_support::HeldSyncs files{disk};
  test_support::ManualLoop loop;
  std::atomic<int> failed_syncs{0};
  Offsets committed;
  Offsets durable;
  broker::Committer committer{files, [this](const base::Error&) { ++failed_syncs; }};
  std::unique_ptr<storage::Log> log;
  std::unique_ptr<FsyncDurability> durability;
  int syncs_at_start;
};

}  // namespace

TEST_CASE("by default committed is what has been synced", "[durability]") {
  Bench bench({});
  bench.files.hold();
  bench.append(2);
  bench.files.wait_until_held(1);
  bench.loop.run_ready();
  CHECK(bench.committed.empty());
  bench.files.release();
  REQUIRE(bench.run_until_durable(2));
  CHECK(bench.committed == Offsets{2});
  CHECK(bench.log->durable_end() == 2);
}

TEST_CASE(
    "with another flush.messages committed is what was appended, and every so many records "
    "are synced",
    "[durability]") {
  Bench bench({.messages = 3});
  bench.files.hold();
  bench.append(1);
  bench.append(1);
  CHECK(bench.committed == Offsets{1, 2});
  bench.append(1);
  CHECK(bench.committed == Offsets{1, 2, 3});
  bench.files.wait_until_held(1);
  bench.files.release();
  REQUIRE(bench.run_until_durable(3));
  CHECK(bench.syncs() == 1);
  CHECK(bench.committed == Offsets{1, 2, 3});
  bench.append(2);  // The count begins anew.
  bench.loop.run_ready();
  CHECK(bench.syncs() == 1);
  bench.append(1);
  REQUIRE(bench.run_until_durable(6));
  CHECK(bench.syncs() == 2);
}

TEST_CASE("flush.ms syncs what waits longest, and only once", "[durability]") {
  Bench bench({.messages = config::kNever, .ms = 200});
  bench.append(1);
  bench.loop.advance(milliseconds(150));
  bench.append(1);
  bench.loop.advance(milliseconds(49));
  CHECK(bench.syncs() == 0);
  bench.loop.advance(milliseconds(1));
  REQUIRE(bench.run_until_durable(2));
  CHECK(bench.syncs() == 1);
  CHECK_FALSE(bench.loop.has_timers());
  bench.append(1);
  bench.loop.advance(milliseconds(200));
  REQUIRE(bench.run_until_durable(3));
}

TEST_CASE("without flush.ms and flush.messages only flush() syncs", "[durability]") {
  Bench bench({.messages = config::kNever});
  bench.append(5);
  bench.loop.advance(std::chrono::hours(24));
  CHECK_FALSE(bench.loop.has_timers());
  CHECK(bench.syncs() == 0);
  bench.durability->flush();
  REQUIRE(bench.run_until_durable(5));
  CHECK(bench.syncs() == 1);
}

TEST_CASE("nothing is committed after a failed sync", "[durability]") {
  Bench bench({});
  bench.files.hold();
  bench.append(1);
  bench.files.wait_until_held(1);
  bench.append(1);
  bench.disk.fail_at(bench.disk.operations() + 1, base::Fault::io);
  bench.files.release();
  bench.committer.stop();
  bench.loop.run_ready();
  CHECK(bench.failed_syncs == 1);
  CHECK(bench.committed.empty());
  CHECK(bench.durable.empty());
}

TEST_CASE("a durability may die before its sync ends", "[durability]") {
  Bench bench({.messages = 2, .ms = 1000});
  bench.files.hold();
  bench.append(2);
  bench.append(1);
  bench.files.wait_until_held(1);
  bench.durability.reset();
  CHECK_FALSE(bench.loop.has_timers());
  bench.log.reset();
  bench.files.release();
  bench.committer.stop();
  bench.loop.run_ready();
  CHECK(bench.durable.empty());
}
