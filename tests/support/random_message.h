#pragma once

#include "protocol/base/random.h"
#include "protocol/wire/field.h"
#include "protocol/wire/visitor.h"

namespace tests {

/// Fills a new message with anything that `version` can carry; fields it does not have
/// stay as they are, so that decoding what was encoded gives an equal message. Values at the ends
/// of their ranges, nulls and empty lists come often. Byte fields are sometimes large enough to
/// be encoded by reference. Some hundred bytes as a rule.
void randomize(protocol::StructRef message, protocol::ApiVersion version, base::Random& random);

}  // namespace tests
