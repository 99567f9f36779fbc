#include "config/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>

#include <fmt/format.h>

namespace config {
namespace {

struct Suffix {
  std::string_view text;  // Sizes: in lower case, as they are compared.
  std::int64_t factor;
};

// Largest first, so that the first that divides a number writes it shortest.
constexpr std::array kDurations{Suffix{"d", 86'400'000}, Suffix{"h", 3'600'000},
                                Suffix{"m", 60'000}, Suffix{"s", 1000}, Suffix{"ms", 1}};
constexpr std::array kBinarySizes{
    Suffix{"tib", std::int64_t{1} << 40}, Suffix{"gib", std::int64_t{1} << 30},
    Suffix{"mib", std::int64_t{1} << 20}, Suffix{"kib", std::int64_t{1} << 10}, Suffix{"b", 1}};
constexpr std::array<std::string_view, 4> kBinaryNames{"TiB", "GiB", "MiB", "KiB"};
constexpr std::array kDecimalSizes{Suffix{"tb", 1'000'000'000'000}, Suffix{"gb", 1'000'000'000},
                                   Suffix{"mb", 1'000'000}, Suffix{"kb", 1000}};

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

const Suffix* find(std::span<const Suffix> suffixes, std::string_view text) {
  const auto found = std::ranges::find(suffixes, text, &Suffix::text);
  return found == suffixes.end() ? nullptr : &*found;
}

/// Null if there is no such unit.
const Suffix* find_suffix(Unit unit, std::string_view text) {
  if (unit == Unit::milliseconds) return find(kDurations, text);
  const auto lower = in_lower_case(text);
  const auto* binary = find(kBinarySizes, lower);
  return binary != nullptr ? binary : find(kDecimalSizes, lower);
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Unit unit_of(std::string_view key) {
  if (key.ends_with(".ms")) return Unit::milliseconds;
  if (key.ends_with(".bytes")) return Unit::bytes;
  return Unit::none;
}

base::Result<std::string> to_plain(Unit unit, std::string_view text) {
  const auto trimmed = trim(text);
  const auto digits = trimmed.find_first_not_of("+-0123456789");
  if (unit == Unit::none || digits == std::string_view::npos) return std::string(text);
  const std::string_view expected =
      unit == Unit::milliseconds
          ? "Not a duration: write a number of milliseconds, or one with ms, s, m, h or d, as in 7d"
          : "Not a size: write a number of bytes, or one with KiB, MiB, GiB, TiB (of 1024) or kB, "
            "MB, GB, TB (of 1000), as in 64MiB";
  const auto* suffix = find_suffix(unit, trim(trimmed.substr(digits)));
  std::int64_t number = 0;
  const auto* begin = trimmed.data();
  const auto* end = begin + digits;
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (suffix == nullptr || error != std::errc{} || stop != end)
    return base::fail(base::Fault::invalid, std::string(expected));
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  if (number > kMax / suffix->factor || number < -(kMax / suffix->factor))
    return base::fail(base::Fault::invalid, "It is too large");
  return fmt::format("{}", number * suffix->factor);
}

std::string to_humane(Unit unit, std::int64_t number) {
  if (unit == Unit::milliseconds && number > 0) {
    for (const auto& suffix : kDurations) {
      if (number % suffix.factor == 0 && suffix.factor > 1)
        return fmt::format("{}{}", number / suffix.factor, suffix.text);
    }
  }
  if (unit == Unit::bytes && number > 0) {
    for (std::size_t i = 0; i < kBinaryNames.size(); ++i) {
      if (number % kBinarySizes.at(i).factor == 0)
        return fmt::format("{}{}", number / kBinarySizes.at(i).factor, kBinaryNames.at(i));
    }
  }
  return fmt::format("{}", number);
}

}  // namespace config
