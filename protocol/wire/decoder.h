#pragma once

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/wire/field.h"
#include "protocol/wire/visitor.h"

namespace protocol {

/// Reads `input` as `version` of `api` into `message`, which must be as constructed. Byte fields
/// become slices of the input and keep it alive. Unknown tagged fields are skipped.
///
/// Nothing is believed: `Fault::corruption` for truncated or left-over bytes, a negative length
/// where there is no null, a length or count beyond what is left, a text of more than kTextMax
/// bytes, a varint of more than five, tagged fields that are not in ascending order (KIP-482), or
/// lists and texts that would take more memory than an honest input of this size needs: 65 MiB at
/// most, whatever comes. Lengths are checked before anything is allocated for them.
base::Result<> decode(StructRef message, const ApiSpec& api, ApiVersion version,
                      base::SharedBytes input);

/// The same, but bytes may be left over: returns them. For headers, whose body follows.
base::Result<base::SharedBytes> decode_front(StructRef message, const ApiSpec& api,
                                             ApiVersion version, base::SharedBytes input);

}  // namespace protocol
