#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/log_config.h"
#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "protocol/record/batch_header.h"
#include "storage/file/file_system.h"
#include "storage/log/leader_epochs.h"
#include "storage/log/log_checkpoint.h"
#include "storage/log/log_view.h"
#include "storage/log/producer_state.h"
#include "storage/log/segment.h"
#include "storage/log/segment_preparation.h"

namespace storage {

/// One batch to append: its header as the log shall keep it (CRC included; base offset and leader
/// epoch are stamped by the log) and the bytes after the header, in the frame they arrived in.
struct NewBatch {
  record::BatchHeader header;
  base::BytesView records;
};

/// What became of a batch. Source of the sequence rules: Kafka's ProducerAppendInfo.
enum class AppendVerdict : std::uint8_t {
  appended,
  duplicate,               // Already there: `base_offset` and `timestamp` are the original's.
  out_of_order_sequence,   // OUT_OF_ORDER_SEQUENCE_NUMBER
  invalid_producer_epoch,  // INVALID_PRODUCER_EPOCH
  too_large_for_segment,   // RECORD_LIST_TOO_LARGE
  disk_full,               // KAFKA_STORAGE_ERROR: not appended, nor was any batch after it.
  busy,                    // The same, for want of a descriptor for the next segment.
};

struct Appended {
  AppendVerdict verdict = AppendVerdict::appended;
  base::Offset base_offset = -1;
  base::Offset last_offset = -1;
  base::Timestamp timestamp = -1;  // Of a duplicate: when the original was appended, or -1.
};

/// What a sync has to cover before the log is durable up to `end`.
struct SyncTicket {
  std::vector<std::shared_ptr<File>> files;  // Segments that were written to since the last sync.
  std::vector<Path> directories;             // With new entries (a roll).
  base::Offset end = 0;
};

/// What a log's retention.ms and retention.bytes give up: everything below `start`.
struct RetentionCut {
  enum class Rule : std::uint8_t {
    time,
    size
  };
  base::Offset start = 0;
  std::size_t segments = 0;
  std::uint64_t bytes = 0;
  Rule rule = Rule::time;  // Of the newest segment that goes.
};

/// What recovery found and did, for log lines and for tests.
struct RecoveryReport {
  std::uint64_t bytes_scanned = 0;
  std::uint64_t bytes_cut = 0;     // Kept in quarantine.
  std::string quarantine;          // The files, if bytes_cut > 0.
  std::vector<std::string> notes;  // What was rebuilt or ignored, one sentence each.
};

/// How a partition's directory is opened.
struct LogOpening {
  bool clean = false;               // The clean-shutdown marker speaks of this log: no scan.
  base::Offset recovery_point = 0;  // Everything below was synced.
  base::Offset start_offset = 0;    // Everything below was given up.
  base::Timestamp now = 0;
};

/// A partition's log: segments in order, their indexes, its producers and its leader epochs.
///
/// Plain and synchronous. Appends are visible to readers once set_high_watermark() has passed them.
/// The files of its directory are listed in docs/on_disk.md.
///
/// Thread: the owning partition's loop; view() may be handed to any.
class Log {
 public:
  /// Creates an empty log in `directory`, which must not exist, and makes it durable.
  static base::Result<std::unique_ptr<Log>> create(FileSystem& files, const Path& directory,
                                                   const config::LogConfig& config,
                                                   base::Timestamp now);

  /// Opens after any kind of stop, per DESIGN.md section 4: cuts a torn tail above the recovery
  /// point into quarantine, rebuilds what can be rebuilt, and serves only what is on disk.
  /// `Fault::corruption` when what was acknowledged may be damaged. Nothing is deleted but
  /// segments below the start, which were given up.
  static base::Result<std::unique_ptr<Log>> open(FileSystem& files, Path directory,
                                                 const config::LogConfig& config,
                                                 const LogOpening& opening, RecoveryReport& report);

  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log() = default;

  /// Checks sequences and appends the batches that pass, in order, rolling where the configuration
  /// says so: one write for all that go into the same segment. A refused batch does not stop those
  /// after it, except `disk_full` and `busy`: what the log could not take leaves no trace in it,
  /// and it may be appended to again. Fails as a whole only when the disk does; then the log must
  /// not be used any more.
  base::Result<std::vector<Appended>> append(std::span<const NewBatch> batches,
                                             base::Timestamp now);

  /// What must be synced for the log to be durable up to end_offset(). A later ticket names only
  /// what was written since this one; call on_synced(ticket.end) when it was synced.
  SyncTicket sync_ticket();
  void on_synced(base::Offset end);

  /// After an append: a plan if the next segment should be made ahead. Carry it out on a worker
  /// with prepare_segment() and hand the result back to adopt_prepared(), also a failure.
  std::optional<PreparationPlan> plan_preparation(base::Timestamp now);
  void adopt_prepared(base::Result<PreparedFile> prepared);

