#include "protocol/record/batch_header.h"

#include <limits>

#include "protocol/base/assert.h"
#include "protocol/base/big_endian.h"
#include "protocol/base/crc32c.h"

namespace record {

using base::load_big_endian;
using base::store_big_endian;

std::optional<BatchHeader> BatchHeader::read(base::BytesView bytes) {
  if (bytes.size() < kSize) return std::nullopt;
  const auto* at = bytes.data();
  return BatchHeader{.base_offset = load_big_endian<std::int64_t>(at),
                     .batch_length = load_big_endian<std::int32_t>(at + 8),
                     .leader_epoch = load_big_endian<std::int32_t>(at + 12),
                     .magic = load_big_endian<std::int8_t>(at + 16),
                     .crc = load_big_endian<std::uint32_t>(at + 17),
                     .attributes = load_big_endian<std::uint16_t>(at + 21),
                     .last_offset_delta = load_big_endian<std::int32_t>(at + 23),
                     .base_timestamp = load_big_endian<std::int64_t>(at + 27),
                     .max_timestamp = load_big_endian<std::int64_t>(at + 35),
                     .producer_id = load_big_endian<std::int64_t>(at + 43),
                     .producer_epoch = load_big_endian<std::int16_t>(at + 51),
                     .base_sequence = load_big_endian<std::int32_t>(at + 53),
                     .record_count = load_big_endian<std::int32_t>(at + 57)};
}

std::array<std::byte, BatchHeader::kSize> BatchHeader::to_bytes() const {
  std::array<std::byte, kSize> bytes;
  auto* at = bytes.data();
  store_big_endian(at, base_offset);
  store_big_endian(at + 8, batch_length);
  store_big_endian(at + 12, leader_epoch);
  store_big_endian(at + 16, magic);
  store_big_endian(at + 17, crc);
  store_big_endian(at + 21, attributes);
  store_big_endian(at + 23, last_offset_delta);
  store_big_endian(at + 27, base_timestamp);
  store_big_endian(at + 35, max_timestamp);
  store_big_endian(at + 43, producer_id);
  store_big_endian(at + 51, producer_epoch);
  store_big_endian(at + 53, base_sequence);
  store_big_endian(at + 57, record_count);
  return bytes;
}

bool BatchHeader::plausible() const {
  constexpr auto kLengthMin = static_cast<std::int32_t>(kSize - kLengthEnd);
  constexpr auto kOffsetMax = std::numeric_limits<base::Offset>::max();
  return magic == kMagic && kLengthMin <= batch_length && batch_length <= kLengthMax &&
         last_offset_delta >= 0 && base_offset >= 0 && base_offset < kOffsetMax - last_offset_delta;
}

std::int32_t BatchHeader::last_sequence() const {
  if (base_sequence < 0) return -1;
  const auto last = std::int64_t{base_sequence} + last_offset_delta;
  return static_cast<std::int32_t>(last & INT32_MAX);
}

void BatchHeader::set_log_append_time(base::Timestamp now) {
  attributes |= 8;
  max_timestamp = now;
}

std::uint32_t batch_crc(const BatchHeader& header, base::BytesView records) {
  const auto bytes = header.to_bytes();
  const auto covered = base::BytesView(bytes).subspan(BatchHeader::kCrcEnd);
  return base::crc32c_extend(base::crc32c(covered), records);
}

bool checksum_matches(const BatchHeader& header, base::BytesView batch) {
  ASSERT(batch.size() == header.total_size(), "the header belongs to this batch");
  return base::crc32c(batch.subspan(BatchHeader::kCrcEnd)) == header.crc;
}

}  // namespace record
