#pragma once

#include <array>
#include <cstdint>
#include <memory>
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

/// One batch with its stamps, ready to be written: 61 header bytes of its own and the records where
/// they lie.
struct StampedBatch {
  record::BatchHeader header;
  std::array<std::byte, record::BatchHeader::kSize> head;
  base::BytesView records;

  StampedBatch(const record::BatchHeader& stamped, base::BytesView body)
      : header(stamped), head(stamped.to_bytes()), records(body) {}
};

/// A file for a segment to come, made and allocated ahead (segment_preparation.h).
struct PreparedFile {
  Path path;
  std::shared_ptr<File> file;
  std::uint64_t bytes = 0;
};

/// A run of record batches in one file, from its base offset up to the next segment's, with its
/// indexes. Appended to while it is active; sealed when the next one begins; settled when a
/// checkpoint has cut its file to its length and written its index files. Until then its indexes
/// are in memory, and its file may end in zeros.
///
/// Thread: the log's; data() may be shared with readers.
class Segment {
 public:
  /// A new, empty segment. Its blocks are allocated with its batches.
  static base::Result<std::unique_ptr<Segment>> create(FileSystem& files, const Path& directory,
                                                       base::Offset base_offset,
                                                       base::Timestamp now);
  /// The same from a file made ahead, which gets its name here. After a failure nothing changed.
  static base::Result<std::unique_ptr<Segment>> create_from(FileSystem& files,
                                                            const Path& directory,
                                                            base::Offset base_offset,
                                                            base::Timestamp now,
                                                            const PreparedFile& prepared);
  /// An existing one that may be appended to, its indexes still empty: see note_batch().
  static base::Result<std::unique_ptr<Segment>> open(FileSystem& files, const Path& directory,
                                                     base::Offset base_offset, base::Timestamp now);
  /// An existing one that is settled: `size` bytes, all of them batches. `Fault::missing` if it has
  /// no index files that fit.
  static base::Result<std::unique_ptr<Segment>> open_settled(FileSystem& files,
                                                             const Path& directory,
                                                             base::Offset base_offset,
                                                             std::uint64_t size);

  base::Offset base_offset() const { return base_offset_; }
  std::uint64_t size() const { return size_; }  // Bytes of its batches.
  bool sealed() const { return sealed_; }
  bool settled() const { return settled_; }
  base::Timestamp max_timestamp() const { return max_timestamp_; }
  /// For retention: where no record has a timestamp, when the segment was begun or found.
  base::Timestamp newest_timestamp() const {
    return max_timestamp_ >= 0 ? max_timestamp_ : begun_at_;
  }
  const std::shared_ptr<SegmentData>& data() const { return data_; }
  /// The file as it is written to; null for a settled segment.
  const std::shared_ptr<File>& file() const { return file_; }
  IndexView<OffsetEntry> offset_index() const;
  IndexView<TimeEntry> time_index() const;
  /// What the index files must say now.
  IndexContents index_contents() const;
  Path path_of(std::string_view suffix) const;

  /// What waits to be appended in front of a batch.
  struct Ahead {
    std::uint64_t bytes = 0;
    std::size_t batches = 0;
  };
  /// True if the batch belongs into a new segment (Kafka's LogSegment.shouldRoll).
  bool must_roll_before(const record::BatchHeader& next, const Ahead& ahead, base::Timestamp now,
                        const config::LogConfig& config) const;
  /// True if the next segment should be prepared: this one has been filled to three quarters in a
  /// time that promises another soon.
  bool fills_fast(base::Timestamp now, const config::LogConfig& config) const;

  /// Appends all with one write, and zeros behind, so that what lay there never continues the log.
  /// `Fault::full`: nothing was appended, and the segment may be appended to again.
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

  /// No append afterwards. Touches no file.
  void seal();
  /// The file has been cut and `contents` are in the index files: memory and file can go.
  void settle(const IndexContents& contents);
  /// Cuts the file to its batches; it may grow again.
  base::Result<> trim();

 private:
  Segment(FileSystem& files, Path directory, base::Offset base_offset);

  base::Result<> reserve(std::uint64_t bytes, const config::LogConfig& config);
  base::Result<> allocate(std::uint64_t target);
  base::Result<> take_back(base::Error error);
  std::int64_t roll_ms(const config::LogConfig& config) const;

  FileSystem& files_;
  const Path directory_;
  const base::Offset base_offset_;
  std::shared_ptr<SegmentData> data_;
  std::shared_ptr<File> file_;
  std::uint64_t size_ = 0;
  std::uint64_t allocated_ = 0;  // Of the file; kGrows where the file system cannot allocate.
  bool sealed_ = false;
  bool settled_ = false;

  GrowingArray<OffsetEntry> offsets_;
  GrowingArray<TimeEntry> times_;
  std::size_t offset_count_ = 0;  // In the files, once settled.
  std::size_t time_count_ = 0;
  std::uint64_t bytes_since_entry_ = 0;
  base::Timestamp begun_at_ = -1;         // Or opened.
  base::Timestamp first_timestamp_ = -1;  // Max timestamp of the first batch: a roll's start.
  base::Timestamp max_timestamp_ = -1;
  base::Offset max_timestamp_offset_ = -1;
};

}  // namespace storage
