#include "protocol/messages/join_group.h"
#include "broker/handlers/handlers.h"

namespace broker {

using protocol::JoinGroupRequest;
using protocol::JoinGroupResponse;

namespace {

/// As Java prints an address without a name, which is what Kafka shows and stores: "/127.0.0.1".
std::string host_of(const std::string& peer) { return "/" + peer.substr(0, peer.rfind(':')); }

constexpr protocol::ApiVersion kFirstWithNull = 7;  // KIP-559

JoinGroupResponse answer_of(GroupAnswer<JoinGroupResponse> answer, const std::string& member_id) {
  if (answer) return std::move(*answer);
  JoinGroupResponse refused;
  refused.error_code = answer.error();
  refused.member_id = member_id;
  return refused;
}

}  // namespace

/// JoinGroup (11), v0 to v9. Waits until the group's rebalance is complete.
Task<JoinGroupResponse> handle(RequestContext& context, JoinGroupRequest request) {
  JoiningClient client{.client_id = context.client_id,
                       .host = host_of(context.connection.peer),
                       .version = context.version};
  const auto member_id = request.member_id;
  context.connection.waits_for_others = true;
  auto answer =
      co_await context.services.groups.join(context.loop(), std::move(request), std::move(client));
  context.connection.waits_for_others = false;
  auto response = answer_of(std::move(answer), member_id);
  // No protocol is null where it may be, and a protocol without a name is none.
  if (context.version >= kFirstWithNull && response.protocol_name == "")
    response.protocol_name.reset();
  co_return response;
}

}  // namespace broker
