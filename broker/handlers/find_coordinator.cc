#include "protocol/messages/find_coordinator.h"

#include <set>
#include <string_view>

#include "broker/handlers/handlers.h"

namespace broker {
namespace {

using protocol::ErrorCode;
using protocol::FindCoordinatorRequest;
using protocol::FindCoordinatorResponse;

constexpr protocol::ApiVersion kFirstBatched = 4;
constexpr std::int8_t kGroup = 0;
constexpr std::int8_t kTransaction = 1;

ErrorCode refusal(std::int8_t key_type) {
  if (key_type == kGroup) return ErrorCode::none;
  // Transactions are not served yet; a client must hear that at once and not retry for ever.
  return key_type == kTransaction ? ErrorCode::unsupported_version : ErrorCode::invalid_request;
}

template <class Answer>
void put(const RequestContext& context, ErrorCode error, std::string_view why, Answer& answer) {
  answer.error_code = error;
  if (error != ErrorCode::none) {
    answer.node_id = -1;
    answer.port = -1;
    answer.error_message = why;
    return;
  }
  answer.node_id = context.services.config.node_id;
  answer.host = context.connection.advertised_host;
  answer.port = context.connection.advertised_port;
  answer.error_message = context.version < kFirstBatched ? "NONE" : "";
}

}  // namespace

/// FindCoordinator (10), v0 to v6: this broker, for groups. An empty group id is answered too; the
/// group APIs refuse it. A key is answered once, however often it is named.
Task<FindCoordinatorResponse> handle(RequestContext& context, FindCoordinatorRequest request) {
  FindCoordinatorResponse response;
  auto error = refusal(request.key_type);
  std::string_view why = "this broker coordinates groups only, not transactions";
  if (error == ErrorCode::none) {
    error = co_await context.services.groups.prepare(context.loop());
    why = "the topic that groups are kept in cannot be made";
  }
  if (context.version < kFirstBatched) {
    put(context, error, why, response);
    co_return response;
  }
  std::set<std::string_view> done;
  for (const auto& key : request.coordinator_keys) {
    if (!done.insert(key).second) continue;
    auto& answer = response.coordinators.emplace_back();
    answer.key = key;
    put(context, error, why, answer);
  }
  co_return response;
}

}  // namespace broker
