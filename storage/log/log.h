#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/log_config.h"
#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "protocol/record/batch_header.h"
#include "storage/file/file_system.h"
#include "storage/log/leader_epochs.h"
#include "storage/log/log_view.h"
#include "storage/log/producer_state.h"
#include "storage/log/segment.h"

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

/// What recovery found and did, for log lines and for tests.
struct RecoveryReport {
  std::uint64_t bytes_scanned = 0;
  std::uint64_t bytes_cut = 0;     // Kept in quarantine.
  std::string quarantine;          // Where, if bytes_cut > 0.
  std::vector<std::string> notes;  // Indexes rebuilt, snapshots ignored, damaged ranges.
};

/// How a partition's directory is opened.
struct LogOpening {
  bool clean = false;               // The clean-shutdown marker speaks of this log: no scan.
  base::Offset recovery_point = 0;  // Everything below was synced.
  base::Timestamp now = 0;
};

/// What a checkpoint has to write: copied on the partition's loop, written on a worker.
struct CheckpointPlan {
  base::Offset recovery_point = 0;
  Path directory;
  std::vector<std::pair<std::string, std::vector<std::byte>>> files;  // Name and contents.
  std::vector<Path> sealed;    // Index files of rolls, written but not synced yet.
  std::vector<Path> obsolete;  // Snapshots that newer ones replace.
};

/// Carries a plan out. It syncs no segment: everything below the recovery point was synced by the
/// committer before, so that no sync error can be consumed where no producer waits for it. A failed
/// sync is final, as everywhere. Thread: any.
base::Result<> write_checkpoint(FileSystem& files, const CheckpointPlan& plan);

/// A partition's log: segments in order, their indexes, its producers and its leader epochs.
///
/// Plain and synchronous. Appends are visible to readers once set_high_watermark() has passed them.
/// The files of its directory are listed in docs/on_disk.md.
///
/// Thread: the owning partition's loop; view() may be handed to any.
class Log {
 public:
  /// Creates an empty log in `directory`, which must not exist, and makes it durable.
  static base::Result<std::unique_ptr<Log>> create(FileSystem& files, Path directory,
                                                   const config::LogConfig& config,
                                                   base::Timestamp now);

  /// Opens after any kind of stop, per DESIGN.md section 4: cuts a torn tail above the recovery
  /// point into quarantine, rebuilds what can be rebuilt, and serves only what is on disk.
  /// `Fault::corruption` when what was acknowledged may be damaged; nothing is ever deleted.
  static base::Result<std::unique_ptr<Log>> open(FileSystem& files, Path directory,
                                                 const config::LogConfig& config,
                                                 const LogOpening& opening, RecoveryReport& report);

  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log() = default;

  /// Checks sequences and appends the batches that pass, in order, rolling where the configuration
  /// says so: one write for all that go into the same segment. A refused batch does not stop those
  /// after it. Fails as a whole only when the disk does (`Fault::full`: the log goes on as it was;
  /// else it must not be used again).
  base::Result<std::vector<Appended>> append(std::span<const NewBatch> batches,
                                             base::Timestamp now);

  /// What must be synced for the log to be durable up to end_offset(). A later ticket names only
  /// what was written since this one; call on_synced(ticket.end) when it was synced.
  SyncTicket sync_ticket();
  void on_synced(base::Offset end);

  /// Rolls if the active segment is not empty and older than segment.ms. True if it did.
  base::Result<bool> roll_if_due(base::Timestamp now);

  /// Everything up to durable_end(), so that recovery may begin there. After write_checkpoint() has
  /// succeeded the caller makes the recovery point itself durable.
  CheckpointPlan plan_checkpoint();
  /// A clean stop: the active segment is cut to its length and a checkpoint written. No append
  /// afterwards.
  base::Result<> close();

  base::Offset start_offset() const { return segments_.front()->base_offset(); }
  base::Offset end_offset() const { return end_; }                 // The next record gets this one.
  base::Offset durable_end() const { return durable_end_; }        // Below it all was synced.
  base::Offset high_watermark() const { return high_watermark_; }  // Below it all may be seen.
  /// Only grows; must be the end of an append, or less than what was set before.
  void set_high_watermark(base::Offset offset);
  base::LeaderEpoch leader_epoch() const { return leader_epoch_; }
  /// Bytes of all batches.
  std::uint64_t size_bytes() const { return size_bytes_; }

  /// An unchanging picture for readers, cheap while nothing changed.
  std::shared_ptr<const LogView> view();

  ProducerState& producers() { return producers_; }
  const LeaderEpochs& epochs() const { return epochs_; }
  void set_config(const config::LogConfig& config) { config_ = config; }

 private:
  friend class LogLoader;

  /// Where an append ended: the high watermark only ever stands at such a place.
  struct Mark {
    base::Offset offset = 0;
    base::Offset segment = 0;
    std::uint64_t position = 0;
  };

  Log(FileSystem& files, Path directory, const config::LogConfig& config);

  Segment& active() { return *segments_.back(); }
  base::Result<> roll(base::Offset base_offset, bool by_size);
  base::Result<> write_run(std::vector<StampedBatch>& run);
  base::Result<> write_all(std::vector<StampedBatch>& batches);
  Appended judge(const NewBatch& batch, base::Timestamp now, std::vector<StampedBatch>& accepted);
  std::vector<LogView::Part> visible_parts() const;

  FileSystem& files_;
  const Path directory_;
  config::LogConfig config_;
  std::vector<std::unique_ptr<Segment>> segments_;  // By base offset; the last is active.
  ProducerState producers_;
  LeaderEpochs epochs_;
  base::LeaderEpoch leader_epoch_ = 0;
  base::Offset end_ = 0;
  base::Offset durable_end_ = 0;
  base::Offset high_watermark_ = 0;
  std::uint64_t size_bytes_ = 0;
  std::deque<Mark> marks_;               // Ends of appends above the high watermark.
  Mark visible_end_;                     // Where the high watermark stands.
  std::shared_ptr<const LogView> view_;  // Null when something changed.

  std::vector<std::shared_ptr<File>> dirty_;  // Written since the last ticket.
  std::vector<Path> dirty_directories_;
  std::vector<Path> unsynced_indexes_;   // Of rolls since the last checkpoint.
  std::vector<base::Offset> snapshots_;  // On disk, by offset.
};

}  // namespace storage
