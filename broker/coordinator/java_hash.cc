#include "broker/coordinator/java_hash.h"

namespace broker {
namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

/// Takes one character off the front of `text`, which is not empty.
std::uint32_t take_character(std::string_view& text) {
  const auto byte = [&text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto first = byte(0);
  std::size_t length = 1;
  std::uint32_t character = first;
  if (first >= 0xf0 && first < 0xf8) {
    length = 4;
    character = first & 0x07U;
  } else if (first >= 0xe0 && first < 0xf0) {
    length = 3;
    character = first & 0x0fU;
  } else if (first >= 0xc0 && first < 0xe0) {
    length = 2;
    character = first & 0x1fU;
  } else if (first >= 0x80) {
    character = kReplacement;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) {
      length = i;
      character = kReplacement;
      break;
    }
    character = (character << 6U) | (byte(i) & 0x3fU);
  }
  text.remove_prefix(length);
  return character;
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

}  // namespace broker