  /// Everything up to durable_end(), so that recovery may begin there. After write_checkpoint() has
  /// succeeded and the caller has made the recovery point durable: note_checkpoint().
  CheckpointPlan plan_checkpoint() const;
  void note_checkpoint(const CheckpointPlan& plan);
  /// A clean stop: the active segment is cut to its length and a checkpoint written. No append
  /// afterwards, and nothing else in flight for this log. The value is that of write_checkpoint().
  base::Result<std::vector<std::string>> close();

  /// What of the log is too old or too much, if it may be (cleanup.policy has delete): whole
  /// segments that are on disk and visible. If that is all there is, cutting it needs a roll.
  /// Source: Kafka's UnifiedLog.deleteOldSegments.
  std::optional<RetentionCut> plan_retention(base::Timestamp now) const;
  /// An empty segment begins where the log ends, so that all others may go. The caller syncs
  /// the directory before it relies on that. `Fault::full` and `Fault::busy`: nothing has changed.
  base::Result<> roll_empty(base::Timestamp now);
  /// The log begins at `offset` from now on, if it began earlier: to be called once that is written
  /// down durably, so that nothing which was gone comes back. Not above what is durable and
  /// visible.
  void advance_start(base::Offset offset);
  /// Segments that lie below start_offset() leave the log. Their files, for the caller to remove:
  /// readers may hold views that open them for a while, and a start removes what is still there.
  std::vector<Path> retire_segments();

  base::Offset start_offset() const { return start_; }
  base::Offset end_offset() const { return end_; }                 // The next record gets this one.
  base::Offset durable_end() const { return durable_end_; }        // Below it all was synced.
  base::Offset high_watermark() const { return high_watermark_; }  // Below it all may be seen.
  /// From now on: segments that are there stay as they are.
  void set_config(const config::LogConfig& config) { config_ = config; }
  /// Only grows; must be the end of an append, or less than what was set before.
  void set_high_watermark(base::Offset offset);
  base::LeaderEpoch leader_epoch() const { return leader_epoch_; }
  /// Bytes of all batches.
  std::uint64_t size_bytes() const { return size_bytes_; }

  /// An unchanging picture for readers, cheap while nothing changed.
  std::shared_ptr<const LogView> view();

  ProducerState& producers() { return producers_; }
  const LeaderEpochs& epochs() const { return epochs_; }

 private:
  friend class LogLoader;

  /// Accepted batches that wait to be written into the active segment.
  struct Run {
    std::vector<StampedBatch> batches;
    std::uint64_t bytes = 0;
    std::size_t settled = 0;  // Results that do not depend on it.
    ProducerState::Mark undo = 0;
  };

  /// Where a write ended: the high watermark only ever stands at such a place.
  struct Mark {
    base::Offset offset = 0;
    base::Offset segment = 0;
    std::uint64_t position = 0;
  };

  Log(FileSystem& files, Path directory, const config::LogConfig& config);

  base::Result<> make_files(base::Timestamp now);
  Segment& active() { return *segments_.back(); }
  Segment& segment_at(base::Offset base_offset);
  Appended judge(const record::BatchHeader& header) const;
  base::Result<> make_room(Run& run, const record::BatchHeader& next, std::size_t results,
                           base::Timestamp now);
  base::Result<> write(Run& run, std::size_t results);
  base::Result<> roll(base::Timestamp now);
  void segments_changed();
  LogView::Part part_of(const Segment& segment, std::uint64_t visible_size) const;

  FileSystem& files_;
  const Path directory_;
  config::LogConfig config_;
  std::vector<std::unique_ptr<Segment>> segments_;  // By base offset; the last is active.
  ProducerState producers_;
  LeaderEpochs epochs_;
  base::LeaderEpoch leader_epoch_ = 0;
  base::Offset start_ = 0;
  base::Offset end_ = 0;
  base::Offset durable_end_ = 0;
  base::Offset high_watermark_ = 0;
  std::uint64_t size_bytes_ = 0;
  std::deque<Mark> marks_;               // Ends of appends above the high watermark.
  Mark visible_end_;                     // Where the high watermark stands.
  LogView::Parts sealed_parts_;          // Null when a segment was added or changed.
  std::shared_ptr<const LogView> view_;  // Null when something changed.
  bool failed_ = false;                  // The disk; nothing may be appended any more.

  std::vector<std::shared_ptr<File>> dirty_;  // Written since the last ticket.
  bool directory_dirty_ = false;
  std::optional<PreparedFile> prepared_;
  bool preparing_ = false;               // A plan is being carried out.
  bool preparation_tried_ = false;       // Since the last roll.
  std::vector<base::Offset> snapshots_;  // On disk, by offset.
};

}  // namespace storage
