#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/log_config.h"
#include "protocol/base/assert.h"
#include "protocol/record/batch_header.h"
#include "storage/data_directory.h"
#include "storage/log/log.h"
#include "tests/support/batches.h"

namespace test_support {

/// A batch as the log is given it, with the bytes it points into.
struct OwnedBatch {
  explicit OwnedBatch(const Wish& wish) : bytes(batch_bytes(wish)) {}
  storage::NewBatch view() const {
    return {.header = *record::BatchHeader::read(bytes),
            .records = base::BytesView(bytes).subspan(record::BatchHeader::kSize)};
  }
  std::vector<std::byte> bytes;
};

inline base::Result<std::vector<storage::Appended>> append(storage::Log& log,
                                                           const std::vector<Wish>& wishes,
                                                           base::Timestamp now = kNow) {
  std::vector<OwnedBatch> owned;
  owned.reserve(wishes.size());
  std::vector<storage::NewBatch> batches;
  batches.reserve(wishes.size());
  for (const auto& wish : wishes) batches.push_back(owned.emplace_back(wish).view());
  return log.append(batches, now);
}

/// One partition in a data directory, handled as the broker handles it: what is synced is visible,
/// checkpoints write down what is durable, a clean stop leaves a marker. Errors are those of the
/// disk.
class LogHost {
 public:
  LogHost(storage::FileSystem& files, const config::LogConfig& config)
      : files_(files), config_(config) {}

  /// After any stop, or the first time.
  base::Result<> start() {
    directory_ = TRY(storage::DataDirectory::open(files_, "/data"));
    const auto ends = TRY(directory_->take_clean_marker());
    points_ = TRY(directory_->read_recovery_points());
    starts_ = TRY(directory_->read_start_offsets());
    report_ = {};
    if (!TRY(files_.exists(path()))) {
      log_ = TRY(storage::Log::create(files_, path(), config_, kNow));
      return directory_->write_partition_metadata(kPartition);
    }
    const storage::LogOpening opening{.clean = ends.has_value() && ends->contains(kPartition),
                                      .recovery_point = recovery_point(),
                                      .start_offset = starts_[kPartition],
                                      .now = kNow};
    log_ = TRY(storage::Log::open(files_, path(), config_, opening, report_));
    if (opening.clean)
      ASSERT(log_->end_offset() == ends->at(kPartition), "a clean stop is found as it was left");
    return {};
  }

  base::Result<std::vector<storage::Appended>> append(const std::vector<Wish>& wishes,
                                                      base::Timestamp now = kNow) {
    return test_support::append(*log_, wishes, now);
  }

  /// What the committer does for it.
  base::Result<> sync() {
    const auto ticket = log_->sync_ticket();
    for (const auto& file : ticket.files) TRY(file->sync());
    for (const auto& directory : ticket.directories) TRY(files_.sync_directory(directory));
    log_->on_synced(ticket.end);
    log_->set_high_watermark(ticket.end);
    return {};
  }

  base::Result<> checkpoint() {
    const auto plan = log_->plan_checkpoint();
    notes_ = TRY(storage::write_checkpoint(files_, plan));
    points_[kPartition] = plan.recovery_point;
    TRY(directory_->write_recovery_points(points_));
    log_->note_checkpoint(plan);
    return {};
  }

  /// What LogStarts does for retention and DeleteRecords; files go at once.
  base::Result<> advance_start(base::Offset to) {
    TRY(files_.sync_directory(path()));
    starts_[kPartition] = to;
    TRY(directory_->write_start_offsets(starts_));
    log_->advance_start(to);
    for (const auto& file : log_->retire_segments()) {
      const auto removed = files_.remove(file);
      if (!removed && removed.error().fault != base::Fault::missing)
        return std::unexpected(removed.error());
    }
    return {};
  }
  /// What Retention does in one look.
  base::Result<std::optional<storage::RetentionCut>> retain(base::Timestamp now) {
    auto cut = log_->plan_retention(now);
    if (!cut) return cut;
    if (cut->start == log_->end_offset()) TRY(log_->roll_empty(now));
    TRY(advance_start(cut->start));
    return cut;
  }

  /// What a worker does where a segment fills fast.
  base::Result<> prepare() {
    const auto plan = log_->plan_preparation(kNow);
    if (!plan) return {};
    auto prepared = storage::prepare_segment(*plan);
    auto outcome = prepared ? base::Result<>() : std::unexpected(prepared.error());
    log_->adopt_prepared(std::move(prepared));
    return outcome;
  }

  base::Result<> stop() {
    TRY(log_->close());
    points_[kPartition] = log_->durable_end();
    TRY(directory_->write_recovery_points(points_));
    TRY(directory_->write_clean_marker({{kPartition, log_->end_offset()}}));
    forget();
    return {};
  }

  /// The process is gone: nothing is closed or written.
  void forget() {
    log_.reset();
    directory_.reset();
  }

  storage::Log& log() { return *log_; }
  storage::DataDirectory& directory() { return *directory_; }
  const storage::RecoveryReport& report() const { return report_; }
  /// Of the last checkpoint.
  const std::vector<std::string>& notes() const { return notes_; }
  base::Offset recovery_point() const {
    const auto point = points_.find(kPartition);
    return point == points_.end() ? 0 : point->second;
  }
  storage::Path path() const { return storage::Path("/data") / (kId.to_text() + "-0"); }
  std::vector<std::string> values() { return values_of(*log_->view()); }

 private:
  inline static const base::Uuid kId = [] {
    base::Random random(1);
    return base::Uuid::make(random);
  }();
  inline static const base::TopicIdPartition kPartition{kId, 0};

  storage::FileSystem& files_;
  const config::LogConfig config_;
  std::unique_ptr<storage::DataDirectory> directory_;
  storage::PartitionOffsets points_;
  storage::PartitionOffsets starts_;
  storage::RecoveryReport report_;
  std::vector<std::string> notes_;
  std::unique_ptr<storage::Log> log_;
};

}  // namespace test_support
