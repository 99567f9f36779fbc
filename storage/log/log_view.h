#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "storage/file/file_system.h"
#include "storage/log/batch_scanner.h"
#include "storage/log/segment_data.h"
#include "storage/log/segment_index.h"

namespace storage {

/// Bytes of the log for a consumer: whole batches in the mapped segment, for the kernel to send.
struct LogSlice {
  base::SharedBytes bytes;           // Empty at the end of the log, or when nothing fits.
  std::shared_ptr<const File> file;  // To ask whether the range is in the page cache,
  std::uint64_t position = 0;        // ...and where it lies in the file.
};

struct TimestampOffset {
  base::Timestamp timestamp = -1;
  base::Offset offset = -1;
  base::LeaderEpoch leader_epoch = -1;
};

/// What a reader may see of a log at one moment. Never changes, and keeps the segments it shows
/// alive. Reads through it go to the file (pread), so that a bad sector is a value.
///
/// Thread: any.
class LogView {
 public:
  /// A segment, as far as it is visible.
  struct Part {
    base::Offset base_offset = 0;
    std::uint64_t size = 0;              // Bytes below the high watermark.
    base::Timestamp max_timestamp = -1;  // Of the whole segment.
    bool whole = true;                   // All of the segment is below the high watermark.
    std::shared_ptr<const SegmentData> data;
    IndexView<OffsetEntry> offsets;
    IndexView<TimeEntry> times;
  };
  /// By base offset; shared by the views between two rolls.
  using Parts = std::shared_ptr<const std::vector<Part>>;

  /// The parts are the first `count` of `sealed`, then `last`, which holds the high watermark.
  LogView(Parts sealed, std::size_t count, Part last, base::Offset start,
          base::Offset high_watermark)
      : sealed_(std::move(sealed)),
        count_(count),
        last_(std::move(last)),
        start_(start),
        high_watermark_(high_watermark) {}

  base::Offset start_offset() const { return start_; }
  base::Offset high_watermark() const { return high_watermark_; }

  /// Whole batches from the one that holds `from` (or the next, after a gap) on, up to `bytes_max`
  /// and the high watermark, from one segment. With `at_least_one`, the first batch comes whole
  /// even if it alone exceeds `bytes_max`. Requires start_offset() <= from <= high_watermark().
  /// `Fault::corruption` where a batch is damaged.
  base::Result<LogSlice> read(base::Offset from, std::size_t bytes_max, bool at_least_one) const;

  /// True if read() from here may have to wait for the disk: the segment is sealed, so that its
  /// index lies in a file, or the bytes behind the index entry are not in the page cache. For the
  /// pool then.
  bool may_block(base::Offset from) const;

  /// The first record whose timestamp is >= `target`, in offset order; nothing if there is none.
  /// Reads and decompresses: for the pool if the log is large.
  base::Result<std::optional<TimestampOffset>> find_time(base::Timestamp target) const;
  /// The record with the largest timestamp, the first of several.
  base::Result<std::optional<TimestampOffset>> find_max_timestamp() const;

  /// Visits the header of every batch from the one that holds `from` on: replay, tools.
  base::Result<> each_header(base::Offset from,
                             const std::function<void(const record::BatchHeader&)>& visit) const;

 private:
  std::size_t parts() const { return count_ + 1; }
  const Part& part(std::size_t i) const { return i < count_ ? (*sealed_)[i] : last_; }
  std::size_t part_with(base::Offset offset) const;

  base::Result<std::uint64_t> position_of(const Part& part, base::Offset offset) const;
  base::Result<std::uint64_t> end_of_slice(const Part& part, std::uint64_t from,
                                           std::size_t bytes_max, bool at_least_one) const;
  base::Result<std::uint64_t> position_before_time(const Part& part, base::Timestamp target) const;
  base::Result<std::optional<TimestampOffset>> find_time_in(const Part& part,
                                                            base::Timestamp target,
                                                            base::Offset least) const;
  base::Result<base::Timestamp> max_timestamp_of(const Part& part) const;

  Parts sealed_;
  std::size_t count_;
  Part last_;
  base::Offset start_;
  base::Offset high_watermark_;
};

}  // namespace storage
