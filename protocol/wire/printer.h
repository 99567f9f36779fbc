#pragma once

#include <cstddef>
#include <string>

#include "protocol/wire/field.h"
#include "protocol/wire/visitor.h"

namespace protocol {

/// What a message says, in one line for logs and tests: the fields that `version` has, in order,
///
///     {throttle_time_ms=0, topics=[{name="t", topic_id=AAAAAAAAAAAAAAAAAAAAAA, configs=null}]}
///
/// Whatever came from a client stays harmless: secret fields read `<secret>`, bytes are cut to
/// their length and beginning, texts to 128 characters, all but printable ASCII is escaped, and the
/// line ends in "..." before it would be longer than `length_max`. The message is not changed.
std::string print(StructRef message, ApiVersion version, std::size_t length_max = 2000);

}  // namespace protocol
