#include "protocol/wire/frame.h"

#include <utility>

#include <fmt/format.h>

#include "protocol/base/big_endian.h"
#include "protocol/wire/decoder.h"

namespace protocol {
namespace {

constexpr std::int16_t kApiVersionsKey = 18;
constexpr std::size_t kSizePrefix = 4;

struct CommonHeader : RequestHeader {
  static constexpr ApiSpec api{.key = -1, .valid = {0, 0}};
  static constexpr void fields(auto& m, auto&& field) {
    field(m.api_key, "api_key", always());
    field(m.api_version, "api_version", always());
    field(m.correlation_id, "correlation_id", always());
    field(m.client_id, "client_id", always().or_null());
  }
};

/// Tagged fields and nothing else: what header v2 and response header v1 add.
struct TaggedFields {
  static constexpr ApiSpec api{.key = -1, .valid = {0, 0}, .flexible_from = 0};
  static constexpr void fields(auto&, auto&&) {}
};

bool response_header_is_flexible(const ApiSpec& api, ApiVersion version) {
  return api.flexible(version) && api.key != kApiVersionsKey;
}

void put_integer(EncodeBuffer& out, std::int32_t value) {
  std::byte bytes[sizeof value];
  base::store_big_endian(bytes, value);
  out.append(bytes, sizeof bytes);
}

void patch_size(EncodeBuffer& out) {
  base::store_big_endian(out.flat().data(), static_cast<std::int32_t>(out.size() - kSizePrefix));
}

}  // namespace

base::Result<RequestFrame> decode_request_header(base::SharedBytes frame) {
  CommonHeader header;
  RequestFrame out;
  out.rest = TRY(decode_front(StructRef(header), CommonHeader::api, 0, std::move(frame)));
  out.header = std::move(header);
  return out;
}

base::Result<base::SharedBytes> body_of(const RequestFrame& frame, const ApiSpec& api) {
  if (!api.flexible(frame.header.api_version)) return frame.rest;
  TaggedFields tags;
  return decode_front(StructRef(tags), TaggedFields::api, 0, frame.rest);
}

base::Result<Pieces> encode_response(std::int32_t correlation_id, const ApiSpec& api,
                                     ApiVersion version, StructRef response) {
  EncodeBuffer out;
  put_integer(out, 0);
  put_integer(out, correlation_id);
  if (response_header_is_flexible(api, version)) out.append("", 1);  // No tagged fields.
  encode(response, api, version, out);
  if (out.size() - kSizePrefix > kResponseBytesMax)
    return base::fail(base::Fault::full, fmt::format("an answer of {} bytes, of {} allowed",
                                                     out.size() - kSizePrefix, kResponseBytesMax));
  patch_size(out);
  return out.finish();
}

std::vector<std::byte> encode_request(const RequestHeader& header, const ApiSpec& api,
                                      StructRef request) {
  EncodeBuffer out;
  put_integer(out, 0);
  CommonHeader common{header};
  encode(StructRef(common), CommonHeader::api, 0, out);
  if (api.flexible(header.api_version)) out.append("", 1);
  encode(request, api, header.api_version, out);
  patch_size(out);
  std::vector<std::byte> flat;
  flat.reserve(out.size());
  for (const auto& piece : out.finish())
    flat.insert(flat.end(), piece.view.begin(), piece.view.end());
  return flat;
}

base::Result<base::SharedBytes> decode_response_header(base::SharedBytes frame,
                                                       std::int32_t correlation_id,
                                                       const ApiSpec& api, ApiVersion version) {
  if (frame.view.size() < sizeof correlation_id)
    return base::fail(base::Fault::corruption, "a response without a header");
  const auto got = base::load_big_endian<std::int32_t>(frame.view.data());
  if (got != correlation_id)
    return base::fail(
        base::Fault::corruption,
        fmt::format("a response to request {} where {} was asked", got, correlation_id));
  frame.view = frame.view.subspan(sizeof correlation_id);
  if (!response_header_is_flexible(api, version)) return frame;
  TaggedFields tags;
  return decode_front(StructRef(tags), TaggedFields::api, 0, std::move(frame));
}

}  // namespace protocol
