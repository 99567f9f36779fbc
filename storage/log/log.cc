#include "storage/log/log.h"

#include <algorithm>

#include <fmt/format.h>

#include "protocol/base/assert.h"
#include "storage/file/checkpoint_file.h"
#include "storage/log/log_files.h"

namespace storage {
namespace {

/// How much a new segment takes at once when its partition has just filled one: all of it.
std::uint64_t first_allocation(const config::LogConfig& config, bool busy) {
  constexpr std::uint64_t kQuiet = std::uint64_t{1} << 20;
  const auto whole = static_cast<std::uint64_t>(config.segment_bytes);
  return busy ? whole : std::min(whole, kQuiet);
}

}  // namespace

Log::Log(FileSystem& files, Path directory, const config::LogConfig& config)
    : files_(files), directory_(std::move(directory)), config_(config) {}

base::Result<std::unique_ptr<Log>> Log::create(FileSystem& files, Path directory,
                                               const config::LogConfig& config,
                                               base::Timestamp /*now*/) {
  TRY(files.create_directory(directory));
  std::unique_ptr<Log> log(new Log(files, directory, config));
  log->segments_.push_back(
      TRY(Segment::create(files, directory, 0, first_allocation(config, false))));
  log->epochs_.assign(0, 0);
  TRY(replace_file(files, directory / kLeaderEpochFile, base::as_bytes(log->epochs_.to_text())));
  TRY(log->active().file()->sync());
  TRY(files.sync_directory(directory));
  TRY(files.sync_directory(directory.parent_path()));
  return log;
}

Appended Log::judge(const NewBatch& batch, base::Timestamp now,
                    std::vector<StampedBatch>& accepted) {
  if (batch.header.total_size() > static_cast<std::size_t>(config_.segment_bytes))
    return {.verdict = AppendVerdict::too_large_for_segment};
  const auto check = producers_.check(batch.header);
  switch (check.verdict) {
    case SequenceVerdict::ok:
      break;
    case SequenceVerdict::duplicate:
      return {AppendVerdict::duplicate, check.base_offset, check.last_offset, check.timestamp};
    case SequenceVerdict::out_of_order_sequence:
      return {.verdict = AppendVerdict::out_of_order_sequence};
    case SequenceVerdict::invalid_producer_epoch:
      return {.verdict = AppendVerdict::invalid_producer_epoch};
  }
  auto header = batch.header;
  header.base_offset = accepted.empty() ? end_ : accepted.back().header.next_offset();
  header.leader_epoch = leader_epoch_;
  producers_.update(header, header.base_offset, now);
  accepted.emplace_back(header, batch.records);
  return {.base_offset = header.base_offset, .last_offset = header.last_offset()};
}

base::Result<std::vector<Appended>> Log::append(std::span<const NewBatch> batches,
                                                base::Timestamp now) {
  std::vector<Appended> results;
  results.reserve(batches.size());
  std::vector<StampedBatch> accepted;
  accepted.reserve(batches.size());
  const auto mark = producers_.mark();
  for (const auto& batch : batches) results.push_back(judge(batch, now, accepted));
  if (auto written = write_all(accepted); !written) {
    producers_.rollback(mark);
    return std::unexpected(std::move(written).error());
  }
  producers_.commit();
  return results;
}

base::Result<> Log::write_all(std::vector<StampedBatch>& batches) {
  std::vector<StampedBatch> run;
  std::uint64_t run_bytes = 0;
  for (auto& batch : batches) {
    auto next = batch.header;
    const bool full = active().size() + run_bytes + next.total_size() >
                      static_cast<std::uint64_t>(config_.segment_bytes);
    if (!run.empty() && (full || active().must_roll_before(next, next.base_offset, config_))) {
      TRY(write_run(run));
      run_bytes = 0;
    }
    if (run.empty() && active().must_roll_before(next, next.base_offset, config_))
      TRY(roll(next.base_offset, full));
    run_bytes += next.total_size();
    run.push_back(std::move(batch));
  }
  return write_run(run);
}

base::Result<> Log::write_run(std::vector<StampedBatch>& run) {
  if (run.empty()) return {};
  const auto before = active().size();
  TRY(active().append(run, config_));
  size_bytes_ += active().size() - before;
  end_ = run.back().header.next_offset();
  marks_.push_back({end_, active().base_offset(), active().size()});
  if (dirty_.empty() || dirty_.back() != active().file()) dirty_.push_back(active().file());
  run.clear();
  return {};
}

base::Result<> Log::roll(base::Offset base_offset, bool by_size) {
  // The new segment first: if the disk is full, the old one is still there to be appended to.
  auto next =
      TRY(Segment::create(files_, directory_, base_offset, first_allocation(config_, by_size)));
  auto& sealed = active();
  TRY(sealed.seal());
  unsynced_indexes_.push_back(sealed.path_of(kIndexSuffix));
  unsynced_indexes_.push_back(sealed.path_of(kTimeIndexSuffix));
  // Its length changed after its last write: the sync that covers the roll must cover that too.
  if (dirty_.empty() || dirty_.back() != sealed.file()) dirty_.push_back(sealed.file());
  dirty_directories_.push_back(directory_);
  segments_.push_back(std::move(next));
  dirty_.push_back(active().file());

  const auto snapshot = directory_ / file_name(base_offset, kSnapshotSuffix);
  const auto file = TRY(files_.open(snapshot, OpenMode::create_or_open));
  TRY(file->truncate(0));
  TRY(file->write_at(0, base::BytesView(producers_.to_snapshot())));
  unsynced_indexes_.push_back(snapshot);
  snapshots_.push_back(base_offset);
  view_.reset();
  return {};
}

base::Result<bool> Log::roll_if_due(base::Timestamp now) {
  if (!active().expired(now, config_)) return false;
  TRY(roll(end_, false));
  return true;
}

SyncTicket Log::sync_ticket() {
  return {std::exchange(dirty_, {}), std::exchange(dirty_directories_, {}), end_};
}

void Log::on_synced(base::Offset end) { durable_end_ = std::max(durable_end_, end); }

void Log::set_high_watermark(base::Offset offset) {
  if (offset <= high_watermark_) return;
  ASSERT(offset <= end_, "what is visible was appended");
  while (!marks_.empty() && marks_.front().offset <= offset) {
    visible_end_ = marks_.front();
    marks_.pop_front();
  }
  ASSERT(visible_end_.offset == offset, "the high watermark stands at the end of an append");
  high_watermark_ = offset;
  view_.reset();
}

std::vector<LogView::Part> Log::visible_parts() const {
  std::vector<LogView::Part> parts;
  parts.reserve(segments_.size());
  for (const auto& segment : segments_) {
    if (segment->base_offset() > visible_end_.segment) break;
    const bool last = segment->base_offset() == visible_end_.segment;
    parts.push_back({.base_offset = segment->base_offset(),
                     .size = last ? visible_end_.position : segment->size(),
                     .max_timestamp = segment->max_timestamp(),
                     .data = segment->data(),
                     .offsets = segment->offset_index(),
                     .times = segment->time_index()});
  }
  return parts;
}

std::shared_ptr<const LogView> Log::view() {
  if (!view_)
    view_ = std::make_shared<const LogView>(visible_parts(), start_offset(), high_watermark_);
  return view_;
}

}  // namespace storage
