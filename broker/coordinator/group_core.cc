#include "broker/coordinator/group_core.h"

#include <utility>

#include "protocol/base/assert.h"

namespace broker {

using protocol::ErrorCode;

Group* GroupCore::find(std::string_view group_id) {
  const auto found = groups_.find(group_id);
  return found == groups_.end() ? nullptr : &found->second;
}

const Group* GroupCore::find(std::string_view group_id) const {
  const auto found = groups_.find(group_id);
  return found == groups_.end() ? nullptr : &found->second;
}

Group& GroupCore::make(const std::string& group_id) {
  if (auto* known = find(group_id)) return *known;
  return groups_.emplace(group_id, Group(group_id)).first->second;
}

void GroupCore::drop_if_nothing(const Group& group) {
  const bool nothing = !group.stored && group.state == GroupState::empty &&
                       group.members().empty() && group.pending.empty() && !group.has_offsets();
  if (nothing) groups_.erase(groups_.find(group.id()));
}

ErrorCode GroupCore::trust(std::string_view group_id) const {
  return distrusted_.contains(group_id) ? ErrorCode::coordinator_not_available : ErrorCode::none;
}

Deadline* GroupCore::deadline_of(const GroupTimer& timer) {
  auto* group = find(timer.group_id);
  if (group == nullptr) return nullptr;
  switch (timer.kind) {
    case GroupTimer::Kind::session: {
      auto* member = group->member(timer.member_id);
      return member == nullptr ? nullptr : &member->session;
    }
    case GroupTimer::Kind::pending: {
      const auto pending = group->pending.find(timer.member_id);
      return pending == group->pending.end() ? nullptr : &pending->second.deadline;
    }
    case GroupTimer::Kind::join:
      return &group->join_phase;
    case GroupTimer::Kind::sync:
      return &group->sync_phase;
  }
  ASSERT(false, "a timer is of one of its kinds");
}

void GroupCore::on_time(Now now, Step& step) {
  while (auto entry = timers_.pop(now.monotonic)) {
    const auto timer = entry->timer;
    auto* deadline = deadline_of(timer);
    if (deadline == nullptr || !timers_.expired(*deadline, std::move(*entry), now.monotonic))
      continue;
    auto& group = *find(timer.group_id);
    switch (timer.kind) {
      case GroupTimer::Kind::session:
        remove_member(group, timer.member_id, step);
        after_removal(group, now, step);
        break;
      case GroupTimer::Kind::pending:
        group.pending.erase(timer.member_id);
        if (group.state == GroupState::preparing_rebalance)
          complete_join_if_all_are_here(group, now, step);
        drop_if_nothing(group);
        break;
      case GroupTimer::Kind::join:
        on_join_deadline(group, now, step);
        break;
      case GroupTimer::Kind::sync:
        on_sync_deadline(group, now, step);
        break;
    }
  }
}

}  // namespace broker
