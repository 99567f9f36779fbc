#include "storage/log/log_checkpoint.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "storage/file/checkpoint_file.h"
#include "storage/log/log.h"
#include "storage/log/log_files.h"
#include "storage/log/producer_state.h"
#include "storage/log/segment_checksum.h"

namespace storage {
namespace {

/// Snapshots kept below the recovery point: the newest, and one for the case that it is damaged.
constexpr std::size_t kSnapshotsUsable = 2;

/// Gives a sealed segment its final length. A failed sync is final even where the disk says that it
/// is full: nobody knows what of the file is on disk.
base::Result<> cut_to_length(const CheckpointPlan::SegmentPart& segment) {
  TRY(segment.file->truncate(*segment.settled_size));
  auto synced = segment.file->sync();
  if (!synced && synced.error().fault == base::Fault::full)
    return base::fail(base::Fault::io, std::move(synced).error().detail);
  return synced;
}

/// Only where there is none: what a checkpoint wrote once tells what the file was then.
base::Result<> add_checksum(FileSystem& files, const CheckpointPlan::SegmentPart& segment,
                            const Path& directory, std::vector<NamedContent>& to_write,
                            std::vector<std::string>& notes) {
  auto name = file_name(segment.base_offset, kChecksumSuffix);
  if (TRY(files.exists(directory / name))) return {};
  const auto sum = SegmentChecksum::of(*segment.file, segment.base_offset, *segment.settled_size);
  // A file that cannot be read whole has no checksum worth keeping; readers will hear of it too.
  if (sum)
    to_write.push_back({std::move(name), sum->to_bytes()});
  else
    notes.push_back(fmt::format("segment {} gets no checksum, and part of it may be lost: {}",
                                segment.data->path().string(), sum.error().detail));
  return {};
}

}  // namespace

base::Result<std::vector<std::string>> write_checkpoint(FileSystem& files,
                                                        const CheckpointPlan& plan) {
  std::vector<std::string> notes;
  std::vector<NamedContent> to_write;
  for (const auto& segment : plan.segments) {
    if (segment.settled_size) {
      TRY(cut_to_length(segment));
      TRY(add_checksum(files, segment, plan.directory, to_write, notes));
    }
    to_write.push_back(
        {file_name(segment.base_offset, kIndexSuffix), segment.index.offset_bytes()});
    to_write.push_back(
        {file_name(segment.base_offset, kTimeIndexSuffix), segment.index.time_bytes()});
  }
  to_write.push_back(
      {file_name(plan.producers_at, kSnapshotSuffix), ProducerState::to_snapshot(plan.producers)});
  TRY(replace_files(files, plan.directory, to_write));
  for (const auto at : plan.snapshots_obsolete) {
    // One that is gone already is what we want.
    const auto removed = files.remove(plan.directory / file_name(at, kSnapshotSuffix));
    if (!removed && removed.error().fault != base::Fault::missing)
      return std::unexpected(removed.error());
  }
  // Readers at the end of the log have moved on. Unmapping takes long: better here than on a loop.
  for (const auto& segment : plan.segments)
    if (segment.settled_size) segment.data->release();
  return notes;
}

CheckpointPlan Log::plan_checkpoint() const {
  CheckpointPlan plan{.recovery_point = durable_end_, .directory = directory_};
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const auto& segment = *segments_[i];
    if (segment.settled()) continue;
    CheckpointPlan::SegmentPart part{.base_offset = segment.base_offset(),
                                     .file = segment.file(),
                                     .data = segment.data(),
                                     .index = segment.index_contents()};
    if (segment.sealed() && segments_[i + 1]->base_offset() <= durable_end_)
      part.settled_size = segment.size();
    plan.segments.push_back(std::move(part));
  }
  plan.producers = producers_.windows();
  plan.producers_at = end_;
  plan.snapshots_kept = snapshots_;
  auto& kept = plan.snapshots_kept;
  if (kept.empty() || kept.back() != end_) kept.push_back(end_);
  // A snapshot above the recovery point is of no use to a start that finds less than that.
  const auto above = std::ranges::upper_bound(kept, durable_end_);
  const auto usable = static_cast<std::size_t>(above - kept.begin());
  const auto obsolete = static_cast<std::ptrdiff_t>(usable - std::min(usable, kSnapshotsUsable));
  plan.snapshots_obsolete.assign(kept.begin(), kept.begin() + obsolete);
  kept.erase(kept.begin(), kept.begin() + obsolete);
  return plan;
}

void Log::note_checkpoint(const CheckpointPlan& plan) {
  snapshots_ = plan.snapshots_kept;
  for (const auto& part : plan.segments) {
    if (!part.settled_size) continue;
    auto& segment = segment_at(part.base_offset);
    if (segment.settled()) continue;  // By an earlier plan that covered it too.
    // Synced whole, and never written again: a log that no ticket is asked of must let go of it.
    std::erase(dirty_, segment.file());
    segment.settle(part.index);
    segments_changed();
  }
}

base::Result<std::vector<std::string>> Log::close() {
  TRY(active().trim());
  if (prepared_) TRY(files_.remove(prepared_->path));
  prepared_.reset();
  const auto ticket = sync_ticket();
  for (const auto& file : ticket.files) TRY(file->sync());
  TRY(active().file()->sync());
  for (const auto& directory : ticket.directories) TRY(files_.sync_directory(directory));
  on_synced(ticket.end);
  const auto plan = plan_checkpoint();
  auto notes = TRY(write_checkpoint(files_, plan));
  note_checkpoint(plan);
  return notes;
}

}  // namespace storage
