#include "protocol/base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#endif

namespace base {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // Reflected.

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? kPolynomial ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  return table;
}
constexpr auto kTable = make_table();

#if defined(__x86_64__)

// The crc32 instruction has a latency of three cycles and a throughput of one: three streams at
// once keep it busy. Their checksums are joined by a carry-less multiplication with x^(8 * bytes
// that follow) mod P (Gopal et al., "Fast CRC computation for iSCSI polynomial using CRC32
// instruction").
constexpr std::size_t kStream = 1024;

/// x^n mod P, reflected.
constexpr std::uint32_t power_of_x(std::size_t n) {
  std::uint32_t value = 0x80000000;
  for (; n > 0; --n) value = (value & 1) != 0 ? kPolynomial ^ (value >> 1) : value >> 1;
  return value;
}
// A multiplication of reflected 32-bit values comes out one bit low, and the reduction by the crc32
// instruction shifts by 32 more: hence 33 less.
constexpr std::uint32_t kAfterOne = power_of_x(8 * kStream - 33);
constexpr std::uint32_t kAfterTwo = power_of_x(2UL * 8 * kStream - 33);

std::uint64_t load64(const std::byte* from) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return value;
}

__attribute__((target("sse4.2,pclmul"))) std::uint64_t shifted(std::uint32_t crc,
                                                               std::uint32_t factor) {
  const auto product = _mm_clmulepi64_si128(_mm_cvtsi32_si128(static_cast<int>(crc)),
                                            _mm_cvtsi32_si128(static_cast<int>(factor)), 0);
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
}

__attribute__((target("sse4.2,pclmul"))) std::uint32_t extend_in_hardware(std::uint32_t crc,
                                                                          BytesView bytes) {
  const auto* at = bytes.data();
  auto left = bytes.size();
  std::uint64_t a = ~crc;
  for (; left >= 3 * kStream; left -= 3 * kStream, at += 3 * kStream) {
    std::uint64_t b = 0;
    std::uint64_t c = 0;
    // The last eight bytes of the middle part are left for the join below.
    for (std::size_t i = 0; i < kStream; i += 8) {
      a = _mm_crc32_u64(a, load64(at + i));
      b = _mm_crc32_u64(b, load64(at + kStream + i));
      if (i + 8 < kStream) c = _mm_crc32_u64(c, load64(at + 2 * kStream + i));
    }
    const auto join = shifted(static_cast<std::uint32_t>(a), kAfterTwo) ^
                      shifted(static_cast<std::uint32_t>(b), kAfterOne);
    a = _mm_crc32_u64(c, load64(at + 3 * kStream - 8) ^ join);
  }
  for (; left >= 8; left -= 8, at += 8) a = _mm_crc32_u64(a, load64(at));
  auto low = static_cast<std::uint32_t>(a);
  for (; left > 0; --left, ++at) low = _mm_crc32_u8(low, std::to_integer<std::uint8_t>(*at));
  return ~low;
}

const bool kHardware = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");

#endif

}  // namespace

std::uint32_t crc32c_extend_by_table(std::uint32_t crc, BytesView bytes) {
  std::uint32_t c = ~crc;
  for (const auto byte : bytes)
    c = kTable[(c ^ std::to_integer<std::uint32_t>(byte)) & 0xff] ^ (c >> 8);
  return ~c;
}

std::uint32_t crc32c_extend(std::uint32_t crc, BytesView bytes) {
#if defined(__x86_64__)
  if (kHardware) return extend_in_hardware(crc, bytes);
#endif
  return crc32c_extend_by_table(crc, bytes);
}

std::uint32_t crc32c(BytesView bytes) { return crc32c_extend(0, bytes); }

}  // namespace base
