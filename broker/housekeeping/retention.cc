#include "broker/housekeeping/retention.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "protocol/base/assert.h"

namespace broker {

Retention::Retention(Services services, std::chrono::milliseconds interval)
    : services_(std::move(services)), interval_(interval) {}

void Retention::start() {
  const auto when = services_.home.clock().monotonic() + interval_;
  timer_ = services_.home.call_at(when, [this] {
    running_ = true;
    broker::start(round(), [this] {
      running_ = false;
      if (stopped_) return stopped_();
      start();
    });
  });
}

void Retention::stop(Job done) {
  ASSERT(services_.home.on_this_thread(), "housekeeping lives on its loop");
  timer_.reset();
  if (!running_) return done();
  stopped_ = std::move(done);
}

Task<> Retention::round() {
  ASSERT(services_.home.on_this_thread(), "housekeeping lives on its loop");
  const auto cuts = co_await plan();
  if (cuts.empty()) co_return;
  std::vector<LogStarts::Move> moves;
  moves.reserve(cuts.size());
  std::ranges::transform(cuts, std::back_inserter(moves), &Cut::move);
  const auto moved = co_await services_.starts.advance(services_.home, std::move(moves));
  if (!moved) {
    services_.on_trouble(moved.error());
    co_return;
  }
  for (const auto& cut : cuts) tell(cut);
}

Task<std::vector<Retention::Cut>> Retention::plan() {
  auto partitions = services_.topics.all_partitions();
  // By loop, so that there is one hop for each and not one for each partition.
  std::ranges::sort(partitions, {}, [](const auto& p) { return &p->loop(); });
  std::vector<Cut> cuts;
  for (auto& partition : partitions) {
    co_await hop_to(partition->loop());
    if (partition->deleted()) continue;
    auto& log = partition->log();
    const auto now = partition->loop().clock().wall_ms();
    const auto cut = log.plan_retention(now);
    if (!cut) continue;
    const bool all = cut->start == log.end_offset();
    if (all) {
      const auto rolled = log.roll_empty(now);
      if (!rolled) {
        (base::may_pass(rolled.error().fault) ? services_.on_trouble
                                              : services_.on_broken_log)(rolled.error());
        continue;
      }
    }
    cuts.push_back({{.partition = std::move(partition), .to = cut->start, .rolled = all}, *cut});
  }
  co_await hop_to(services_.home);
  co_return cuts;
}

void Retention::tell(const Cut& cut) const {
  const auto& id = cut.move.partition->id();
  const auto* topic = services_.topics.image()->with_id(id.topic_id);
  if (topic == nullptr) return;  // Deleted meanwhile.
  const bool old = cut.what.rule == storage::RetentionCut::Rule::time;
  services_.say(fmt::format(
      "{}-{}: {} segment(s) with {} bytes, all below offset {}, were given up: "
      "{}",
      topic->name, id.partition, cut.what.segments, cut.what.bytes, cut.what.start,
      old ? "they are older than retention.ms" : "the log was larger than retention.bytes"));
}

}  // namespace broker
