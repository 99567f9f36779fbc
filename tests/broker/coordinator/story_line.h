#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

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
