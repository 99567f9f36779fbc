#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/net/request_handler.h"
#include "protocol/base/assert.h"
#include "protocol/base/big_endian.h"
#include "protocol/wire/decoder.h"
#include "protocol/wire/frame.h"
#include "tests/support/batches.h"

namespace test_support {

inline constexpr std::int32_t kCorrelation = 4711;

/// A request as a connection hands it over: without its size.
template <class Request>
std::vector<std::byte> frame_of(Request request, protocol::ApiVersion version,
                                const std::string& client_id = "test") {
  const protocol::RequestHeader header{.api_key = Request::api.key,
                                       .api_version = version,
                                       .correlation_id = kCorrelation,
                                       .client_id = client_id};
  auto bytes = protocol::encode_request(header, Request::api, show(request));
  bytes.erase(bytes.begin(), bytes.begin() + 4);
  return bytes;
}

/// What a client reads of the answer to such a request.
template <class Request>
typename Request::Response decoded(const broker::Answer& answer, protocol::ApiVersion version) {
  ASSERT(answer.kind == broker::Answer::Kind::send, "the request is answered");
  std::vector<std::byte> flat;
  for (const auto& piece : answer.pieces)
    flat.insert(flat.end(), piece.view.begin(), piece.view.end());
  ASSERT(base::load_big_endian<std::int32_t>(flat.data()) + 4 == std::ssize(flat),
         "the size says how much follows");
  flat.erase(flat.begin(), flat.begin() + 4);
  auto body = protocol::decode_response_header(shared(std::move(flat)), kCorrelation,
                                               Request::Response::api, version);
  typename Request::Response response;
  const auto read =
      protocol::decode(show(response), Request::Response::api, version, std::move(body.value()));
  ASSERT(read.has_value(), "an answer of ours can be decoded");
  return response;
}

}  // namespace test_support
