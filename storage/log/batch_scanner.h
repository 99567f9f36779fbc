#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "protocol/record/batch_header.h"
#include "storage/file/file_system.h"

namespace storage {

/// Walks the batches of a data file with pread.
///
///     BatchScanner scanner(file, base_offset, {.from = position, .end = size});
///     while (const auto header = TRY(scanner.next_header())) { ... scanner.batch() ... }
///
/// Thread: one.
class BatchScanner {
 public:
  /// How much is read at a time: a lot to go through all bytes, little to look at headers only.
  static constexpr std::size_t kWholeBatches = std::size_t{1} << 20;
  static constexpr std::size_t kHeadersOnly = std::size_t{8} << 10;

  struct Range {
    std::uint64_t from = 0;
    std::uint64_t end = 0;
  };

  /// `base_offset` is the segment's: no batch in it begins before or ends 2^31 offsets later.
  BatchScanner(const File& file, base::Offset base_offset, Range range, std::size_t piece)
      : file_(file),
        base_offset_(base_offset),
        next_(range.from),
        end_(range.end),
        piece_(piece),
        offset_least_(base_offset) {}

  /// The header of the next batch that lies whole before the end; nothing at the end, or where no
  /// plausible batch begins: its offsets must follow those before it, gaps allowed. Checks no
  /// checksum.
  base::Result<std::optional<record::BatchHeader>> next_header();
  /// Where the batch of the last header begins.
  std::uint64_t position() const { return at_; }
  /// Where the next one would begin: where the scan stands, after it came to nothing.
  std::uint64_t next_position() const { return next_; }
  /// All bytes of the batch of the last header; valid until the next call.
  base::Result<base::BytesView> batch();

 private:
  base::Result<base::BytesView> window(std::uint64_t at, std::size_t size);
  bool fits(const record::BatchHeader& header) const;

  const File& file_;
  const base::Offset base_offset_;
  std::uint64_t at_ = 0;
  std::uint64_t next_;
  const std::uint64_t end_;
  const std::size_t piece_;
  base::Offset offset_least_;
  std::size_t batch_size_ = 0;
  std::vector<std::byte> buffer_;
  std::uint64_t buffer_at_ = 0;
};

}  // namespace storage
