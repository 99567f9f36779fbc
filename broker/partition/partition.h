#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/partition/batch_preparation.h"
#include "broker/partition/committer.h"
#include "broker/partition/durability.h"
#include "broker/partition/fetch_waiters.h"
#include "broker/runtime/loop.h"
#include "config/log_config.h"
#include "protocol/base/assert.h"
#include "protocol/base/ids.h"
#include "protocol/error_code.h"
#include "storage/log/log.h"

namespace broker {

/// What all partitions share; everything here outlives them.
struct PartitionServices {
  WorkerPool& workers;
  Committer& committer;
  /// False while the disk is nearly full: produce is refused before anything is appended.
  std::function<bool()> may_append;
  /// Told once when a log cannot be written any more; the broker stops (DESIGN.md section 4).
  std::function<void(const base::Error&)> on_broken_log;
  /// Told when an append found the disk full, so that may_append() turns false at once.
  std::function<void()> on_disk_full;
  /// Told of files that should have been removed and could not be.
  std::function<void(const base::Error&)> on_leftover;
  /// Told of what went wrong with files and is no reason to stop: `what`, one of a few fixed texts,
  /// and why. Any thread, and as often as clients ask.
  std::function<void(std::string_view what, const base::Error&)> on_trouble;
};

/// What became of a produce for one partition.
struct ProduceOutcome {
  protocol::ErrorCode error = protocol::ErrorCode::none;
  base::Offset base_offset = -1;
  base::Timestamp log_append_time = -1;
  base::Offset log_start_offset = -1;
  std::vector<record::RecordFault> records;
  std::string message;
};
using ProduceDone = std::move_only_function<void(ProduceOutcome)>;

/// When a produce is answered: acks of the request.
enum class AckWhen : std::uint8_t {
  appended,
  committed
};

/// One partition: a shell around its log. Batches go in in the order they were given, several of
/// one turn of the loop with one write; they are answered when the durability says committed.
///
/// Thread: its loop, for life. A caller elsewhere hops there first (`co_await hop_to(p.loop())`).
class Partition {
 public:
  Partition(base::TopicIdPartition id, Loop& loop, std::unique_ptr<storage::Log> log,
            std::shared_ptr<const config::LogConfig> config, PartitionServices services);
  ~Partition();
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  const base::TopicIdPartition& id() const { return id_; }
  Loop& loop() const { return loop_; }

  /// Takes one batch. `done` is called on this loop, exactly once, possibly before this returns;
  /// for AckWhen::committed not before the batch (or the one it repeats) is committed.
  void produce(base::SharedBytes batch, AckWhen when, ProduceDone done);

  std::shared_ptr<const storage::LogView> view() {
    assert_thread();
    return log_->view();
  }
  /// Fixed while the process runs: only recovery raises it. Any thread.
  base::LeaderEpoch leader_epoch() const { return leader_epoch_; }
  const storage::LeaderEpochs& epochs() const {
    assert_thread();
    return log_->epochs();
  }
  FetchWaiters& fetch_waiters() {
    assert_thread();
    return fetch_waiters_;
  }
  bool deleted() const {
    assert_thread();
    return deleted_;
  }

  /// The settings that hold now. Good until configure().
  const config::LogConfig& config() const {
    assert_thread();
    return *config_;
  }

  /// Settings that were changed take effect: for batches that come from now on.
  void configure(std::shared_ptr<const config::LogConfig> config);

  /// The log begins at `offset`, which has been written down (Log::advance_start). Fetches that
  /// wait look again. The files of segments that left the log.
  std::vector<storage::Path> advance_start(base::Offset offset);

  /// From now on everything is answered UNKNOWN_TOPIC_OR_PARTITION; waiting fetches wake up.
  void mark_deleted();

  /// Begins to make durable what is not yet, whatever the topic's policy.
  void flush();
  /// Calls `done` on this loop once everything appended so far is on disk; never if the first
  /// failed sync comes before. flush() hurries it up.
  void when_durable(Job done);

  /// The operator hears of a failed read; the client gets no more than its code. Any thread.
  void report_failed_read(const base::Error& error) const {
    services_.on_trouble("a read failed", error);
  }

  /// The log itself, for checkpoints and the clean stop. Any thread once the loop has ended.
  storage::Log& log() { return *log_; }
  /// Bytes appended since the last checkpoint.
  std::uint64_t bytes_since_checkpoint() const { return bytes_since_checkpoint_; }
  /// So many of them are covered by one now.
  void note_checkpoint(std::uint64_t bytes) { bytes_since_checkpoint_ -= bytes; }

 private:
  struct Pending {
    BatchInPreparation batch;
    AckWhen when = AckWhen::committed;
    ProduceDone done;
    bool ready = false;
  };
  struct Unanswered {
    base::Offset committed_at = 0;  // Answer when the high watermark reaches this.
    ProduceDone done;
    ProduceOutcome outcome;
  };

  /// An append that readers may not see yet.
  struct Uncommitted {
    base::Offset end = 0;
    std::uint64_t bytes = 0;
  };

  void assert_thread() const {
    ASSERT(loop_.on_this_thread(), "a partition is touched on its loop only");
  }
  void prepare(const std::shared_ptr<Pending>& pending);
  void prepared(const std::shared_ptr<Pending>& pending, Refusal refusal);
  void schedule_append();
  void append_ready();
  void prepare_segment(storage::PreparationPlan plan);
  void adopt_prepared(base::Result<storage::PreparedFile> prepared);
  void answer(Pending& pending, const storage::Appended& appended);
  void fail_appends(std::vector<std::shared_ptr<Pending>>& batches, const base::Error& error);
  void on_committed(base::Offset offset);
  void on_durable(base::Offset offset);
  ProduceOutcome broken_outcome() const;
  ProduceOutcome refusal_outcome(Refusal refusal) const;

  const base::TopicIdPartition id_;
  Loop& loop_;
  PartitionServices services_;
  std::unique_ptr<storage::Log> log_;
  const base::LeaderEpoch leader_epoch_;
  std::shared_ptr<const config::LogConfig> config_;
  std::unique_ptr<FsyncDurability> durability_;

  std::deque<std::shared_ptr<Pending>> pending_;  // In the order they came in.
  bool append_scheduled_ = false;
  std::deque<Unanswered> unanswered_;                         // By offset.
  std::deque<std::pair<base::Offset, Job>> durable_waiters_;  // By offset.
  FetchWaiters fetch_waiters_;
  std::deque<Uncommitted> uncommitted_;  // By offset.
  std::uint64_t bytes_since_checkpoint_ = 0;
  bool deleted_ = false;
  bool broken_ = false;
  // Jobs on the loop and on workers hold this weakly: a partition may die before they run.
  std::shared_ptr<Partition*> self_;
};

}  // namespace broker
