#include <utility>

#include "broker/coordinator/group_core.h"
#include "protocol/base/assert.h"

namespace broker {

using protocol::ErrorCode;
using protocol::HeartbeatRequest;
using protocol::HeartbeatResponse;
using protocol::SyncGroupRequest;
using protocol::SyncGroupResponse;

namespace {

void refuse(AnswerTo to, ErrorCode error, Step& step) {
  SyncGroupResponse response;
  response.error_code = error;
  step.answers.push_back({to, std::move(response)});
}

/// What a member says of the group that it believes to be in (v5, KIP-559).
bool contradicts(const std::optional<std::string>& said, const std::optional<std::string>& is) {
  return said && said != is;
}

ErrorCode check(const Group& group, const SyncGroupRequest& request) {
  if (const auto error = group.check_member(request.member_id, request.group_instance_id);
      error != ErrorCode::none)
    return error;
  if (request.generation_id != group.generation) return ErrorCode::illegal_generation;
  if (contradicts(request.protocol_type, group.protocol_type) ||
      contradicts(request.protocol_name, group.protocol_name))
    return ErrorCode::inconsistent_group_protocol;
  return ErrorCode::none;
}

}  // namespace

void GroupCore::sync(const SyncGroupRequest& request, AnswerTo to, Now now, Step& step) {
  if (request.group_id.empty()) return refuse(to, ErrorCode::invalid_group_id, step);
  if (const auto error = trust(request.group_id); error != ErrorCode::none)
    return refuse(to, error, step);
  auto* group = find(request.group_id);
  if (group == nullptr) return refuse(to, ErrorCode::unknown_member_id, step);
  if (const auto error = check(*group, request); error != ErrorCode::none)
    return refuse(to, error, step);

  auto& member = *group->member(request.member_id);
  switch (group->state) {
    case GroupState::empty:
      ASSERT(false, "an empty group has no member that could sync");
    case GroupState::preparing_rebalance:
      return refuse(to, ErrorCode::rebalance_in_progress, step);
    case GroupState::stable:
      forget_owed_sync(*group, member);
      member.syncing = to;
      answer_sync(*group, member, ErrorCode::none, step);
      return heard_of(*group, member, now);
    case GroupState::completing_rebalance:
      break;
  }
  forget_owed_sync(*group, member);
  // An older sync of the same member: its client has given it up.
  if (member.syncing) answer_sync(*group, member, ErrorCode::rebalance_in_progress, step);
  member.syncing = to;
  heard_of(*group, member, now);
  if (group->is_leader(member.id)) hand_out(*group, request, now, step);
}

/// The leader's assignment makes the generation whole: it is stored, and then everybody who waits
/// gets its share. Who is not in it has none.
void GroupCore::hand_out(Group& group, const SyncGroupRequest& request, Now now, Step& step) {
  constexpr std::size_t kNodes = 256;
  std::size_t bytes = 0;
  for (const auto& share : request.assignments) bytes += kNodes + share.assignment.view.size();
  group.assignment_memory = nullptr;
  group.assignment_memory = limits_.memory.try_take(bytes);
  if (group.assignment_memory == nullptr) {
    step.short_of_memory = true;
    fail_syncs(group, ErrorCode::coordinator_not_available, now, step);
    return rebalance(group, now, step);
  }
  std::map<std::string, base::SharedBytes> assignments;
  for (const auto& share : request.assignments)
    assignments.insert_or_assign(share.member_id, own(share.assignment));
  if (!store(group, assignments, now.wall, step)) {
    fail_syncs(group, ErrorCode::unknown_server_error, now, step);
    return rebalance(group, now, step);
  }
  ASSERT(group.state == GroupState::stable, "a stored group with members is stable");
  for (auto& [id, member] : group.members()) {
    if (!member.syncing) continue;
    answer_sync(group, member, ErrorCode::none, step);
    heard_of(group, member, now);
  }
}

HeartbeatResponse GroupCore::heartbeat(const HeartbeatRequest& request, Now now) {
  HeartbeatResponse response;
  auto& error = response.error_code;
  if (request.group_id.empty()) {
    error = ErrorCode::invalid_group_id;
    return response;
  }
  error = trust(request.group_id);
  if (error != ErrorCode::none) return response;
  auto* group = find(request.group_id);
  if (group == nullptr) {
    error = ErrorCode::unknown_member_id;
    return response;
  }
  error = group->check_member(request.member_id, request.group_instance_id);
  if (error != ErrorCode::none) return response;
  if (request.generation_id != group->generation) {
    error = ErrorCode::illegal_generation;
    return response;
  }
  // During a rebalance it keeps the session, and tells the member to come and join.
  heard_of(*group, *group->member(request.member_id), now);
  if (group->state == GroupState::preparing_rebalance) error = ErrorCode::rebalance_in_progress;
  return response;
}

}  // namespace broker
