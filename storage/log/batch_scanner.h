#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/record/batch_header.h"
#include "storage/file/file_system.h"

namespace storage {

/// Walks the batches of a data file with pread, in large pieces.
///
///     BatchScanner scanner(file, position, end);
///     while (const auto header = TRY(scanner.next_header())) { ... scanner.batch() ... }
///
/// Thread: one.
class BatchScanner {
 public:
  /// `piece` is how much is read at a time: small to find one batch, large to go through many.
  BatchScanner(const File& file, std::uint64_t from, std::uint64_t end,
               std::size_t piece = std::size_t{1} << 20)
      : file_(file), next_(from), end_(end), piece_(piece) {}

  /// The header of the next batch that lies whole before the end; nothing at the end, or where no
  /// plausible batch begins. Checks no checksum.
  base::Result<std::optional<record::BatchHeader>> next_header();
  /// Where the batch of the last header begins.
  std::uint64_t position() const { return at_; }
  /// Where the next one would begin: where the scan stands, after it came to nothing.
  std::uint64_t next_position() const { return next_; }
  /// All bytes of the batch of the last header; valid until the next call.
  base::Result<base::BytesView> batch();

 private:
  base::Result<base::BytesView> window(std::uint64_t at, std::size_t size);

  const File& file_;
  std::uint64_t at_ = 0;
  std::uint64_t next_;
  const std::uint64_t end_;
  const std::size_t piece_;
  std::size_t batch_size_ = 0;
  std::vector<std::byte> buffer_;
  std::uint64_t buffer_at_ = 0;
};

}  // namespace storage
