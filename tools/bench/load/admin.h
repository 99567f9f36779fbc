#pragma once

#include <cstdint>
#include <string>

#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "protocol/wire/decoder.h"
#include "protocol/wire/frame.h"
#include "tools/bench/load/connection.h"

namespace bench {

/// What a run needs besides its load: a topic, and the truth about it afterwards. One request at a
/// time, with the declared messages.
///
/// Thread: one at a time.
class Admin {
 public:
  explicit Admin(Connection connection) : connection_(std::move(connection)) {}

  /// Creates a topic that syncs before it acknowledges, or never syncs, and waits until all its
  /// partitions can be written to.
  base::Result<> create_topic(const std::string& name, std::int32_t partitions, bool synced);
  base::Result<base::Offset> high_watermark(const std::string& topic, std::int32_t partition);
  /// The cheapest request there is.
  base::Result<> ask_api_versions();

 private:
  base::Result<bool> is_ready(const std::string& topic, std::int32_t partitions);

  template <class Request>
  base::Result<typename Request::Response> call(Request request, protocol::ApiVersion version) {
    const protocol::RequestHeader header{.api_key = Request::api.key,
                                         .api_version = version,
                                         .correlation_id = ++correlation_id_,
                                         .client_id = "bench"};
    auto answer = TRY(exchange(protocol::encode_request(header, Request::api, show(request))));
    auto body = TRY(protocol::decode_response_header(std::move(answer), correlation_id_,
                                                     Request::api, version));
    typename Request::Response response;
    TRY(protocol::decode(show(response), Request::api, version, std::move(body)));
    return response;
  }
  base::Result<base::SharedBytes> exchange(const std::vector<std::byte>& request);

  Connection connection_;
  std::int32_t correlation_id_ = 0;
};

}  // namespace bench
