#pragma once

#include <cstdint>
#include <map>
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
};

/// What a sync has to cover before the log is durable up to `end`.
struct SyncTicket {
  std::vector<std::shared_ptr<File>> files;  // Segments that were written to since the last sync.
  std::vector<Path> directories;             // With new entries (a roll).
  base::Offset end = 0;
};

/// What recovery found and did, for one log line and for tests.
struct RecoveryReport {
  bool clean = true;  // Nothing was cut.
  std::uint64_t bytes_scanned = 0;
  std::uint64_t bytes_cut = 0;     // Kept in a quarantine file.
  std::string quarantine;          // Its path, if bytes_cut > 0.
  std::vector<std::string> notes;  // Indexes rebuilt, snapshots ignored, fenced ranges...
};

/// How a partition's directory is opened.
struct LogOpening {
  bool clean = false;               // The clean-shutdown marker was there: no scan.
  base::Offset recovery_point = 0;  // Everything below was synced.
  base::Timestamp now = 0;
};

/// A partition's log: segments in order, their indexes, its producers and its leader epochs.
///
/// Plain and synchronous. Appends are visible to readers once set_high_watermark() has passed them.
/// Files of a directory are listed in docs/on_disk.md.
///
/// Thread: the owning partition's loop; view() may be handed to any thread.
class Log {
 public:
  /// Creates an empty log in `directory`, which must not exist, and makes it durable.
  static base::Result<std::unique_ptr<Log>> create(FileSystem& files, Path directory,
                                                   const config::LogConfig& config,
                                                   base::Timestamp now);

  /// Opens after any kind of stop, per DESIGN.md section 4: cuts a torn tail above the recovery
  /// point into a quarantine file, rebuilds what can be rebuilt, and leaves everything it serves on
  /// disk. `Fault::corruption` when what was acknowledged may be damaged; nothing is deleted.
  static base::Result<std::unique_ptr<Log>> open(FileSystem& files, Path directory,
                                                 const config::LogConfig& config,
                                                 const LogOpening& opening, RecoveryReport& report);

  ~Log();

  /// Checks sequences and appends the batches that pass, in order, rolling where the configuration
  /// says so: one write for all that go into the same segment. A refused batch does not stop those
  /// after it. Fails as a whole only when the disk does (`Fault::full`: nothing was appended and
  /// the log goes on; else the log must not be used again).
  base::Result<std::vector<Appended>> append(std::span<const NewBatch> batches,
                                             base::Timestamp now);

  /// What must be synced for the log to be durable up to end_offset(). Call on_synced(ticket.end)
  /// after it was; a later ticket covers all of an earlier one.
  SyncTicket sync_ticket();
  void on_synced(base::Offset end);

  /// Rolls now if the active segment is not empty and older than segment.ms. True if it rolled.
  base::Result<bool> roll_if_due(base::Timestamp now);
  /// Creates and preallocates the next segment ahead, if the active one is 75 % full. Slow: pool or
  /// idle time.
  base::Result<> prepare_next_segment();

  /// Writes index, producer snapshot and epochs and syncs them, so that recovery may begin at the
  /// returned offset (at most durable_end()). The caller then makes that offset durable itself.
  base::Result<base::Offset> checkpoint();
  /// checkpoint() of a log that stops cleanly: segments cut to their length, snapshot at the end.
  base::Result<> close(base::Timestamp now);

  base::Offset start_offset() const;
  base::Offset end_offset() const;      // The next record gets this one.
  base::Offset durable_end() const;     // Below it, everything was synced.
  base::Offset high_watermark() const;  // Below it, everything may be seen. Never moves back.
  void set_high_watermark(base::Offset offset);
  base::LeaderEpoch leader_epoch() const;
  std::uint64_t size_bytes() const;

  /// An unchanging picture for readers, cheap while nothing changed.
  std::shared_ptr<const LogView> view();

  ProducerState& producers();
  const LeaderEpochs& epochs() const;
  void set_config(const config::LogConfig& config);

 private:
  struct State;
  explicit Log(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace storage
