#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/wire/encoder.h"
#include "protocol/wire/field.h"
#include "protocol/wire/visitor.h"

namespace protocol {

/// What stands in front of every request. Header v1 for rigid versions; v2 for flexible ones has
/// tagged fields too, but its client id is never compact (Kafka's RequestHeader.json).
struct RequestHeader {
  std::int16_t api_key = 0;
  ApiVersion api_version = 0;
  std::int32_t correlation_id = 0;
  std::optional<std::string> client_id;
};

/// A request frame, taken apart as far as its API allows.
struct RequestFrame {
  RequestHeader header;
  base::SharedBytes rest;  // Tagged fields of the header, if it has any, then the body.
};

/// Reads the part that all request headers share. Whether tagged fields follow depends on the API
/// and version: body_of() takes them off. `Fault::corruption` for a truncated header.
base::Result<RequestFrame> decode_request_header(base::SharedBytes frame);
/// The body behind the header of a request of this API.
base::Result<base::SharedBytes> body_of(const RequestFrame& frame, const ApiSpec& api);

/// The largest response there is, without its size prefix. A size is an int32, and clients take
/// what is announced into memory at once; well below the one and beyond all use.
inline constexpr std::size_t kResponseBytesMax = std::size_t{1} << 30;

/// A whole response: size prefix, header and body, large byte fields by reference. Header v1, with
/// tagged fields, for flexible versions of every API but ApiVersions (KIP-482, KIP-511).
/// `Fault::full` if it is larger than kResponseBytesMax.
base::Result<Pieces> encode_response(std::int32_t correlation_id, const ApiSpec& api,
                                     ApiVersion version, StructRef response);

/// A whole request with its size prefix, for our own clients.
std::vector<std::byte> encode_request(const RequestHeader& header, const ApiSpec& api,
                                      StructRef request);
/// The body behind a response's header; checks the correlation id. `frame` has no size prefix.
base::Result<base::SharedBytes> decode_response_header(base::SharedBytes frame,
                                                       std::int32_t correlation_id,
                                                       const ApiSpec& api, ApiVersion version);

}  // namespace protocol
