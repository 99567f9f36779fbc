#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "protocol/wire/frame.h"

namespace bench {

/// What every produce request of a run looks like.
struct BatchShape {
  int records = 1;
  std::size_t record_bytes = 100;  // Of the value; there is no key.
};

/// Requests of one size, built once and sent again and again: number `i` has the correlation id
/// `i`, and those that follow one another lie behind one another.
///
/// Thread: any; does not change.
class RequestRing {
 public:
  /// Produce requests (v12, acks=all) for one partition.
  static base::Result<RequestRing> build(const std::string& topic, std::int32_t partition,
                                         const BatchShape& shape, std::size_t requests);

  /// The same request so many times.
  template <class Request>
  static RequestRing of(Request request, protocol::ApiVersion version, std::size_t requests) {
    RequestRing ring;
    for (std::size_t i = 0; i < requests; ++i) {
      const protocol::RequestHeader header{.api_key = Request::api.key,
                                           .api_version = version,
                                           .correlation_id = static_cast<std::int32_t>(i),
                                           .client_id = "bench"};
      const auto bytes = protocol::encode_request(header, Request::api, show(request));
      ring.request_bytes_ = bytes.size();
      ring.bytes_.insert(ring.bytes_.end(), bytes.begin(), bytes.end());
    }
    return ring;
  }

  std::size_t size() const { return bytes_.size() / request_bytes_; }
  base::BytesView request(std::size_t i) const {
    return base::BytesView(bytes_).subspan(i * request_bytes_, request_bytes_);
  }

 private:
  std::vector<std::byte> bytes_;
  std::size_t request_bytes_ = 0;
};

/// Checks an answer to such a request: `Fault::corruption` for another correlation id,
/// `Fault::invalid` for an error code. The batch's base offset.
base::Result<base::Offset> check_produce_answer(base::BytesView frame, std::int32_t correlation_id);

}  // namespace bench
