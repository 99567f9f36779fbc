#include "broker/handlers/dispatcher.h"

#include <fmt/format.h>

#include "broker/handlers/registry.h"
#include "protocol/base/big_endian.h"
#include "protocol/messages/api_versions.h"
#include "protocol/wire/frame.h"

namespace broker {
namespace {

constexpr std::int16_t kProduce = 0;

Answer close_because(std::string why) {
  return {.kind = Answer::Kind::close, .why = std::move(why)};
}

}  // namespace

bool Dispatcher::overlaps(base::BytesView frame) const {
  return frame.size() >= sizeof(std::int16_t) &&
         base::load_big_endian<std::int16_t>(frame.data()) == kProduce;
}

Task<Answer> Dispatcher::handle(ConnectionInfo& connection, base::SharedBytes frame) {
  auto request = protocol::decode_request_header(std::move(frame));
  if (!request) co_return close_because("a malformed request header: " + request.error().detail);
  const auto& header = request->header;
  const auto* api = find_api(header.api_key);
  if (api == nullptr)
    co_return close_because(fmt::format("API key {} is not served", header.api_key));
  auto version = header.api_version;
  if (!api->served.contains(version)) {
    if (header.api_key != protocol::ApiVersionsRequest::api.key)
      co_return close_because(
          fmt::format("{} version {} is not served (this broker serves {} to {})", api->name,
                      version, api->served.first, api->served.last));
    // KIP-511: the one API whose unknown versions are answered, in the oldest form.
    version = 0;
  }
  RequestContext context{.services = services_,
                         .connection = connection,
                         .version = version,
                         .client_id = header.client_id.value_or("")};
  context.version_refused = version != header.api_version;
  // Whatever header an unknown version has, it is not one of ours either.
  auto body = context.version_refused ? base::Result<base::SharedBytes>(request->rest)
                                      : protocol::body_of(*request, api->spec);
  if (!body) co_return close_because("a malformed request header: " + body.error().detail);
  request->rest = {};  // A request that waits keeps what it needs of its frame, not all of it.
  auto answer = co_await api->answer(context, header.correlation_id, std::move(*body));
  if (context.close_because) co_return close_because(std::move(*context.close_because));
  co_return answer;
}

}  // namespace broker
