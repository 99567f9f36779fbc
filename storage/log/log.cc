#include "storage/log/log.h"

#include <algorithm>
#include <utility>

#include "protocol/base/assert.h"
#include "storage/file/checkpoint_file.h"
#include "storage/log/log_files.h"

namespace storage {

using record::BatchHeader;

namespace {

void remove_quietly(FileSystem& files, const Path& directory) {
  if (const auto names = files.list(directory)) {
    for (const auto& name : *names) static_cast<void>(files.remove(directory / name));
  }
  static_cast<void>(files.remove(directory));
}

}  // namespace

Log::Log(FileSystem& files, Path directory, const config::LogConfig& config)
    : files_(files), directory_(std::move(directory)), config_(config) {}

base::Result<std::unique_ptr<Log>> Log::create(FileSystem& files, const Path& directory,
                                               const config::LogConfig& config,
                                               base::Timestamp now) {
  TRY(files.create_directory(directory));
  std::unique_ptr<Log> log(new Log(files, directory, config));
  if (auto made = log->make_files(now); !made) {
    // Nothing of it may be left to be found at the next start; if that fails too, it is set aside.
    log.reset();
    remove_quietly(files, directory);
    return std::unexpected(std::move(made).error());
  }
  return log;
}

base::Result<> Log::make_files(base::Timestamp now) {
  segments_.push_back(TRY(Segment::create(files_, directory_, 0, now)));
  epochs_.assign(0, 0);
  TRY(active().file()->sync());
  // Syncs the directory with all that is in it.
  TRY(replace_file(files_, directory_ / kLeaderEpochFile, epochs_.to_text()));
  return files_.sync_directory(directory_.parent_path());
}

Segment& Log::segment_at(base::Offset base_offset) {
  const auto base_of = [](const auto& segment) { return segment->base_offset(); };
  const auto found = std::ranges::lower_bound(segments_, base_offset, {}, base_of);
  ASSERT(found != segments_.end() && base_of(*found) == base_offset, "segments do not go away");
  return **found;
}

Appended Log::judge(const BatchHeader& header) const {
  if (header.total_size() > static_cast<std::size_t>(config_.segment_bytes))
    return {.verdict = AppendVerdict::too_large_for_segment};
  const auto check = producers_.check(header);
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
  return {.base_offset = header.base_offset, .last_offset = header.last_offset()};
}

base::Result<std::vector<Appended>> Log::append(std::span<const NewBatch> batches,
                                                base::Timestamp now) {
  ASSERT(!failed_, "a log whose disk has failed is not written to");
  std::vector<Appended> results;
  results.reserve(batches.size());
  Run run{.undo = producers_.mark()};
  run.batches.reserve(batches.size());
  base::Result<> written;
  for (const auto& batch : batches) {
    auto header = batch.header;
    header.base_offset = run.batches.empty() ? end_ : run.batches.back().header.next_offset();
    header.leader_epoch = leader_epoch_;
    const auto judged = judge(header);
    if (judged.verdict == AppendVerdict::appended) {
      written = make_room(run, header, results.size(), now);
      if (!written) break;
      producers_.update(header, header.base_offset, now);
      run.bytes += header.total_size();
      run.batches.emplace_back(header, batch.records);
    }
    results.push_back(judged);
  }
  if (written) written = write(run, results.size());
  if (!written) {
    producers_.rollback(run.undo);
    producers_.commit();
    const auto fault = written.error().fault;
    if (!base::may_pass(fault)) {
      failed_ = true;
      return std::unexpected(std::move(written).error());
    }
    results.resize(run.settled);
    results.resize(batches.size(), {.verdict = fault == base::Fault::full ? AppendVerdict::disk_full
                                                                          : AppendVerdict::busy});
  }
  producers_.commit();
  return results;
}

/// Writes the run and rolls, if `next` does not go into the same segment. `results`: how many there
/// are for the batches in front of it.
base::Result<> Log::make_room(Run& run, const BatchHeader& next, std::size_t results,
                              base::Timestamp now) {
  const Segment::Ahead ahead{.bytes = run.bytes, .batches = run.batches.size()};
  if (!active().must_roll_before(next, ahead, now, config_)) return {};
  TRY(write(run, results));
  return roll(now);
}

base::Result<> Log::write(Run& run, std::size_t results) {
  if (!run.batches.empty()) {
    TRY(active().append(run.batches, config_));
    size_bytes_ += run.bytes;
    end_ = run.batches.back().header.next_offset();
    marks_.push_back({end_, active().base_offset(), active().size()});
    if (dirty_.empty() || dirty_.back() != active().file()) dirty_.push_back(active().file());
  }
  producers_.commit();
  run.undo = producers_.mark();
  run.batches.clear();
  run.bytes = 0;
  run.settled = results;
  return {};
}

base::Result<> Log::roll(base::Timestamp now) {
  // The new segment first: if there is no room for it, the old one goes on.
  auto next = prepared_ ? TRY(Segment::create_from(files_, directory_, end_, now, *prepared_))
                        : TRY(Segment::create(files_, directory_, end_, now));
  prepared_.reset();
  preparation_tried_ = false;
  active().seal();
  segments_.push_back(std::move(next));
  directory_dirty_ = true;
  segments_changed();
  return {};
}

std::optional<PreparationPlan> Log::plan_preparation(base::Timestamp now) {
  if (preparing_ || preparation_tried_ || prepared_ || !active().fills_fast(now, config_))
    return std::nullopt;
  preparing_ = true;
  preparation_tried_ = true;
  return PreparationPlan{.files = files_,
                         .path = directory_ / kPreparedFile,
                         .bytes = static_cast<std::uint64_t>(config_.segment_bytes)};
}

void Log::adopt_prepared(base::Result<PreparedFile> prepared) {
  ASSERT(preparing_ && !prepared_, "one segment is prepared at a time");
  preparing_ = false;
  if (prepared) prepared_ = std::move(*prepared);
}

SyncTicket Log::sync_ticket() {
  SyncTicket ticket{.files = std::exchange(dirty_, {}), .end = end_};
  if (std::exchange(directory_dirty_, false)) ticket.directories.push_back(directory_);
  return ticket;
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

void Log::segments_changed() {
  sealed_parts_.reset();
  view_.reset();
}

LogView::Part Log::part_of(const Segment& segment, std::uint64_t visible_size) const {
  return {.base_offset = segment.base_offset(),
          .size = visible_size,
          .max_timestamp = segment.max_timestamp(),
          .whole = visible_size == segment.size(),
          .data = segment.data(),
          .offsets = segment.offset_index(),
          .times = segment.time_index()};
}

std::shared_ptr<const LogView> Log::view() {
  if (view_) return view_;
  if (!sealed_parts_) {
    auto parts = std::make_shared<std::vector<LogView::Part>>();
    parts->reserve(segments_.size());
    for (const auto& segment : segments_)
      if (segment->sealed()) parts->push_back(part_of(*segment, segment->size()));
    sealed_parts_ = std::move(parts);
  }
  const auto& last = segment_at(visible_end_.segment);
  const auto count = std::ranges::lower_bound(*sealed_parts_, last.base_offset(), {},
                                              &LogView::Part::base_offset) -
                     sealed_parts_->begin();
  view_ = std::make_shared<const LogView>(sealed_parts_, static_cast<std::size_t>(count),
                                          part_of(last, visible_end_.position), start_offset(),
                                          high_watermark_);
  return view_;
}

}  // namespace storage
