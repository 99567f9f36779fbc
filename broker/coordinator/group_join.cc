#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "broker/coordinator/group_core.h"
#include "protocol/base/assert.h"

namespace broker {

using protocol::ErrorCode;
using protocol::JoinGroupRequest;
using protocol::JoinGroupResponse;

namespace {

constexpr protocol::ApiVersion kFirstWithKnownId = 4;         // KIP-394
constexpr protocol::ApiVersion kFirstWithSkipAssignment = 9;  // KIP-814
constexpr std::size_t kUuidLength = 36;

/// What it takes to remember a member, in a group that may be there for it alone: its names are in
/// the group, in three timers and among newcomers, and what is gone stays there for a while.
std::size_t cost_of(const JoinGroupRequest& request, const JoiningClient& client) {
  constexpr std::size_t kNodes = 2048;
  constexpr std::size_t kCopies = 8;
  constexpr std::size_t kProtocol = sizeof(MemberProtocol) + 128;
  const auto instance = request.group_instance_id ? request.group_instance_id->size() : 0;
  const auto names = request.group_id.size() + client.client_id.size() + instance + kUuidLength;
  auto bytes = kNodes + kCopies * names + request.protocol_type.size();
  for (const auto& offered : request.protocols)
    bytes += kProtocol + offered.name.size() + offered.metadata.view.size();
  return bytes;
}

void refuse(AnswerTo to, ErrorCode error, std::string member_id, Step& step) {
  JoinGroupResponse response;
  response.error_code = error;
  response.member_id = std::move(member_id);
  step.answers.push_back({to, std::move(response)});
}

std::vector<MemberProtocol> protocols_of(const JoinGroupRequest& request) {
  std::vector<MemberProtocol> protocols;
  protocols.reserve(request.protocols.size());
  for (const auto& offered : request.protocols)
    protocols.push_back({offered.name, own(offered.metadata)});
  return protocols;
}

}  // namespace

/// A join that is being worked on.
struct GroupCore::Joining {
  const JoinGroupRequest& request;
  const JoiningClient& client;
  AnswerTo to = 0;
  std::vector<MemberProtocol> protocols;
  GroupMemory::Share memory;

