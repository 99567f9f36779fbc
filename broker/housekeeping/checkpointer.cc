#include "broker/housekeeping/checkpointer.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <utility>

#include "protocol/base/assert.h"

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
  ASSERT(services_.home.on_this_thread(), "housekeeping lives on its loop");
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
  ASSERT(services_.home.on_this_thread(), "housekeeping lives on its loop");
  const auto now = services_.home.clock().monotonic();
  const bool all = now - last_full_ >= policy_.interval;
  if (all) last_full_ = now;
  co_await services_.segments.enter();
  co_await write_down(all);
  services_.segments.leave();
}

Task<> Checkpointer::write_down(bool all) {
  auto due = co_await collect(all);
  if (due.empty()) co_return;
  forget_deleted();
  auto work = [this, &due] { return write(due); };
  const auto written = co_await run_on(services_.workers, services_.home, std::move(work));
  if (!written) {
    // Nothing is lost: recovery points stay where they are until there is room or a descriptor.
    if (!base::may_pass(written.error().fault)) services_.on_failure(written.error());
    co_return;
  }
  for (const auto& done : due) {
    co_await hop_to(done.partition->loop());
    done.partition->log().note_checkpoint(done.plan);
    done.partition->note_checkpoint(done.bytes);
  }
  co_await hop_to(services_.home);
}

/// Partitions that are due, each with its plan: first all begin to sync, so that they share rounds
/// of the committer, then each is written down as soon as its records are on disk.
Task<std::vector<Checkpointer::Due>> Checkpointer::collect(bool all) {
  auto partitions = services_.topics.all_partitions();
  // By loop, so that there is one hop for each and not one for each partition.
  std::ranges::sort(partitions, {}, [](const auto& p) { return &p->loop(); });
  std::vector<Due> due;
  for (auto& partition : partitions) {
    co_await hop_to(partition->loop());
    const auto bytes = partition->bytes_since_checkpoint();
    if (partition->deleted() || bytes == 0 || (!all && bytes < policy_.bytes)) continue;
    partition->flush();
    auto durable = std::make_unique<OneShot<bool>>();
    // Now, for what is synced now: of what comes later nobody knows when it will be.
    Job on_disk = [&done = *durable] { done.set(true); };
    partition->when_durable(std::move(on_disk));
    due.emplace_back(std::move(partition), bytes, std::move(durable));
  }
  std::vector<Due> planned;
  planned.reserve(due.size());
  for (auto& next : due) {
    co_await hop_to(next.partition->loop());
    auto& durable =
        *next.durable;  // g++ 12 would copy what an expression inside co_await refers to.
    co_await durable;
    if (next.partition->deleted()) continue;
    next.plan = next.partition->log().plan_checkpoint();
    planned.push_back(std::move(next));
  }
  co_await hop_to(services_.home);
  co_return planned;
}

/// Recovery points of partitions that are gone: nobody asks for them any more.
void Checkpointer::forget_deleted() {
  std::set<base::TopicIdPartition> there;
  for (const auto& partition : services_.topics.all_partitions()) there.insert(partition->id());
  std::erase_if(points_, [&](const auto& point) { return !there.contains(point.first); });
}

base::Result<> Checkpointer::write(const std::vector<Due>& due) {
  for (const auto& next : due) {
    const auto id = next.partition->id();
    const auto written = storage::write_checkpoint(services_.files, next.plan);
    // A topic may be deleted while this goes on: its directory has another name then.
    if (!written && written.error().fault == base::Fault::missing) {
      points_.erase(id);
      continue;
    }
    if (!written) return std::unexpected(written.error());
    for (const auto& note : *written) services_.say(note);
    points_[id] = next.plan.recovery_point;
  }
  return services_.directory.write_recovery_points(points_);
}

}  // namespace broker
