#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/base/bytes.h"

namespace base {

// Kafka's variable-length integers: 7 bits a byte, low bits first, the top bit says that more
// follow; signed ones in zigzag order, so that small negatives are short (ByteUtils).

/// Reads a zigzag varint of at most 32 bits from the front of `from` and takes it off. False, with
/// `from` in an unspecified state, if it is cut short or longer than five bytes.
inline bool take_varint(BytesView& from, std::int32_t& value) {
  std::uint32_t bits = 0;
  const auto* at = from.data();
  const auto* const end = at + from.size();
  for (int shift = 0; shift < 35; shift += 7) {
    if (at == end) return false;
    const auto byte = std::to_integer<std::uint32_t>(*at++);
    if (shift == 28 && byte > 0x0f) return false;
    bits |= (byte & 0x7f) << shift;
    if ((byte & 0x80) != 0) continue;
    value = static_cast<std::int32_t>((bits >> 1) ^ (~(bits & 1) + 1));
    from = from.subspan(static_cast<std::size_t>(at - from.data()));
    return true;
  }
  return false;
}

/// The same for 64 bits and at most ten bytes.
inline bool take_varlong(BytesView& from, std::int64_t& value) {
  std::uint64_t bits = 0;
  const auto* at = from.data();
  const auto* const end = at + from.size();
  for (int shift = 0; shift < 70; shift += 7) {
    if (at == end) return false;
    const auto byte = std::to_integer<std::uint64_t>(*at++);
    if (shift == 63 && byte > 1) return false;
    bits |= (byte & 0x7f) << shift;
    if ((byte & 0x80) != 0) continue;
    value = static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
    from = from.subspan(static_cast<std::size_t>(at - from.data()));
    return true;
  }
  return false;
}

/// Appends a zigzag varint; for 32-bit values it is what take_varint() reads.
inline void put_varlong(std::vector<std::byte>& out, std::int64_t value) {
  auto bits = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  for (; bits >= 0x80; bits >>= 7) out.push_back(static_cast<std::byte>(bits | 0x80));
  out.push_back(static_cast<std::byte>(bits));
}

/// How many bytes put_varlong() appends.
inline std::size_t varlong_size(std::int64_t value) {
  auto bits = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  std::size_t size = 1;
  for (; bits >= 0x80; bits >>= 7) ++size;
  return size;
}

}  // namespace base
