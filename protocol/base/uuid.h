#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace base {

class Random;

/// A topic id or cluster id: 16 bytes, printed as Kafka prints them (org.apache.kafka.common.Uuid:
/// URL-safe base64 without padding, 22 characters).
struct Uuid {
  std::array<std::byte, 16> bytes{};

  friend auto operator<=>(const Uuid&, const Uuid&) = default;

  /// Kafka's ZERO_UUID stands for "no id".
  bool is_zero() const { return *this == Uuid{}; }
  std::string to_text() const;
  /// Nothing if `text` is not 22 characters of URL-safe base64.
  static std::optional<Uuid> from_text(std::string_view text);
  /// A version 4 UUID (RFC 9562) that is none of Kafka's reserved ids and whose text does not begin
  /// with '-', which tools would take for a flag.
  static Uuid make(Random& random);
};

}  // namespace base

template <>
struct std::hash<base::Uuid> {
  std::size_t operator()(const base::Uuid& id) const noexcept {
    std::size_t half[2];  // Random bits already: any of them is a good hash.
    std::memcpy(half, id.bytes.data(), sizeof half);
    return half[0] ^ half[1];
  }
};
