#include <algorithm>

#include "storage/file/checkpoint_file.h"
#include "storage/log/log.h"

namespace storage {
namespace {

/// Snapshots kept besides the newest: one that recovery can fall back to when that is damaged.
constexpr std::size_t kSnapshotsKept = 2;

}  // namespace

base::Result<> write_checkpoint(FileSystem& files, const CheckpointPlan& plan) {
  for (const auto& path : plan.sealed) {
    const auto file = TRY(files.open(path, OpenMode::read_write));
    TRY(file->sync());
  }
  for (const auto& [name, contents] : plan.files)
    TRY(replace_file(files, plan.directory / name, contents));
  TRY(files.sync_directory(plan.directory));
  for (const auto& path : plan.obsolete) {
    // One that is gone already is what we want.
    const auto removed = files.remove(path);
    if (!removed && removed.error().fault != base::Fault::missing) return removed;
  }
  return {};
}

CheckpointPlan Log::plan_checkpoint() {
  CheckpointPlan plan{.recovery_point = durable_end_, .directory = directory_};
  auto& last = active();
  plan.files.emplace_back(file_name(last.base_offset(), kIndexSuffix), last.offset_index_bytes());
  plan.files.emplace_back(file_name(last.base_offset(), kTimeIndexSuffix), last.time_index_bytes());
  plan.files.emplace_back(file_name(end_, kSnapshotSuffix), producers_.to_snapshot());
  plan.sealed = std::exchange(unsynced_indexes_, {});
  if (snapshots_.empty() || snapshots_.back() != end_) snapshots_.push_back(end_);
  while (snapshots_.size() > kSnapshotsKept) {
    const auto path = directory_ / file_name(snapshots_.front(), kSnapshotSuffix);
    std::erase(plan.sealed, path);
    plan.obsolete.push_back(path);
    snapshots_.erase(snapshots_.begin());
  }
  for (auto& segment : segments_) {
    if (segment->sealed()) segment->release_file();
  }
  return plan;
}

base::Result<> Log::close() {
  TRY(active().trim());
  const auto ticket = sync_ticket();
  for (const auto& file : ticket.files) TRY(file->sync());
  TRY(active().file()->sync());
  for (const auto& directory : ticket.directories) TRY(files_.sync_directory(directory));
  on_synced(ticket.end);
  return write_checkpoint(files_, plan_checkpoint());
}

}  // namespace storage
