#include <algorithm>
#include <utility>

#include "broker/coordinator/group_core.h"
#include "protocol/base/assert.h"

namespace broker {

using protocol::ErrorCode;
using protocol::JoinGroupResponse;
using protocol::SyncGroupResponse;

namespace {

/// A member that waits for its first answer cannot heartbeat; a client that has gone must not be
/// waited for for ever (Kafka's CLASSIC_GROUP_NEW_MEMBER_JOIN_TIMEOUT).
constexpr std::chrono::minutes kNewMemberMax{5};

/// Members may have a time-out of nothing; looking for a leader again and again must not keep the
/// loop busy.
constexpr std::chrono::milliseconds kLeaderlessMin{1000};

}  // namespace

void GroupCore::rebalance(Group& group, Now now, Step& step) {
  ASSERT(group.state != GroupState::preparing_rebalance, "a rebalance begins once");
  if (group.state == GroupState::completing_rebalance)
    fail_syncs(group, ErrorCode::rebalance_in_progress, now, step);
  group.sync_phase.cancel();
  group.initial_rebalance = group.state == GroupState::empty;
  group.state = GroupState::preparing_rebalance;
  group.state_since = now.wall;
  if (!group.initial_rebalance) {
    if (group.all_joined()) return complete_join(group, now, step);
    timers_.set(group.join_phase, now.monotonic + Milliseconds(group.rebalance_timeout_ms()),
                {GroupTimer::Kind::join, group.id(), {}});
    return;
  }
  // The first members of a group seldom come alone: wait a little, so that the work is not handed
  // out twice (KIP-134).
  group.member_added = false;
  group.initial_limit = now.monotonic + Milliseconds(group.rebalance_timeout_ms());
  const auto delay = limits_.initial_rebalance_delay;
  timers_.set(group.join_phase, now.monotonic + delay, {GroupTimer::Kind::join, group.id(), {}});
}

void GroupCore::on_join_deadline(Group& group, Now now, Step& step) {
  if (group.state != GroupState::preparing_rebalance) return;
  if (group.initial_rebalance && group.member_added && now.monotonic < group.initial_limit) {
    group.member_added = false;
    const auto next =
        std::min(now.monotonic + limits_.initial_rebalance_delay, group.initial_limit);
    timers_.set(group.join_phase, next, {GroupTimer::Kind::join, group.id(), {}});
    return;
  }
  complete_join(group, now, step);
}

void GroupCore::complete_join_if_all_are_here(Group& group, Now now, Step& step) {
  ASSERT(group.state == GroupState::preparing_rebalance, "members join while one is prepared");
  if (!group.initial_rebalance && group.all_joined()) complete_join(group, now, step);
}

void GroupCore::complete_join(Group& group, Now now, Step& step) {
  group.join_phase.cancel();
  // Who has not come again is gone; static members have until their session ends.
  std::vector<std::string> absent;
  for (const auto& [id, member] : group.members())
    if (!member.joining && !member.instance_id) absent.push_back(id);
  for (const auto& id : absent) remove_member(group, id, step);

  if (!group.members().empty() && !group.elect_leader()) {
    // Only absent static members are left, and none of them can lead.
    const auto wait = std::max(Milliseconds(group.rebalance_timeout_ms()), kLeaderlessMin);
    timers_.set(group.join_phase, now.monotonic + wait, {GroupTimer::Kind::join, group.id(), {}});
    return;
  }
  group.initial_rebalance = false;
  ++group.generation;
  group.state_since = now.wall;
  if (group.members().empty()) {
    group.state = GroupState::empty;
    group.protocol_name.reset();
    group.leader.reset();
    group.assignment_memory.reset();
    const bool stored = store(group, {}, now.wall, step);
    ASSERT(stored, "a group without members fits into a record");
    return;
  }
  group.state = GroupState::completing_rebalance;
  group.protocol_name = group.vote();
  for (auto& [id, member] : group.members()) {
    if (member.joining) answer_join(group, member, step);
    member.is_new = false;
    member.owes_sync = true;
    heard_of(group, member, now);
  }
  timers_.set(group.sync_phase, now.monotonic + Milliseconds(group.rebalance_timeout_ms()),
              {GroupTimer::Kind::sync, group.id(), {}});
}

/// A member that joined and then never asked for its share would hold it for ever.
void GroupCore::on_sync_deadline(Group& group, Now now, Step& step) {
  if (group.state != GroupState::completing_rebalance && group.state != GroupState::stable) return;
  std::vector<std::string> silent;
  for (const auto& [id, member] : group.members())
    if (member.owes_sync) silent.push_back(id);
  if (silent.empty()) return;
  for (const auto& id : silent) remove_member(group, id, step);
  rebalance(group, now, step);
}

void GroupCore::forget_owed_sync(Group& group, GroupMember& member) {
  if (!std::exchange(member.owes_sync, false)) return;
  const bool all = std::ranges::none_of(group.members(),
                                        [](const auto& entry) { return entry.second.owes_sync; });
  if (all) group.sync_phase.cancel();
}

/// The generation will not be handed out: whoever waits for its share hears why.
void GroupCore::fail_syncs(Group& group, ErrorCode error, Now now, Step& step) {
  for (auto& [id, member] : group.members()) {
    member.assignment = {};
    if (!member.syncing) continue;
    answer_sync(group, member, error, step);
    heard_of(group, member, now);
  }
}

void GroupCore::remove_member(Group& group, std::string_view member_id, Step& step) {
  auto& member = *group.member(member_id);
  if (member.joining) {
    JoinGroupResponse response;
    response.error_code = ErrorCode::unknown_member_id;
    step.answers.push_back({*member.joining, std::move(response)});
  }
  if (member.syncing) answer_sync(group, member, ErrorCode::unknown_member_id, step);
  forget_owed_sync(group, member);
  group.remove(member_id);
}

void GroupCore::after_removal(Group& group, Now now, Step& step) {
  switch (group.state) {
    case GroupState::empty:
      return;
    case GroupState::preparing_rebalance:
      return complete_join_if_all_are_here(group, now, step);
    case GroupState::completing_rebalance:
    case GroupState::stable:
      return rebalance(group, now, step);
  }
}

/// A member that is parked is not timed: its client cannot heartbeat meanwhile.
void GroupCore::heard_of(const Group& group, GroupMember& member, Now now) {
  if (!member.is_new && (member.joining || member.syncing)) return member.session.cancel();
  const auto timeout =
      member.is_new ? Milliseconds(kNewMemberMax) : Milliseconds(member.session_timeout_ms);
  const auto due = now.monotonic + timeout;
  // Thousands of heartbeats a second end here, and the names are made for none of them.
  if (member.session.move(due)) return;
  timers_.set(member.session, due, {GroupTimer::Kind::session, group.id(), member.id});
}

void GroupCore::answer_join(const Group& group, GroupMember& member, Step& step) const {
  JoinGroupResponse response;
  response.generation_id = group.generation;
  response.protocol_type = group.protocol_type;
  response.protocol_name = group.protocol_name;
  response.leader = group.leader.value_or("");
  response.member_id = member.id;
  if (group.is_leader(member.id) && group.state == GroupState::completing_rebalance)
    tell_members(group, response);
  step.answers.push_back({*std::exchange(member.joining, {}), std::move(response)});
}

void GroupCore::tell_members(const Group& group, JoinGroupResponse& response) {
  response.members.reserve(group.members().size());
  for (const auto& [id, each] : group.members())
    response.members.push_back(
        {id, each.instance_id, each.protocol(*group.protocol_name)->metadata});
}

void GroupCore::answer_sync(const Group& group, GroupMember& member, ErrorCode error,
                            Step& step) const {
  SyncGroupResponse response;
  response.error_code = error;
  if (error == ErrorCode::none) {
    response.protocol_type = group.protocol_type;
    response.protocol_name = group.protocol_name;
    response.assignment = member.assignment;
  }
  step.answers.push_back({*std::exchange(member.syncing, {}), std::move(response)});
}

}  // namespace broker
