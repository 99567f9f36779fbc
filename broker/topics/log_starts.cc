#include "broker/topics/log_starts.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "protocol/base/assert.h"

namespace broker {

LogStarts::LogStarts(Services services, storage::PartitionOffsets starts)
    : services_(std::move(services)), starts_(std::move(starts)) {}

Task<base::Result<>> LogStarts::advance(Loop& caller, std::vector<Move> moves) {
  co_await hop_to(services_.home);
  co_await services_.segments.enter();
  auto outcome = co_await write_down(moves);
  if (outcome) co_await retire(moves);
  services_.segments.leave();
  co_await hop_to(caller);
  co_return outcome;
}

Task<base::Result<>> LogStarts::write_down(const std::vector<Move>& moves) {
  ASSERT(services_.home.on_this_thread(), "beginnings of logs are kept on one loop");
  auto starts = starts_;
  std::vector<storage::Path> to_sync;
  for (const auto& move : moves) {
    auto& start = starts[move.partition->id()];
    start = std::max(start, move.to);
    if (move.rolled) to_sync.push_back(services_.directory.path_of(move.partition->id()));
  }
  if (starts == starts_ && to_sync.empty()) co_return base::Result<>();
  // Nobody asks for those of partitions that are gone.
  std::set<base::TopicIdPartition> there;
  for (const auto& partition : services_.topics.all_partitions()) there.insert(partition->id());
  std::erase_if(starts, [&](const auto& start) { return !there.contains(start.first); });
  auto work = [this, &starts, &to_sync]() -> base::Result<> {
    for (const auto& directory : to_sync) {
      const auto synced = services_.files.sync_directory(directory);
      // A topic may be deleted meanwhile: its directory has another name then.
      if (!synced && synced.error().fault != base::Fault::missing)
        return std::unexpected(synced.error());
    }
    return services_.directory.write_start_offsets(starts);
  };
  auto written = co_await run_on(services_.workers, services_.home, std::move(work));
  if (written)
    starts_ = std::move(starts);
  else if (!base::may_pass(written.error().fault))
    services_.on_failure(written.error());
  co_return written;
}

Task<> LogStarts::retire(const std::vector<Move>& moves) {
  std::vector<Removal> removals;
  for (const auto& move : moves) {
    auto& partition = *move.partition;
    co_await hop_to(partition.loop());
    if (partition.deleted()) continue;  // All of its files go by another way.
    auto files = partition.advance_start(move.to);
    const auto delay = std::chrono::milliseconds(partition.config().file_delete_delay_ms);
    if (!files.empty())
      removals.push_back({partition.loop().clock().monotonic() + delay, std::move(files)});
  }
  co_await hop_to(services_.home);
  for (auto& removal : removals) remove_later(std::move(removal));
}

void LogStarts::remove_later(Removal removal) {
  removals_.push_back(std::move(removal));
  std::ranges::push_heap(removals_, std::greater(), &Removal::when);
  arm();
}

void LogStarts::arm() {
  timer_.reset();
  if (removals_.empty()) return;
  timer_ = services_.home.call_at(removals_.front().when, [this] { remove_due(); });
}

void LogStarts::remove_due() {
  const auto now = services_.home.clock().monotonic();
  while (!removals_.empty() && removals_.front().when <= now) {
    std::ranges::pop_heap(removals_, std::greater(), &Removal::when);
    services_.workers.post([gone = std::move(removals_.back().files), &files = services_.files,
                            on_leftover = services_.on_leftover] {
      for (const auto& path : gone) {
        const auto removed = files.remove(path);
        if (!removed && removed.error().fault != base::Fault::missing)
          return on_leftover(removed.error());
      }
    });
    removals_.pop_back();
  }
  arm();
}

}  // namespace broker
