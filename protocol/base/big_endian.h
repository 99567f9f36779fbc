#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>

namespace base {

/// Reads a whole number in network byte order, which is Kafka's on the wire and on disk. The caller
/// has checked that `sizeof(I)` bytes are there.
template <std::integral I>
I load_big_endian(const std::byte* from) {
  I value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native == std::endian::little && sizeof(I) > 1)
    value = std::byteswap(value);
  return value;
}

template <std::integral I>
void store_big_endian(std::byte* to, I value) {
  if constexpr (std::endian::native == std::endian::little && sizeof(I) > 1)
    value = std::byteswap(value);
  std::memcpy(to, &value, sizeof value);
}

}  // namespace base
