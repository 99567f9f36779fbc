#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace protocol {

using ApiVersion = std::int16_t;

/// The versions of an API in which something exists. Kafka writes "2-4" and "6+".
struct Versions {
  ApiVersion first = 0;
  ApiVersion last = std::numeric_limits<ApiVersion>::max();

  constexpr bool contains(ApiVersion v) const { return first <= v && v <= last; }
};

/// No message has a tag above this one: higher ones are unknown and skipped at once, so that many
/// of them cost no more than their bytes.
inline constexpr int kTagMax = 31;
/// A text on the wire has at most so many bytes, even where its length is a varint (Kafka's
/// generated messages).
inline constexpr std::size_t kTextMax = 0x7fff;

/// Where one field of a message appears on the wire.
struct Field {
  Versions present{};
  Versions nullable{1, 0};  // Empty: never null.
  int tag = -1;             // -1: an ordinary field, in order.
  bool is_secret = false;   // Never printed.

  constexpr Field or_null(ApiVersion from = 0) const {
    Field f = *this;
    f.nullable = {from};
    return f;
  }
  constexpr Field tagged(int number) const {
    Field f = *this;
    f.tag = number;
    return f;
  }
  constexpr Field secret() const {
    Field f = *this;
    f.is_secret = true;
    return f;
  }
};

constexpr Field always() { return {}; }
constexpr Field since(ApiVersion first) { return {.present = {first}}; }
constexpr Field between(ApiVersion first, ApiVersion last) { return {.present = {first, last}}; }

/// What a message says about itself as a whole.
struct ApiSpec {
  std::int16_t key;
  Versions valid;
  ApiVersion flexible_from = std::numeric_limits<ApiVersion>::max();

  constexpr bool flexible(ApiVersion v) const { return v >= flexible_from; }
};

}  // namespace protocol
