#include "protocol/messages/leave_group.h"

#include <utility>

#include "broker/handlers/group_answer.h"
#include "broker/handlers/handlers.h"

namespace broker {

using protocol::ErrorCode;
using protocol::LeaveGroupRequest;
using protocol::LeaveGroupResponse;

namespace {

constexpr protocol::ApiVersion kFirstBatched = 3;

}  // namespace

/// LeaveGroup (13), v0 to v5: one member, or since v3 several (KIP-345).
Task<LeaveGroupResponse> handle(RequestContext& context, LeaveGroupRequest request) {
  const bool batched = context.version >= kFirstBatched;
  if (!batched) {
    auto& member = request.members.emplace_back();
    member.member_id = request.member_id;
  }
  const auto decide = [&request](GroupCore& core, Now now, Step& step) {
    return core.leave(request, now, step);
  };
  auto answer = co_await context.services.groups.ask(context.loop(), request.group_id, decide);
  auto response = answer_or(std::move(answer));
  if (!batched && response.error_code == ErrorCode::none)
    response.error_code = response.members.front().error_code;
  co_return response;
}

}  // namespace broker
