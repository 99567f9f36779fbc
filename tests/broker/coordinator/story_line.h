#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tests/support/scenario.h"

namespace broker_tests {

// Texts that a story's line may hold.

inline std::chrono::milliseconds duration(const std::string& text) {
  std::size_t digits = 0;
  const auto count = std::stod(text, &digits);
  static const std::map<std::string, double> units = {
      {"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(count * units.at(text.substr(digits))));
}
inline std::vector<std::string> parts(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream all(text);
  for (std::string part; std::getline(all, part, separator);) parts.push_back(part);
  return parts;
}
inline std::pair<std::string, std::string> pair(const std::string& text) {
  const auto colon = text.find(':');
  return {text.substr(0, colon), colon == std::string::npos ? "" : text.substr(colon + 1)};
}

/// The turns of `repeat COUNT LINE...` or `repeat FIRST-LAST LINE...`: in each, `%` is its number.
inline std::vector<test_support::Command> turns_of(const test_support::Command& command) {
  const auto& range = command.arguments.at(0).first;
  const auto dash = range.find('-');
  const int first = dash == std::string::npos ? 1 : std::stoi(range);
  const int last = std::stoi(dash == std::string::npos ? range : range.substr(dash + 1));
  std::vector<test_support::Command> turns;
  for (int number = first; number <= last; ++number) {
    const auto filled = [&number](std::string text) {
      for (auto at = text.find('%'); at != std::string::npos; at = text.find('%'))
        text.replace(at, 1, std::to_string(number));
      return text;
    };
    auto& turn = turns.emplace_back();
    turn.verb = command.arguments.at(1).first;
    for (std::size_t i = 2; i < command.arguments.size(); ++i) {
      const auto& [name, value] = command.arguments[i];
      turn.arguments.emplace_back(filled(name), value ? std::optional(filled(*value)) : value);
    }
  }
  return turns;
}

/// The line with `%` for the number of the first name that has one (`m7 syncs: gets m7`), in all
/// names that have this number. Other numbers stay.
inline std::string without_number(const std::string& line) {
  const auto is_digit = [](char each) { return each >= '0' && each <= '9'; };
  const auto is_letter = [](char each) { return each >= 'a' && each <= 'z'; };
  std::string number;
  std::string text;
  for (std::size_t at = 0; at < line.size();) {
    auto end = at;
    while (end < line.size() && is_digit(line[end])) ++end;
    const auto digits = line.substr(at, end - at);
    const bool names = !digits.empty() && at > 0 && is_letter(line[at - 1]);
    if (names && number.empty()) number = digits;
    text += names && digits == number ? "%" : digits;
    if (end < line.size()) text += line[end++];
    at = end;
  }
  return text;
}

/// What thousands say, so that it can be read: of more than twenty lines, those that differ in the
/// number of a name only (`m7 syncs: gets m7`) become one (`1000 x m% syncs: gets m%`).
inline std::string shortened(const std::string& printed) {
  constexpr int kManyLines = 20;
  if (std::ranges::count(printed, '\n') <= kManyLines) return printed;
  struct Kind {
    std::string line;   // With % for the number.
    std::string first;  // As it was said.
    int count = 0;
  };
  std::vector<Kind> kinds;
  std::map<std::string, std::size_t> known;
  for (const auto& line : parts(printed, '\n')) {
    const auto general = without_number(line);
    const auto [kind, is_new] = known.try_emplace(general, kinds.size());
    if (is_new) kinds.push_back({general, line});
    ++kinds[kind->second].count;
  }
  std::string text;
  for (const auto& kind : kinds)
    text += (kind.count > 1 ? fmt::format("{} x {}", kind.count, kind.line) : kind.first) + "\n";
  return text;
}

/// A line of a story about groups, taken apart: words, NAME=VALUE, and TOPIC/PARTITION=VALUE.
struct StoryLine {
  StoryLine() = default;
  explicit StoryLine(const test_support::Command& command) {
    for (const auto& [name, value] : command.arguments) {
      if (name.find('/') != std::string::npos)
        items.emplace_back(name, value.value_or(""));
      else if (value)
        options[name] = *value;
      else
        words.push_back(name);
    }
  }

  std::optional<std::string> option(const std::string& name) const {
    const auto found = options.find(name);
    return found == options.end() ? std::nullopt : std::optional(found->second);
  }

  /// Items by topic; `each(topic, partition, value)`.
  template <class Topic, class Each>
  std::vector<Topic> topics(Each each) const {
    std::vector<Topic> topics;
    for (const auto& [where, what] : items) {
      const auto slash = where.find('/');
      const auto name = where.substr(0, slash);
      if (topics.empty() || topics.back().name != name) topics.emplace_back().name = name;
      each(topics.back(), std::stoi(where.substr(slash + 1)), what);
    }
    return topics;
  }

  std::vector<std::string> words;
  std::map<std::string, std::string> options;
  std::vector<std::pair<std::string, std::string>> items;
};

}  // namespace broker_tests
