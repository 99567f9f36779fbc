#include "protocol/base/uuid.h"

#include <cstdint>

#include "protocol/base/random.h"

namespace base {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kTextSize = 22;
// Kafka keeps the ids 0, 1 and those whose high half is zero (Uuid.RESERVED) for itself.
constexpr std::size_t kHighHalf = 8;

}  // namespace

std::string Uuid::to_text() const {
  std::string text;
  text.reserve(kTextSize);
  std::uint32_t bits = 0;
  int held = 0;
  for (const auto byte : bytes) {
    bits = (bits << 8) | std::to_integer<std::uint32_t>(byte);
    held += 8;
    while (held >= 6) {
      held -= 6;
      text += kAlphabet[(bits >> held) & 63];
    }
  }
  text += kAlphabet[(bits << (6 - held)) & 63];
  return text;
}

std::optional<Uuid> Uuid::from_text(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  Uuid id;
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t at = 0;
  for (const char c : text) {
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    id.bytes[at++] = static_cast<std::byte>(bits >> held);
  }
  return id;
}

Uuid Uuid::make(Random& random) {
  for (;;) {
    Uuid id;
    for (std::size_t at = 0; at < id.bytes.size(); at += sizeof(std::uint64_t)) {
      const auto bits = random.next();
      std::memcpy(id.bytes.data() + at, &bits, sizeof bits);
    }
    id.bytes[6] = (id.bytes[6] & std::byte{0x0f}) | std::byte{0x40};
    id.bytes[8] = (id.bytes[8] & std::byte{0x3f}) | std::byte{0x80};
    bool reserved = true;
    for (std::size_t at = 0; at < kHighHalf; ++at) reserved &= id.bytes[at] == std::byte{0};
    if (!reserved && id.to_text().front() != '-') return id;
  }
}

}  // namespace base
