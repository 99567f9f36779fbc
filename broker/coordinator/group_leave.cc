#include "broker/coordinator/group_core.h"

namespace broker {

using protocol::ErrorCode;
using protocol::LeaveGroupRequest;
using protocol::LeaveGroupResponse;

LeaveGroupResponse GroupCore::leave(const LeaveGroupRequest& request, Now now, Step& step) {
  LeaveGroupResponse response;
  if (request.group_id.empty()) {
    response.error_code = ErrorCode::invalid_group_id;
    return response;
  }
  response.error_code = trust(request.group_id);
  if (response.error_code != ErrorCode::none) return response;
  auto* group = find(request.group_id);
  bool anybody_left = false;
  for (const auto& leaving : request.members) {
    auto& answer = response.members.emplace_back();
    answer.member_id = leaving.member_id;
    answer.group_instance_id = leaving.group_instance_id;
    answer.error_code = ErrorCode::unknown_member_id;
    if (group == nullptr) continue;
    if (group->pending.erase(leaving.member_id) > 0) {
      answer.error_code = ErrorCode::none;
      anybody_left = true;
      continue;
    }
    auto member_id = leaving.member_id;
    // An administrator removes a static member by the name it keeps (KIP-345).
    if (member_id.empty() && leaving.group_instance_id) {
      const auto* member = group->static_member(*leaving.group_instance_id);
      if (member != nullptr) member_id = member->id;
    }
    answer.error_code = group->check_member(member_id, leaving.group_instance_id);
    if (answer.error_code != ErrorCode::none) continue;
    remove_member(*group, member_id, step);
    anybody_left = true;
  }
  // Also where it was somebody who never joined: Kafka makes no difference.
  if (anybody_left) after_removal(*group, now, step);
  if (group != nullptr) drop_if_nothing(*group);
  return response;
}

}  // namespace broker
