#include "broker/partition/partition.h"

#include <algorithm>
#include <utility>

#include "broker/errors.h"

namespace broker {

using protocol::ErrorCode;

namespace {

constexpr const char* kDiskFull =
    "the disk of the broker is full; it takes records again by itself";
constexpr const char* kBusy =
    "the broker has no file descriptors left; it takes records again by itself";

FlushPolicy flush_policy(const config::LogConfig& config) {
  return {.messages = config.flush_messages, .ms = config.flush_ms};
}

}  // namespace

Partition::Partition(base::TopicIdPartition id, Loop& loop, std::unique_ptr<storage::Log> log,
                     std::shared_ptr<const config::LogConfig> config, PartitionServices services)
    : id_(id),
      loop_(loop),
      services_(std::move(services)),
      log_(std::move(log)),
      leader_epoch_(log_->leader_epoch()),
      config_(std::move(config)),
      self_(std::make_shared<Partition*>(this)) {
  Durability::Listener listener{
      .on_committed = [this](base::Offset offset) { on_committed(offset); },
      .on_durable = [this](base::Offset offset) { on_durable(offset); }};
  durability_ = std::make_unique<FsyncDurability>(loop_, services_.committer, *log_,
                                                  flush_policy(*config_), std::move(listener));
}

Partition::~Partition() { *self_ = nullptr; }

void Partition::produce(base::SharedBytes batch, AckWhen when, ProduceDone done) {
  assert_thread();
  if (deleted_) return done({.error = ErrorCode::unknown_topic_or_partition});
  if (broken_) return done(broken_outcome());
  if (!services_.may_append())
    return done({.error = ErrorCode::kafka_storage_error, .message = kDiskFull});

  BatchInPreparation preparation{.bytes = std::move(batch)};
  if (auto refusal = begin_preparation(preparation, *config_); refusal.refused())
    return done(refusal_outcome(std::move(refusal)));
  const auto pending = std::make_shared<Pending>(std::move(preparation), when, std::move(done));
  pending_.push_back(pending);
  prepare(pending);
}

void Partition::prepare(const std::shared_ptr<Pending>& pending) {
  const auto now = loop_.clock().wall_ms();
  if (auto refusal = finish_if_quick(pending->batch, *config_, now))
    return prepared(pending, std::move(*refusal));
  // The batch keeps its place in pending_, so the order of appends is that of arrival.
  services_.workers.post([self = self_, pending, config = config_, now, &loop = loop_] {
    auto refusal = finish_preparation(pending->batch, *config, now);
    loop.post([self, pending, refusal = std::move(refusal)]() mutable {
      if (*self != nullptr) (*self)->prepared(pending, std::move(refusal));
    });
  });
}

void Partition::prepared(const std::shared_ptr<Pending>& pending, Refusal refusal) {
  if (refusal.refused()) {
    std::erase(pending_, pending);
    pending->done(refusal_outcome(std::move(refusal)));
  } else {
    pending->ready = true;
  }
  if (!pending_.empty() && pending_.front()->ready) schedule_append();
}

void Partition::schedule_append() {
  // At the end of this turn of the loop: batches of other requests go into the same write.
  if (std::exchange(append_scheduled_, true)) return;
  loop_.post([self = self_] {
    if (*self != nullptr) (*self)->append_ready();
  });
}

void Partition::append_ready() {
  append_scheduled_ = false;
  std::vector<std::shared_ptr<Pending>> taken;
  std::vector<storage::NewBatch> batches;
  while (!pending_.empty() && pending_.front()->ready) {
    auto& next = taken.emplace_back(std::move(pending_.front()));
    pending_.pop_front();
    batches.push_back({.header = next->batch.header, .records = next->batch.records()});
  }
  if (taken.empty()) return;
  if (deleted_ || broken_) {
    const auto outcome = deleted_ ? ProduceOutcome{.error = ErrorCode::unknown_topic_or_partition}
                                  : broken_outcome();
    for (const auto& batch : taken) batch->done(outcome);
    return;
  }

  const auto end_before = log_->end_offset();
  const auto bytes_before = log_->size_bytes();
  const auto now = loop_.clock().wall_ms();
  const auto appended = log_->append(batches, now);
  if (!appended) return fail_appends(taken, appended.error());
  const auto verdict_of = [](const storage::Appended& each) { return each.verdict; };
  if (std::ranges::find(*appended, storage::AppendVerdict::disk_full, verdict_of) !=
      appended->end())
    services_.on_disk_full();
  for (std::size_t i = 0; i < taken.size(); ++i) answer(*taken[i], (*appended)[i]);
  const auto end = log_->end_offset();
  if (end == end_before) return;
  const auto bytes = log_->size_bytes() - bytes_before;
  bytes_since_checkpoint_ += bytes;
  uncommitted_.push_back({end, bytes});
  durability_->submit({.end = end, .records = end - end_before});
  if (auto plan = log_->plan_preparation(now)) prepare_segment(std::move(*plan));
}

void Partition::prepare_segment(storage::PreparationPlan plan) {
  services_.workers.post([self = self_, plan = std::move(plan), &loop = loop_] {
    auto prepared = storage::prepare_segment(plan);
    loop.post([self, prepared = std::move(prepared)]() mutable {
      if (*self != nullptr) (*self)->adopt_prepared(std::move(prepared));
    });
  });
}

void Partition::adopt_prepared(base::Result<storage::PreparedFile> prepared) {
  // The roll makes its file itself then, and what is wrong with the disk may come out there.
  if (!prepared && !base::may_pass(prepared.error().fault) &&
      prepared.error().fault != base::Fault::unsupported && !deleted_)
    services_.on_trouble("a segment could not be prepared", prepared.error());
  log_->adopt_prepared(std::move(prepared));
}

void Partition::answer(Pending& pending, const storage::Appended& appended) {
  const bool repeated = appended.verdict == storage::AppendVerdict::duplicate;
  ProduceOutcome outcome{
      .error = error_code(appended.verdict),
      .base_offset = appended.base_offset,
      .log_append_time = repeated ? appended.timestamp : pending.batch.log_append_time,
      .log_start_offset = log_->start_offset()};
  if (appended.verdict == storage::AppendVerdict::disk_full) outcome.message = kDiskFull;
  if (appended.verdict == storage::AppendVerdict::busy) outcome.message = kBusy;
  const bool waits = outcome.error == ErrorCode::none && pending.when == AckWhen::committed;
  const auto committed_at = appended.last_offset + 1;
  if (!waits || committed_at <= log_->high_watermark()) return pending.done(std::move(outcome));
  // A duplicate may repeat a batch in front of later ones that wait already: keep the order.
  const auto place =
      std::ranges::upper_bound(unanswered_, committed_at, {}, &Unanswered::committed_at);
  unanswered_.insert(place, {committed_at, std::move(pending.done), std::move(outcome)});
}

void Partition::fail_appends(std::vector<std::shared_ptr<Pending>>& batches,
                             const base::Error& error) {
  broken_ = true;
  services_.on_broken_log(error);
  for (const auto& batch : batches)
    batch->done({.error = ErrorCode::kafka_storage_error, .message = error.detail});
}

void Partition::on_committed(base::Offset offset) {
  log_->set_high_watermark(offset);
  while (!unanswered_.empty() && unanswered_.front().committed_at <= offset) {
    auto next = std::move(unanswered_.front());
    unanswered_.pop_front();
    next.done(std::move(next.outcome));
  }
  std::uint64_t bytes = 0;
  for (; !uncommitted_.empty() && uncommitted_.front().end <= offset; uncommitted_.pop_front())
    bytes += uncommitted_.front().bytes;
  if (!fetch_waiters_.empty()) fetch_waiters_.more_bytes(bytes);
}

void Partition::on_durable(base::Offset offset) {
  while (!durable_waiters_.empty() && durable_waiters_.front().first <= offset) {
    auto done = std::move(durable_waiters_.front().second);
    durable_waiters_.pop_front();
    done();
  }
}

void Partition::flush() {
  assert_thread();
  if (log_->durable_end() < log_->end_offset()) durability_->flush();
}

void Partition::when_durable(Job done) {
  assert_thread();
  if (log_->durable_end() >= log_->end_offset()) return done();
  durable_waiters_.emplace_back(log_->end_offset(), std::move(done));
}

void Partition::configure(std::shared_ptr<const config::LogConfig> config) {
  assert_thread();
  config_ = std::move(config);
  log_->set_config(*config_);
  durability_->set_policy(flush_policy(*config_));
}

std::vector<storage::Path> Partition::advance_start(base::Offset offset) {
  assert_thread();
  log_->advance_start(offset);
  fetch_waiters_.wake_all();
  return log_->retire_segments();
}

void Partition::mark_deleted() {
  assert_thread();
  deleted_ = true;
  for (auto& waiting : std::exchange(unanswered_, {}))
    waiting.done({.error = ErrorCode::unknown_topic_or_partition});
  fetch_waiters_.wake_all();
}

ProduceOutcome Partition::broken_outcome() const {
  return {.error = ErrorCode::kafka_storage_error,
          .message = "the disk of the broker has failed; it is about to stop"};
}

ProduceOutcome Partition::refusal_outcome(Refusal refusal) const {
  return {.error = refusal.error,
          .log_start_offset = log_->start_offset(),
          .records = std::move(refusal.records),
          .message = std::move(refusal.why)};
}

}  // namespace broker
