#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace broker {

/// What Java's String.hashCode() gives for this text, which is UTF-8 here and UTF-16 there. What is
/// not UTF-8 counts as U+FFFD, so many times as Java's decoder puts it.
std::int32_t java_hash(std::string_view text);

/// What Java's String.length() gives for it: its length in UTF-16, by which Kafka limits texts.
std::size_t java_length(std::string_view text);

}  // namespace broker
