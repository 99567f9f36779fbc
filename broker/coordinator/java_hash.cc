#include "broker/coordinator/java_hash.h"

namespace broker {
namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

/// How many bytes the character has that begins so; 1 also for what begins none.
std::size_t length_of(unsigned first) {
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  if (first >= 0xf0 && first < 0xf5) return 4;
  return 1;
}

/// True for bytes that may come second after `first`: what would be too long for its character, or
/// too large, is none (Unicode, table 3-7).
bool may_follow(unsigned first, unsigned second) {
  const auto low = first == 0xe0 ? 0xa0U : first == 0xf0 ? 0x90U : 0x80U;
  const auto high = first == 0xf4 ? 0x8fU : 0xbfU;
  return low <= second && second <= high;
}

/// Takes one character off the front of `text`, which is not empty.
std::uint32_t take_character(std::string_view& text) {
  const auto byte = [&text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto first = byte(0);
  const auto length = length_of(first);
  auto character = length > 1 ? first & (0xffU >> (length + 1)) : first;
  if (length == 1 && first >= 0x80) character = kReplacement;
  std::size_t taken = 1;
  for (; taken < length; ++taken) {
    const auto next = byte(taken);
    if (!may_follow(taken == 1 ? first : 0, next)) {
      character = kReplacement;
      break;
    }
    character = (character << 6U) | (next & 0x3fU);
  }
  text.remove_prefix(taken);
  const bool half_of_a_pair = character >= 0xd800 && character < 0xe000;
  return half_of_a_pair ? kReplacement : character;
}

}  // namespace

std::int32_t java_hash(std::string_view text) {
  std::uint32_t hash = 0;
  while (!text.empty()) {
    const auto character = take_character(text);
    if (character < 0x10000) {
      hash = hash * 31 + character;
    } else {
      hash = hash * 31 + (0xd800 + ((character - 0x10000) >> 10U));
      hash = hash * 31 + (0xdc00 + ((character - 0x10000) & 0x3ffU));
    }
  }
  return static_cast<std::int32_t>(hash);
}

std::size_t java_length(std::string_view text) {
  std::size_t length = 0;
  while (!text.empty()) length += take_character(text) < 0x10000 ? 1 : 2;
  return length;
}

}  // namespace broker
