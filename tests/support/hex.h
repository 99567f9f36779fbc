#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "protocol/base/assert.h"
#include "protocol/base/bytes.h"

namespace tests {

/// Bytes as a test writes them: hexadecimal digits in pairs, and texts in single quotes; blanks
/// and line ends count for nothing.
///
///     hex("0012 0003  0005 'hello'")
inline std::vector<std::byte> hex(std::string_view text) {
  const auto digit = [](char c) {
    const auto value = std::string_view("0123456789abcdef").find(c);
    ASSERT(value != std::string_view::npos, "a hexadecimal digit");
    return static_cast<unsigned>(value);
  };
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ' || text[i] == '\n') continue;
    if (text[i] == '\'') {
      const auto end = text.find('\'', i + 1);
      ASSERT(end != std::string_view::npos, "a text ends in its quote");
      const auto quoted = base::as_bytes(text.substr(i + 1, end - i - 1));
      bytes.insert(bytes.end(), quoted.begin(), quoted.end());
      i = end;
      continue;
    }
    ASSERT(i + 1 < text.size(), "digits come in pairs");
    bytes.push_back(static_cast<std::byte>(digit(text[i]) << 4 | digit(text[i + 1])));
    ++i;
  }
  return bytes;
}

}  // namespace tests
