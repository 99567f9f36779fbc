#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/record/compression.h"

namespace record {

/// The fixed part of a v2 record batch, the unit that clients send, the log keeps and consumers
/// get. Source: Kafka's DefaultRecordBatch. Big-endian:
///
///     at  size                                 at  size
///      0   8  base offset        (*)           27   8  base timestamp
///      8   4  length after this  (*)           35   8  max timestamp
///     12   4  leader epoch       (*)           43   8  producer id
///     16   1  magic = 2          (*)           51   2  producer epoch
///     17   4  CRC-32C of all from 21 on        53   4  base sequence
///     21   2  attributes                       57   4  number of records
///     23   4  last offset delta                61      the records
///
/// (*) lies outside the checksum: the broker stamps base offset and leader epoch without a new one.
struct BatchHeader {
  static constexpr std::size_t kSize = 61;
  static constexpr std::size_t kLengthEnd = 12;  // `batch_length` counts from here.
  static constexpr std::size_t kStampEnd = 16;   // Base offset, length and leader epoch end here.
  static constexpr std::size_t kCrcAt = 17;
  static constexpr std::size_t kCrcEnd = 21;  // The checksum covers everything from here on.
  static constexpr std::int8_t kMagic = 2;
  /// No batch is larger; a length beyond it is damage (Kafka's own limit is 2^31 - 1).
  static constexpr std::int32_t kLengthMax = 1 << 30;

  base::Offset base_offset = 0;
  std::int32_t batch_length = 0;
  base::LeaderEpoch leader_epoch = -1;
  std::int8_t magic = kMagic;
  std::uint32_t crc = 0;
  std::uint16_t attributes = 0;
  std::int32_t last_offset_delta = 0;
  base::Timestamp base_timestamp = -1;
  base::Timestamp max_timestamp = -1;
  base::ProducerId producer_id = -1;
  base::ProducerEpoch producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int32_t record_count = 0;

  bool operator==(const BatchHeader&) const = default;

  /// Reads the fields as they stand, checking nothing. Nothing if fewer than 61 bytes are there.
  static std::optional<BatchHeader> read(base::BytesView bytes);
  /// Writes the 61 bytes, `crc` as it stands.
  std::array<std::byte, kSize> to_bytes() const;

  /// True if this can be the header of a whole batch: magic 2, a length in range, and offsets that
  /// exist, next_offset() included. No checksum covers the base offset.
  bool plausible() const;

  /// Bytes on the wire and on disk, the header included. Requires plausible().
  std::size_t total_size() const { return kLengthEnd + static_cast<std::size_t>(batch_length); }
  base::Offset last_offset() const { return base_offset + last_offset_delta; }
  base::Offset next_offset() const { return last_offset() + 1; }
  /// The sequence number of the last record; sequences wrap from 2^31 - 1 to 0 (KIP-98).
  std::int32_t last_sequence() const;

  Codec codec() const { return static_cast<Codec>(attributes & 7); }
  bool log_append_time() const { return (attributes & 8) != 0; }
  bool transactional() const { return (attributes & 16) != 0; }
  bool control() const { return (attributes & 32) != 0; }
  bool has_producer() const { return producer_id >= 0; }

  void set_log_append_time(base::Timestamp now);
};

/// The CRC-32C a batch must carry: over the header from the attributes on, then the records.
/// `records` are the bytes after the header.
std::uint32_t batch_crc(const BatchHeader& header, base::BytesView records);

/// True if `batch`, a whole batch of plausible size, matches its own checksum.
bool checksum_matches(const BatchHeader& header, base::BytesView batch);

}  // namespace record
