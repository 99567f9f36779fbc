#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/partition/partition.h"
#include "tests/support/batches.h"
#include "tests/support/held_syncs.h"
#include "tests/support/manual_loop.h"
#include "tests/support/sim_file_system.h"

namespace test_support {

/// What became of a produce; nothing yet as long as it is empty.
using Outcome = std::shared_ptr<std::optional<broker::ProduceOutcome>>;

/// A partition on a loop stepped by hand, over a disk in memory whose syncs can be held.
///
/// Thread: the test's.
struct PartitionBench {
  explicit PartitionBench(const config::LogConfig& wanted = {})
      : config(wanted), committer(files, [this](const base::Error&) { ++failed_syncs; }) {
    auto log = storage::Log::create(files, "/p", config, kNow).value();
    partition = std::make_shared<broker::Partition>(
        base::TopicIdPartition{}, loop, std::move(log),
        std::make_shared<const config::LogConfig>(config), services());
    writes_at_start = files.writes();
    syncs_at_start = files.syncs();
  }

  broker::PartitionServices services() {
    return {.workers = pool,
            .committer = committer,
            .may_append = [this] { return may_append; },
            .on_broken_log = [this](const base::Error&) { ++broken_logs; },
            .on_disk_full = [this] { ++full_disks; },
            .on_leftover = [](const base::Error&) {},
            .on_trouble = [this](std::string_view what,
                                 const base::Error&) { troubles.emplace_back(what); }};
  }

  Outcome produce(base::SharedBytes batch, broker::AckWhen when = broker::AckWhen::committed) {
    auto outcome = std::make_shared<std::optional<broker::ProduceOutcome>>();
    partition->produce(std::move(batch), when, [outcome](broker::ProduceOutcome became) {
      ASSERT(!outcome->has_value(), "a produce is answered once");
      *outcome = std::move(became);
    });
    return outcome;
  }
  Outcome produce(const Wish& wish, broker::AckWhen when = broker::AckWhen::committed) {
    return produce(batch_of(wish), when);
  }

  bool run_until_answered(const Outcome& outcome) {
    return loop.run_until([&] { return outcome->has_value(); });
  }
  /// Produces and waits for the answer.
  broker::ProduceOutcome produced(const Wish& wish) {
    const auto outcome = produce(wish);
    ASSERT(run_until_answered(outcome), "a produce is answered");
    return **outcome;
  }

  /// What readers may see, by value.
  std::vector<std::string> values() { return values_of(*partition->view()); }
  int writes() const { return files.writes() - writes_at_start; }
  int syncs() const { return files.syncs() - syncs_at_start; }

  test::SimFileSystem disk;
  HeldSyncs files{disk};
  ManualLoop loop;
  ManualPool pool;
  config::LogConfig config;
  bool may_append = true;
  int broken_logs = 0;
  int full_disks = 0;
  std::vector<std::string> troubles;
  std::atomic<int> failed_syncs{0};
  broker::Committer committer;
  std::shared_ptr<broker::Partition> partition;
  int writes_at_start = 0;
  int syncs_at_start = 0;
};

}  // namespace test_support
