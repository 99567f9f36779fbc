#pragma once

#include <string>
#include <string_view>

namespace config {

/// Whether this is a setting of Kafka's brokers that means nothing here: because there is one
/// broker, or because what it is about does not exist (yet).
bool is_kafkas_only(std::string_view name);

/// Why such a setting must not be passed over all the same: somebody counts on it. "" if it may be.
std::string why_not_passed_over(std::string_view name, std::string_view value);

}  // namespace config
