#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/wire/decoder.h"
#include "protocol/wire/frame.h"
#include "tools/bench/load/connection.h"

namespace bench {

/// A connection that speaks in declared messages, for what is not measured request by request.
/// Several requests may be under way; their answers are taken in the order they were sent.
///
/// Thread: one at a time.
class Caller {
 public:
  static base::Result<Caller> open(const Address& address) {
    return Caller(TRY(Connection::open(address)));
  }
  explicit Caller(Connection connection) : connection_(std::move(connection)) {}

  Connection& connection() { return connection_; }

  template <class Request>
  base::Result<> send(Request request, protocol::ApiVersion version) {
    const protocol::RequestHeader header{.api_key = Request::api.key,
                                         .api_version = version,
                                         .correlation_id = ++sent_,
                                         .client_id = "bench"};
    return send_frame(protocol::encode_request(header, Request::api, show(request)));
  }

  /// The answer to the oldest request that has none yet.
  template <class Request>
  base::Result<typename Request::Response> receive(protocol::ApiVersion version) {
    auto answer = TRY(receive_frame());
    auto body = TRY(
        protocol::decode_response_header(std::move(answer), ++received_, Request::api, version));
    typename Request::Response response;
    TRY(protocol::decode(show(response), Request::api, version, std::move(body)));
    return response;
  }

  template <class Request>
  base::Result<typename Request::Response> call(Request request, protocol::ApiVersion version) {
    TRY(send(std::move(request), version));
    return receive<Request>(version);
  }

 private:
  base::Result<> send_frame(const std::vector<std::byte>& frame);
  base::Result<base::SharedBytes> receive_frame();

  Connection connection_;
  std::int32_t sent_ = 0;
  std::int32_t received_ = 0;
};

}  // namespace bench
