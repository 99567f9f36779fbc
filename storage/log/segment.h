#pragma once

#include <cstdint>
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
#include "storage/log/growing_array.h"
#include "storage/log/segment_data.h"
#include "storage/log/segment_index.h"

namespace storage {

/// "00000000000000000042.log", as Kafka names the files of a segment (LogFileUtils).
std::string file_name(base::Offset offset, std::string_view suffix);
inline constexpr std::string_view kLogSuffix = ".log";
inline constexpr std::string_view kIndexSuffix = ".index";
inline constexpr std::string_view kTimeIndexSuffix = ".timeindex";
inline constexpr std::string_view kSnapshotSuffix = ".snapshot";

/// One batch with its stamps, ready to be written: 61 header bytes of its own and the records where
/// they lie.
struct StampedBatch {
  record::BatchHeader header;
  std::array<std::byte, record::BatchHeader::kSize> head;
  base::BytesView records;

  StampedBatch(record::BatchHeader stamped, base::BytesView body)
      : header(stamped), head(stamped.to_bytes()), records(body) {}
};

/// A run of record batches in one file, from its base offset up to the next segment's, with its
/// indexes. The active segment is preallocated and has its indexes in memory; a sealed one is as
/// long as its batches and has them in files.
///
/// Thread: the log's; data() may be shared with readers.
class Segment {
 public:
  /// A new, empty segment. `bytes_at_once`: how much to allocate at the beginning.
  static base::Result<std::unique_ptr<Segment>> create(FileSystem& files, const Path& directory,
                                                       base::Offset base_offset,
                                                       std::uint64_t bytes_at_once);
  /// An existing one that will be appended to, its indexes still empty: see note_batch().
  static base::Result<std::unique_ptr<Segment>> open_active(FileSystem& files,
                                                            const Path& directory,
                                                            base::Offset base_offset,
                                                            std::uint64_t size);
  /// An existing one that only readers will see; `size` bytes hold whole batches.
  static base::Result<std::unique_ptr<Segment>> open_sealed(FileSystem& files,
                                                            const Path& directory,
                                                            base::Offset base_offset,
                                                            std::uint64_t size);

  base::Offset base_offset() const { return base_offset_; }
  std::uint64_t size() const { return size_; }
  bool sealed() const { return sealed_; }
  base::Timestamp max_timestamp() const { return max_timestamp_; }
  const std::shared_ptr<SegmentData>& data() const { return data_; }
  /// The file as it is written to; null for a sealed segment whose bytes were synced.
  const std::shared_ptr<File>& file() const { return file_; }
  void release_file() { file_.reset(); }
  IndexView<OffsetEntry> offset_index() const;
  IndexView<TimeEntry> time_index() const;

  /// True if the batch belongs into a new segment (Kafka's LogSegment.shouldRoll).
  bool must_roll_before(const record::BatchHeader& next, base::Offset next_offset,
                        const config::LogConfig& config) const;
  /// True if the segment has batches and is older than segment.ms.
  bool expired(base::Timestamp now, const config::LogConfig& config) const;

  /// Appends all with one write. `Fault::full`: nothing was appended.
  base::Result<> append(std::span<const StampedBatch> batches, const config::LogConfig& config);
  /// Takes a batch that lies in the file already into the indexes: recovery.
  void note_batch(const record::BatchHeader& header, std::uint64_t position,
                  std::int32_t index_interval_bytes);
  /// What recovery knows of a segment before it walks the rest.
  struct Adopted {
    std::uint64_t size = 0;  // Of the batches that the entries cover.
    base::Timestamp first_timestamp = -1;
  };
  /// Takes over index entries that a checkpoint wrote; the next batch noted gets an entry.
  void adopt_index(std::span<const OffsetEntry> offsets, std::span<const TimeEntry> times,
                   const Adopted& adopted);

  /// Cuts the file to its batches and writes the index files, unsynced. No append afterwards.
  base::Result<> seal();
  /// Cuts the file to its batches; it may grow again.
  base::Result<> trim();

  /// The contents of the index files as they must be now, with the final time entry.
  std::vector<std::byte> offset_index_bytes() const;
  std::vector<std::byte> time_index_bytes() const;
  Path path_of(std::string_view suffix) const;

 private:
  Segment(FileSystem& files, Path directory, base::Offset base_offset);

  base::Result<> reserve(std::uint64_t bytes, const config::LogConfig& config);

  FileSystem& files_;
  const Path directory_;
  const base::Offset base_offset_;
  std::shared_ptr<SegmentData> data_;
  std::shared_ptr<File> file_;   // Null once sealed and synced by whoever held it.
  std::uint64_t size_ = 0;       // Of the batches.
  std::uint64_t allocated_ = 0;  // Of the file; kGrows where the file system cannot allocate.
  bool sealed_ = false;

  GrowingArray<OffsetEntry> offsets_;
  GrowingArray<TimeEntry> times_;
  std::size_t offset_count_ = 0;  // In the files, once sealed.
  std::size_t time_count_ = 0;
  std::uint64_t bytes_since_entry_ = 0;
  base::Timestamp first_timestamp_ =
      -1;  // Max timestamp of the first batch: the time roll's start.
  base::Timestamp max_timestamp_ = -1;
  base::Offset max_timestamp_offset_ = 0;
};

}  // namespace storage
