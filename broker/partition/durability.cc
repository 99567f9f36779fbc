#include "broker/partition/durability.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "protocol/base/assert.h"

namespace broker {

/// Shared with the committer's completions, which may arrive after the partition is gone.
struct FsyncDurability::Core : std::enable_shared_from_this<Core> {
  Core(Loop& home, Committer& syncs, storage::Log& its_log, FlushPolicy rule, Listener told)
      : loop(home), committer(syncs), log(&its_log), policy(rule), listener(std::move(told)) {}

  void submit(const Run& run) {
    assert_thread();
    if (policy.acknowledges_after_sync()) return request_sync();
    unsynced_records += run.records;
    commit(run.end);
    if (unsynced_records >= policy.messages) return request_sync();
    arm_timer();
  }

  void request_sync() {
    assert_thread();
    timer.reset();
    unsynced_records = 0;
    committer.submit(client, log->sync_ticket());
  }

  void arm_timer() {
    if (timer || policy.ms == INT64_MAX) return;
    const auto when = loop.clock().monotonic() + std::chrono::milliseconds(policy.ms);
    timer = loop.call_at(when, [this] { request_sync(); });
  }

  void on_synced(base::Offset end) {
    if (log == nullptr) return;
    log->on_synced(end);
    listener.on_durable(end);
    commit(end);
  }

  void assert_thread() const {
    ASSERT(loop.on_this_thread(), "durability is asked for on the partition's loop");
  }

  void commit(base::Offset end) {
    if (end <= committed) return;
    committed = end;
    listener.on_committed(end);
  }

  Loop& loop;
  Committer& committer;
  storage::Log* log;  // Null once the partition is gone.
  FlushPolicy policy;
  Listener listener;
  std::shared_ptr<Committer::Client> client;
  std::unique_ptr<TimerHandle> timer;
  std::int64_t unsynced_records = 0;
  base::Offset committed = 0;
};

FsyncDurability::FsyncDurability(Loop& loop, Committer& committer, storage::Log& log,
                                 FlushPolicy policy, Listener listener)
    : core_(std::make_shared<Core>(loop, committer, log, policy, std::move(listener))) {
  core_->committed = log.high_watermark();
  core_->client =
      std::make_shared<Committer::Client>(loop, [weak = std::weak_ptr(core_)](base::Offset end) {
        if (const auto core = weak.lock()) core->on_synced(end);
      });
}

FsyncDurability::~FsyncDurability() {
  core_->timer.reset();
  core_->log = nullptr;
}

void FsyncDurability::submit(const Run& run) { core_->submit(run); }

void FsyncDurability::flush() { core_->request_sync(); }

void FsyncDurability::set_policy(FlushPolicy policy) {
  core_->assert_thread();
  core_->policy = policy;
  core_->timer.reset();
  // What was seen before it was synced must not wait for the next record to be.
  if (core_->unsynced_records > 0) core_->request_sync();
}

}  // namespace broker
