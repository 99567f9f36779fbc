#include "storage/log/segment_index.h"

#include "protocol/base/big_endian.h"

namespace storage {

using base::load_big_endian;
using base::store_big_endian;

void OffsetEntry::store(std::byte* to) const {
  store_big_endian(to, relative_offset);
  store_big_endian(to + 4, position);
}

OffsetEntry OffsetEntry::load(const std::byte* from) {
  return {.relative_offset = load_big_endian<std::int32_t>(from),
          .position = load_big_endian<std::int32_t>(from + 4)};
}

void TimeEntry::store(std::byte* to) const {
  store_big_endian(to, timestamp);
  store_big_endian(to + 8, relative_offset);
}

TimeEntry TimeEntry::load(const std::byte* from) {
  return {.timestamp = load_big_endian<std::int64_t>(from),
          .relative_offset = load_big_endian<std::int32_t>(from + 8)};
}

std::vector<std::byte> IndexContents::offset_bytes() const {
  std::vector<std::byte> bytes(offsets.size * OffsetEntry::kSize);
  auto* at = bytes.data();
  for (const auto& entry : offsets.items()) {
    entry.store(at);
    at += OffsetEntry::kSize;
  }
  return bytes;
}

std::vector<std::byte> IndexContents::time_bytes() const {
  std::vector<std::byte> bytes((times.size + (last_time ? 1 : 0)) * TimeEntry::kSize);
  auto* at = bytes.data();
  for (const auto& entry : times.items()) {
    entry.store(at);
    at += TimeEntry::kSize;
  }
  if (last_time) last_time->store(at);
  return bytes;
}

}  // namespace storage