  /// v0 has one time-out for both.
  std::int32_t rebalance_timeout_ms() const {
    return client.version == 0 ? request.session_timeout_ms : request.rebalance_timeout_ms;
  }
};

void GroupCore::join(const JoinGroupRequest& request, const JoiningClient& client, AnswerTo to,
                     Now now, Step& step) {
  if (request.group_id.empty())
    return refuse(to, ErrorCode::invalid_group_id, request.member_id, step);
  if (request.session_timeout_ms < limits_.session_timeout_min_ms ||
      request.session_timeout_ms > limits_.session_timeout_max_ms)
    return refuse(to, ErrorCode::invalid_session_timeout, request.member_id, step);
  if (const auto error = trust(request.group_id); error != ErrorCode::none)
    return refuse(to, error, request.member_id, step);

  timers_.prune([this](const GroupTimer& timer) { return deadline_of(timer); });
  const bool is_new = request.member_id.empty();
  if (!is_new && find(request.group_id) == nullptr)
    return refuse(to, ErrorCode::unknown_member_id, request.member_id, step);
  // Whoever leads could never store it, and nobody would get a share.
  if (std::ranges::any_of(request.protocols, [this](const auto& offered) {
        return offered.metadata.view.size() > limits_.record_bytes_max;
      }))
    return refuse(to, ErrorCode::unknown_server_error, request.member_id, step);
  auto memory = memory_for(request, cost_of(request, client), now, step);
  if (memory == nullptr)
    return refuse(to, ErrorCode::coordinator_not_available, request.member_id, step);
  auto* group = &make(request.group_id);
  if (!has_room(*group, request.member_id)) {
    if (group->member(request.member_id) != nullptr) {
      remove_member(*group, request.member_id, step);
      after_removal(*group, now, step);
    }
    return refuse(to, ErrorCode::group_max_size_reached, "", step);
  }
  Joining joining{.request = request,
                  .client = client,
                  .to = to,
                  .protocols = protocols_of(request),
                  .memory = std::move(memory)};
  if (!group->accepts(request.protocol_type, joining.protocols)) {
    refuse(to, ErrorCode::inconsistent_group_protocol, request.member_id, step);
  } else if (is_new) {
    join_new_member(*group, joining, now, step);
  } else {
    join_known_member(*group, joining, now, step);
  }
  drop_if_nothing(*group);
}

/// Whoever joins while a rebalance waits counts only once it has joined: of those who come again,
/// the first ones stay.
bool GroupCore::has_room(Group& group, std::string_view member_id) const {
  const auto* member = group.member(member_id);
  switch (group.state) {
    case GroupState::empty:
      return true;
    case GroupState::preparing_rebalance:
      return (member != nullptr && member->joining) || group.joining_count() < limits_.members_max;
    case GroupState::completing_rebalance:
    case GroupState::stable:
      return member != nullptr || group.members().size() < limits_.members_max;
  }
  ASSERT(false, "a group is in one of its states");
}

/// "<prefix>-" and a version 4 UUID, as Kafka makes them. What clients call themselves may be as
/// long as a text can be; their id must be one too.
std::string GroupCore::make_member_id(const std::string& name) {
  const auto prefix = std::string_view(name).substr(0, protocol::kTextMax - kUuidLength - 1);
  const auto high = (random_.next() & 0xffff'ffff'ffff'0fff) | 0x4000;
  const auto low = (random_.next() & 0x3fff'ffff'ffff'ffff) | 0x8000'0000'0000'0000;
  return fmt::format("{}-{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", prefix, high >> 32U,
                     (high >> 16U) & 0xffff, high & 0xffff, low >> 48U, low & 0xffff'ffff'ffff);
}

void GroupCore::join_new_member(Group& group, Joining& joining, Now now, Step& step) {
  const auto& instance_id = joining.request.group_instance_id;
  auto* before = instance_id ? group.static_member(*instance_id) : nullptr;
  if (before != nullptr) return replace_static_member(group, *before, joining, now, step);
  auto id = make_member_id(instance_id.value_or(joining.client.client_id));
  if (!instance_id && joining.client.version >= kFirstWithKnownId)
    return hand_out_id(group, std::move(id), joining, now, step);
  add_member(group, std::move(id), joining, now, step);
}

/// The member has to come again with its id, so that a client whose answer was lost does not become
/// two members (KIP-394).
void GroupCore::hand_out_id(Group& group, std::string member_id, Joining& joining, Now now,
                            Step& step) {
  handed_out_.add({group.id(), member_id});
  auto& pending = group.pending[member_id];
  pending.memory = std::move(joining.memory);
  timers_.set(pending.deadline, now.monotonic + Milliseconds(joining.request.session_timeout_ms),
              {GroupTimer::Kind::pending, group.id(), member_id});
  refuse(joining.to, ErrorCode::member_id_required, std::move(member_id), step);
}

void GroupCore::join_known_member(Group& group, Joining& joining, Now now, Step& step) {
  const auto& request = joining.request;
  const auto pending = group.pending.find(request.member_id);
  if (pending != group.pending.end()) {
    // Only dynamic members are given ids to come back with; Kafka stumbles over this likewise.
    if (request.group_instance_id)
      return refuse(joining.to, ErrorCode::unknown_server_error, request.member_id, step);
    group.pending.erase(pending);
    return add_member(group, request.member_id, joining, now, step);
  }
  if (const auto error = group.check_member(request.member_id, request.group_instance_id);
      error != ErrorCode::none)
    return refuse(joining.to, error, request.member_id, step);

  auto& member = *group.member(request.member_id);
  const bool same = member.protocols == joining.protocols;
  bool answered_by_now = false;
  switch (group.state) {
    case GroupState::empty:
      return refuse(joining.to, ErrorCode::unknown_member_id, request.member_id, step);
    case GroupState::preparing_rebalance:
      break;
    case GroupState::completing_rebalance:
      // Nothing new to say: the answer to its join was lost.
      answered_by_now = same;
      break;
    case GroupState::stable:
      // The leader asks for a rebalance in this way, whatever it says.
      answered_by_now = same && !group.is_leader(member.id);
      break;
  }
  if (!answered_by_now) {
    update_member(group, member, joining, now, step);
    if (group.state == GroupState::preparing_rebalance)
      return complete_join_if_all_are_here(group, now, step);
    return rebalance(group, now, step);
  }
  member.joining = joining.to;
  answer_join(group, member, step);
}

void GroupCore::add_member(Group& group, std::string member_id, Joining& joining, Now now,
                           Step& step) {
  if (group.members().empty()) group.protocol_type = joining.request.protocol_type;
  if (group.state == GroupState::preparing_rebalance) group.member_added = true;
  auto& member = group.add({.id = std::move(member_id),
                            .instance_id = joining.request.group_instance_id,
                            .client_id = joining.client.client_id,
                            .client_host = joining.client.host,
                            .rebalance_timeout_ms = joining.rebalance_timeout_ms(),
                            .session_timeout_ms = joining.request.session_timeout_ms,
                            .protocols = std::move(joining.protocols),
                            .joining = joining.to,
                            .is_new = true,
                            .memory = std::move(joining.memory)});
  joined_.add({group.id(), member.id});
  heard_of(group, member, now);
  if (group.state == GroupState::preparing_rebalance) {
    complete_join_if_all_are_here(group, now, step);
  } else {
    rebalance(group, now, step);
  }
}

void GroupCore::update_member(Group& group, GroupMember& member, Joining& joining, Now now,
                              Step& step) {
  group.set_protocols(member, std::move(joining.protocols));
  member.memory = std::move(joining.memory);
  member.rebalance_timeout_ms = joining.rebalance_timeout_ms();
  member.session_timeout_ms = joining.request.session_timeout_ms;
  // An older join of the same member: its client has given it up.
  if (member.joining) refuse(*member.joining, ErrorCode::rebalance_in_progress, member.id, step);
  member.joining = joining.to;
  heard_of(group, member, now);
}

/// A static member came back (KIP-345): the same one under a new id, without a rebalance where the
/// group would go on in the same way.
void GroupCore::replace_static_member(Group& group, GroupMember& old, Joining& joining, Now now,
                                      Step& step) {
  // Whoever still waits under the old id is not that member any more.
  if (old.joining)
    refuse(*std::exchange(old.joining, {}), ErrorCode::fenced_instance_id, old.id, step);
  if (old.syncing) answer_sync(group, old, ErrorCode::fenced_instance_id, step);
  old.session = {};  // What the queue has names the old id.
  const auto before = old;
  auto& member = group.rename(old.id, make_member_id(*old.instance_id));
  if (!member.stored) joined_.add({group.id(), member.id});
  update_member(group, member, joining, now, step);
  switch (group.state) {
    case GroupState::empty:
      ASSERT(false, "an empty group has no static member");
    case GroupState::preparing_rebalance:
      return complete_join_if_all_are_here(group, now, step);
    case GroupState::completing_rebalance:
      return rebalance(group, now, step);
    case GroupState::stable:
      break;
  }
  if (group.vote() != group.protocol_name) return rebalance(group, now, step);
  keep_static_member(group, before, joining, now, step);
}

/// The group is stable and stays so: the member's new id is stored, and it gets its share by the
/// next SyncGroup.
void GroupCore::keep_static_member(Group& group, const GroupMember& before, const Joining& joining,
                                   Now now, Step& step) {
  auto& member = *group.static_member(*before.instance_id);
  Assignments assignments;
  for (const auto& [id, each] : group.members()) assignments.emplace(id, each.assignment);
  const auto to = *std::exchange(member.joining, {});
  heard_of(group, member, now);
  if (!store(group, assignments, now.wall, step)) {
    // What cannot be stored has not happened: the member goes by its old id, as in Kafka.
    auto& still = group.rename(member.id, before.id);
    group.set_protocols(still, before.protocols);
    still = before;
    heard_of(group, still, now);
    return refuse(to, ErrorCode::unknown_server_error, "", step);
  }
  JoinGroupResponse response;
  response.generation_id = group.generation;
  response.protocol_type = group.protocol_type;
  response.protocol_name = group.protocol_name;
  response.member_id = member.id;
  // Older clients would compute a new assignment if they were told that they lead.
  const bool leads = group.is_leader(member.id);
  response.skip_assignment = leads && joining.client.version >= kFirstWithSkipAssignment;
  response.leader = leads && !response.skip_assignment ? before.id : group.leader.value_or("");
  if (response.skip_assignment) tell_members(group, response);
  step.answers.push_back({to, std::move(response)});
}

}  // namespace broker
