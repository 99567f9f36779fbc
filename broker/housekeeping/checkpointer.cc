#include "broker/housekeeping/checkpointer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace broker {
namespace {

/// How often partitions are looked at: a fraction of any sensible interval.
constexpr std::chrono::milliseconds kLookEvery{250};

}  // namespace

Checkpointer::Checkpointer(Services services, Policy policy, storage::PartitionOffsets points)
    : services_(std::move(services)), policy_(policy), points_(std::move(points)) {}

void Checkpointer::start() {
  last_full_ = services_.home.clock().monotonic();
  arm();
}

void Checkpointer::stop(Job done) {
  timer_.reset();
  if (!running_) return done();
  stopped_ = std::move(done);
}

void Checkpointer::arm() {
  const auto when = services_.home.clock().monotonic() + kLookEvery;
  timer_ = services_.home.call_at(when, [this] {
    running_ = true;
    broker::start(round(), [this] {
      running_ = false;
      if (stopped_) return stopped_();
      arm();
    });
  });
}

Task<> Checkpointer::round() {
  const auto now = services_.home.clock().monotonic();
  const bool all = now - last_full_ >= policy_.interval;
  if (all) last_full_ = now;
  auto due = co_await collect(all);
  if (due.empty()) co_return;
  auto work = [this, &due] { return write(due); };
  const auto written = co_await run_on(services_.workers, services_.home, std::move(work));
  if (!written) {
    // Nothing is lost: recovery points stay where they are until there is room.
    if (written.error().fault != base::Fault::full) services_.on_failure(written.error());
    co_return;
  }
  for (const auto& [partition, plan] : due) {
    co_await hop_to(partition->loop());
    partition->log().note_checkpoint(plan);
  }
  co_await hop_to(services_.home);
}

/// Partitions that are due, each with its plan: first all begin to sync, so that they share rounds
/// of the committer, then each is written down as soon as its records are on disk.
Task<std::vector<Checkpointer::Due>> Checkpointer::collect(bool all) {
  auto partitions = services_.topics.all_partitions();
  // By loop, so that there is one hop for each and not one for each partition.
  std::ranges::sort(partitions, {}, [](const auto& p) { return &p->loop(); });
  std::vector<std::shared_ptr<Partition>> due;
  for (const auto& partition : partitions) {
    co_await hop_to(partition->loop());
    const auto bytes = partition->bytes_since_checkpoint();
    if (partition->deleted() || bytes == 0 || (!all && bytes < policy_.bytes)) continue;
    partition->flush();
    due.push_back(partition);
  }
  std::vector<Due> planned;
  planned.reserve(due.size());
  for (const auto& partition : due) {
    co_await hop_to(partition->loop());
    OneShot<bool> durable;
    Job on_disk = [&durable] { durable.set(true); };
    partition->when_durable(std::move(on_disk));
    co_await durable;
    if (partition->deleted()) continue;
    partition->note_checkpoint();
    planned.emplace_back(partition, partition->log().plan_checkpoint());
  }
  co_await hop_to(services_.home);
  co_return planned;
}

base::Result<> Checkpointer::write(const std::vector<Due>& due) {
  for (const auto& [partition, plan] : due) {
    const auto written = storage::write_checkpoint(services_.files, plan);
    // A topic may be deleted while this goes on: its directory has another name then.
    if (!written && written.error().fault == base::Fault::missing) {
      points_.erase(partition->id());
      continue;
    }
    if (!written) return written;
    points_[partition->id()] = plan.recovery_point;
  }
  return services_.directory.write_recovery_points(points_);
}

}  // namespace broker
