#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/wire/decoder.h"
#include "protocol/wire/field.h"
#include "protocol/wire/frame.h"

namespace tools {

/// A blocking connection to a broker, one request at a time: what the command line needs, and no
/// more.
///
/// Thread: one.
class Client {
 public:
  /// Connects to HOST:PORT ("[::1]:9092" too) within `time_out`, which later bounds each answer.
  /// Errors: `Fault::invalid` for an address that makes no sense, `Fault::io`.
  static base::Result<Client> connect(const std::string& address,
                                      std::chrono::milliseconds time_out);

  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// Sends one request in this version and reads its answer. Errors: `Fault::closed` when the
  /// broker closes the connection, `Fault::io`, and `Fault::corruption` for what it cannot read.
  template <class Request>
  base::Result<typename Request::Response> call(Request request, protocol::ApiVersion version) {
    const protocol::RequestHeader header{.api_key = Request::api.key,
                                         .api_version = version,
                                         .correlation_id = ++correlation_id_,
                                         .client_id = "stele"};
    auto frame = TRY(exchange(protocol::encode_request(header, Request::api, show(request))));
    auto body = TRY(
        protocol::decode_response_header(std::move(frame), correlation_id_, Request::api, version));
    typename Request::Response response;
    TRY(protocol::decode(show(response), Request::Response::api, version, std::move(body)));
    return response;
  }

 private:
  explicit Client(int fd) : fd_(fd) {}

  base::Result<base::SharedBytes> exchange(const std::vector<std::byte>& request);
  base::Result<> read_fully(std::span<std::byte> into) const;

  int fd_ = -1;
  std::int32_t correlation_id_ = 0;
};

}  // namespace tools
