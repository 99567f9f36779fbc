#include "storage/log/log_files.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace storage {
namespace {

constexpr std::size_t kDigits = 20;

bool is_digit(char c) { return '0' <= c && c <= '9'; }

}  // namespace

std::string file_name(base::Offset offset, std::string_view suffix) {
  return fmt::format("{:0{}d}{}", offset, kDigits, suffix);
}

std::optional<base::Offset> offset_in_name(std::string_view name, std::string_view suffix) {
  if (name.size() != kDigits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  const auto digits = name.substr(0, kDigits);
  if (!std::ranges::all_of(digits, is_digit)) return std::nullopt;
  base::Offset offset = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + kDigits, offset);
  if (error != std::errc{}) return std::nullopt;
  return offset;
}

}  // namespace storage
