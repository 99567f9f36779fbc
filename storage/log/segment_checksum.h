#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "storage/file/file_system.h"

namespace storage {

/// The file `NNN.checksum` of a settled segment: what its `NNN.log` was when it was sealed. Kafka's
/// checksum leaves 17 bytes of each batch header uncovered; this covers every byte, and tells which
/// header was hit. All numbers are big-endian:
///
///      0   4  "STCS"                       30   4  number of batches n
///      4   2  version = 1                  34  4n  CRC-32C of each batch's 61 header bytes
///      6   8  bytes of NNN.log           34+4n  4  CRC-32C of all before
///     14  16  XXH3-128 of NNN.log, in its canonical form
struct SegmentChecksum {
  std::uint64_t bytes = 0;
  std::array<std::byte, 16> xxh3{};
  std::vector<std::uint32_t> headers;

  bool operator==(const SegmentChecksum&) const = default;

  std::vector<std::byte> to_bytes() const;
  /// `Fault::corruption` unless to_bytes() can have written it, `Fault::unsupported` for another
  /// version.
  static base::Result<SegmentChecksum> parse(base::BytesView bytes);
  /// What a checksum file says of the segment's length, without a look at the rest: where that is
  /// not the segment's length, parse() tells which of the two files is damaged.
  static base::Result<std::uint64_t> segment_bytes(const File& checksum_file);
  /// Reads the first `bytes` of a segment's data file, which must be whole batches:
  /// `Fault::corruption` else. Slow: for the pool.
  static base::Result<SegmentChecksum> of(const File& file, base::Offset base_offset,
                                          std::uint64_t bytes);
};

}  // namespace storage
