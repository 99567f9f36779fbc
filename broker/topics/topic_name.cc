#include "broker/topics/topic_name.h"

#include <algorithm>
#include <array>
#include <ranges>

#include <fmt/format.h>

namespace broker {
namespace {

constexpr std::size_t kNameMax = 249;
constexpr std::array<std::string_view, 4> kInternalTopics{
    "__cluster_metadata", "__consumer_offsets", "__share_group_state", "__transaction_state"};

bool is_legal(char c) {
  return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

std::optional<std::string> problem_with_topic_name(std::string_view name) {
  if (name.empty()) return "Topic name is invalid: the empty string is not allowed";
  if (name == "." || name == "..")
    return fmt::format("Topic name is invalid: '{}' is not allowed", name);
  if (name.size() > kNameMax)
    return fmt::format(
        "Topic name is invalid: the length of '{}' is longer than the max allowed "
        "length {}",
        name, kNameMax);
  if (!std::ranges::all_of(name, is_legal))
    return fmt::format(
        "Topic name is invalid: '{}' contains one or more characters other than "
        "ASCII alphanumerics, '.', '_' and '-'",
        name);
  return std::nullopt;
}

std::string collision_key(std::string_view name) {
  std::string key(name);
  std::ranges::replace(key, '.', '_');
  return key;
}

bool is_internal_topic(std::string_view name) {
  return std::ranges::find(kInternalTopics, name) != kInternalTopics.end();
}

}  // namespace broker
