#include "protocol/messages/sync_group.h"

#include <utility>

#include "broker/handlers/group_answer.h"
#include "broker/handlers/handlers.h"

namespace broker {

using protocol::SyncGroupRequest;
using protocol::SyncGroupResponse;

namespace {

constexpr protocol::ApiVersion kFirstWithProtocol = 5;  // KIP-559

}  // namespace

/// SyncGroup (14), v0 to v5. A member waits until the leader has handed in the assignment.
Task<SyncGroupResponse> handle(RequestContext& context, SyncGroupRequest request) {
  if (context.version >= kFirstWithProtocol && (!request.protocol_type || !request.protocol_name)) {
    SyncGroupResponse refused;
    refused.error_code = protocol::ErrorCode::inconsistent_group_protocol;
    co_return refused;
  }
  context.connection.waits_for_others = true;
  auto answer = co_await context.services.groups.sync(context.loop(), std::move(request));
  context.connection.waits_for_others = false;
  co_return answer_or(std::move(answer));
}

}  // namespace broker
