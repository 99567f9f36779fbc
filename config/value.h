#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/base/result.h"

namespace config {

/// Kafka's ConfigDef.Type, with its numbers in DescribeConfigs.
enum class KeyType : std::int8_t {
  unknown = 0,
  boolean = 1,
  string = 2,
  int32 = 3,
  int16 = 4,
  int64 = 5,
  float64 = 6,
  list = 7,
};

/// One setting's value: of the alternative its KeyType says (all integers are the 64-bit one).
using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

/// What a value must be beyond its type. All of it is optional.
struct Rule {
  std::int64_t at_least = std::numeric_limits<std::int64_t>::min();  // Numbers.
  std::int64_t at_most = std::numeric_limits<std::int64_t>::max();
  std::span<const std::string_view> one_of;  // Strings, and each element of a list.
  /// What else is wrong with the value of this setting, in Kafka's words.
  std::optional<std::string> (*also)(std::string_view name, const Value& value) = nullptr;
};

/// Text to value, taking what Kafka takes: spaces round it, a plus sign, leading zeros, true and
/// false in any case, Java's ways to write a double. Source: Kafka's ConfigDef.parseType.
///
/// Errors: `Fault::invalid` with Kafka's sentence. Thread: any.
base::Result<Value> read_value(std::string_view name, KeyType type, const Rule& rule,
                               std::string_view text);

/// Value to text as Kafka prints it: ConfigDef.convertToString, and Double.toString for doubles.
std::string print_value(const Value& value);

}  // namespace config
