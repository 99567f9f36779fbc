#include "config/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace config {
namespace {

constexpr std::string_view kSpaces = " \t\r\n\f\v";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

/// `shown` is the text as given where it cannot be read, and the value as read where it can: what
/// Kafka shows.
std::unexpected<base::Error> refuse(std::string_view name, std::string_view shown,
                                    std::string_view why) {
  return base::fail(base::Fault::invalid,
                    fmt::format("Invalid value {} for configuration {}: {}", shown, name, why));
}

std::string print_double(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  constexpr double kPlainFrom = 1e-3;
  constexpr double kPlainBelow = 1e7;
  const auto size = std::fabs(value);
  const bool plain = size == 0 || (kPlainFrom <= size && size < kPlainBelow);
  std::array<char, 64> digits{};  // The longest plain one has 7 + 1 + 20.
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string_view text(digits.data(), end.ptr);
  std::string exponent;
  if (const auto e = text.find('e'); e != std::string_view::npos) {
    int power = 0;
    const auto* from = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
    std::from_chars(from, text.data() + text.size(), power);
    exponent = fmt::format("E{}", power);
    text = text.substr(0, e);
  }
  return fmt::format("{}{}{}", text, text.find('.') == std::string_view::npos ? ".0" : "",
                     exponent);
}

/// Java takes one plus sign, where from_chars takes none.
std::string_view without_plus(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  return text;
}

base::Result<Value> read_boolean(std::string_view name, std::string_view text) {
  std::string lower(trim(text));
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (lower == "true") return true;
  if (lower == "false") return false;
  return refuse(name, text, "Expected value to be either true or false");
}

base::Result<Value> read_integer(std::string_view name, KeyType type, std::string_view text) {
  const auto digits = without_plus(trim(text));
  std::int64_t value = 0;
  const auto* begin = digits.data();
  const auto* end = begin + digits.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  const bool fits = type != KeyType::int32 || (std::numeric_limits<std::int32_t>::min() <= value &&
                                               value <= std::numeric_limits<std::int32_t>::max());
  if (error != std::errc{} || stop != end || !fits)
    return refuse(
        name, text,
        type == KeyType::int32 ? "Not a number of type INT" : "Not a number of type LONG");
  return value;
}

base::Result<Value> read_double(std::string_view name, std::string_view text) {
  auto digits = without_plus(trim(text));
  constexpr auto kInfinity = std::numeric_limits<double>::infinity();
  if (digits == "Infinity") return kInfinity;
  if (digits == "-Infinity") return -kInfinity;
  // Java's float suffixes; and where from_chars reads words, Java reads only the two above.
  if (!digits.empty() && std::string_view("fFdD").find(digits.back()) != std::string_view::npos)
    digits.remove_suffix(1);
  const bool is_number = digits.find_first_not_of("+-.0123456789eE") == std::string_view::npos;
  double value = 0;
  const auto* begin = digits.data();
  const auto* end = begin + digits.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (is_number && stop == end && error == std::errc::result_out_of_range) {
    // Too large, or too small to tell from nothing: the exponent's sign says which.
    const bool tiny =
        digits.find("e-") != std::string_view::npos || digits.find("E-") != std::string_view::npos;
    return tiny ? 0.0 : digits.starts_with('-') ? -kInfinity : kInfinity;
  }
  if (!is_number || error != std::errc{} || stop != end)
    return refuse(name, text, "Not a number of type DOUBLE");
  return value;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> elements;
  text = trim(text);
  if (text.empty()) return elements;
  for (;;) {
    const auto comma = text.find(',');
    elements.emplace_back(trim(text.substr(0, comma)));
    if (comma == std::string_view::npos) return elements;
    text.remove_prefix(comma + 1);
  }
}

base::Result<Value> read_typed(std::string_view name, KeyType type, std::string_view text) {
  switch (type) {
    case KeyType::boolean:
      return read_boolean(name, text);
    case KeyType::int16:
    case KeyType::int32:
    case KeyType::int64:
      return read_integer(name, type, text);
    case KeyType::float64:
      return read_double(name, text);
    case KeyType::list:
      return split(text);
    case KeyType::string:
    case KeyType::unknown:
      break;
  }
  return std::string(trim(text));
}

base::Result<> check_choice(std::string_view name, const std::string& value, const Rule& rule) {
  if (std::ranges::find(rule.one_of, value) != rule.one_of.end()) return {};
  return refuse(name, value,
                fmt::format("String must be one of: {}", fmt::join(rule.one_of, ", ")));
}

template <class Number>
base::Result<> check_range(std::string_view name, Number value, const Rule& rule) {
  // Written so that it refuses a double that is not a number.
  if (!(value >= static_cast<Number>(rule.at_least)))
    return refuse(name, print_value(value),
                  fmt::format("Value must be at least {}", rule.at_least));
  if (!(value <= static_cast<Number>(rule.at_most)))
    return refuse(name, print_value(value),
                  fmt::format("Value must be no more than {}", rule.at_most));
  return {};
}

base::Result<> check_list(std::string_view name, std::vector<std::string>& elements,
                          const Rule& rule) {
  std::vector<std::string> distinct;
  for (auto& element : elements) {
    if (element.empty())
      return base::fail(base::Fault::invalid,
                        fmt::format("Configuration '{}' values must not be empty.", name));
    TRY(check_choice(name, element, rule));
    if (std::ranges::find(distinct, element) == distinct.end())
      distinct.push_back(std::move(element));
  }
  elements = std::move(distinct);
  return {};
}

base::Result<> check(std::string_view name, Value& value, const Rule& rule) {
  if (rule.also != nullptr) {
    if (const auto why = rule.also(name, value)) {
      const auto* list = std::get_if<std::vector<std::string>>(&value);
      return refuse(
          name, list != nullptr ? fmt::format("[{}]", fmt::join(*list, ", ")) : print_value(value),
          *why);
    }
  }
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    return check_range(name, *integer, rule);
  if (const auto* number = std::get_if<double>(&value)) return check_range(name, *number, rule);
  if (rule.one_of.empty()) return {};
  if (const auto* text = std::get_if<std::string>(&value)) return check_choice(name, *text, rule);
  if (auto* list = std::get_if<std::vector<std::string>>(&value))
    return check_list(name, *list, rule);
  return {};
}

}  // namespace

base::Result<Value> read_value(std::string_view name, KeyType type, const Rule& rule,
                               std::string_view text) {
  auto value = TRY(read_typed(name, type, text));
  TRY(check(name, value, rule));
  return value;
}

std::string print_value(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* number = std::get_if<double>(&value)) return print_double(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return fmt::format("{}", fmt::join(std::get<std::vector<std::string>>(value), ","));
}

}  // namespace config
