#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.h"

namespace config {

/// What a number counts. The name of a setting says it: "...ms", "...bytes".
enum class Unit : std::uint8_t {
  none,
  milliseconds,
  bytes,
};
Unit unit_of(std::string_view key);

/// A number with a unit to a plain number in `unit`: "7d" to "604800000", "64MiB" to "67108864".
/// What has no unit comes back as it is.
/// Errors: `Fault::invalid`: why, without saying where.
base::Result<std::string> to_plain(Unit unit, std::string_view text);

/// The shortest way to write a number that to_plain() reads: 604800000 to "7d".
std::string to_humane(Unit unit, std::int64_t number);

}  // namespace config
