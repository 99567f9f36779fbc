#include "protocol/messages/join_group.h"

#include <utility>

#include "broker/handlers/group_answer.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/java_host.h"

namespace broker {

using protocol::JoinGroupRequest;
using protocol::JoinGroupResponse;

namespace {

constexpr protocol::ApiVersion kFirstWithNull = 7;  // KIP-559

}  // namespace

/// JoinGroup (11), v0 to v9. Waits until the group's rebalance is complete.
Task<JoinGroupResponse> handle(RequestContext& context, JoinGroupRequest request) {
  JoiningClient client{.client_id = context.client_id,
                       .host = java_host(context.connection.peer),
                       .version = context.version};
  const auto member_id = request.member_id;
  context.connection.waits_for_others = true;
  auto answer =
      co_await context.services.groups.join(context.loop(), std::move(request), std::move(client));
  context.connection.waits_for_others = false;
  auto response = answer_or(std::move(answer), {.member_id = member_id});
  // No protocol is null where it may be, and a protocol without a name is none.
  if (context.version >= kFirstWithNull && response.protocol_name == "")
    response.protocol_name.reset();
  co_return response;
}

}  // namespace broker
