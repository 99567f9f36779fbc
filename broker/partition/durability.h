#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "broker/partition/committer.h"
#include "broker/runtime/loop.h"
#include "protocol/base/ids.h"
#include "storage/log/log.h"

namespace broker {

/// Bytes that were appended to a partition's log and wait for their durability.
struct Run {
  base::Offset end = 0;  // After the run's last record.
  std::int64_t records = 0;
};

/// Decides when appended bytes may be seen and acknowledged (DESIGN.md section 5): the one seam
/// between one machine and many. Tells the partition two offsets, each only ever growing: committed
/// (may be seen and acknowledged) and durable (on disk).
///
/// Thread: the partition's loop.
class Durability {
 public:
  struct Listener {
    std::move_only_function<void(base::Offset)> on_committed;
    std::move_only_function<void(base::Offset)> on_durable;
  };

  virtual ~Durability() = default;
  /// After the local append, in order.
  virtual void submit(const Run& run) = 0;
  /// Makes durable what is not yet, whatever the policy.
  virtual void flush() = 0;
};

/// When a topic syncs: flush.messages and flush.ms, as Kafka names them.
struct FlushPolicy {
  std::int64_t messages =
      1;  // 1: committed = synced. Otherwise committed on append, as Kafka does.
  std::int64_t ms = INT64_MAX;

  bool acknowledges_after_sync() const { return messages == 1; }
};

/// One machine: committed when the committer has synced, or at once where the topic's policy says
/// so, and synced then by count, time or checkpoint.
class FsyncDurability final : public Durability {
 public:
  /// `log` and `loop` outlive this. The listener may be called until the destructor has run.
  FsyncDurability(Loop& loop, Committer& committer, storage::Log& log, FlushPolicy policy,
                  Listener listener);
  FsyncDurability(const FsyncDurability&) = delete;
  FsyncDurability& operator=(const FsyncDurability&) = delete;
  ~FsyncDurability() override;

  void submit(const Run& run) override;
  void flush() override;
  /// For what is submitted from now on; what waits for a sync goes on waiting for it.
  void set_policy(FlushPolicy policy);

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace broker
