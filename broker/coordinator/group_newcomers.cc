#include <utility>

#include "broker/coordinator/group_core.h"

namespace broker {

/// Null if there is no room, nobody being left here who could be forgotten: who is stored stays,
/// for a restart would bring him back.
GroupMemory::Share GroupCore::make_room(std::size_t bytes, Now now, Step& step) {
  const auto is_newcomer = [this](const MemberName& name) { return this->is_newcomer(name); };
  newcomers_.prune(is_newcomer);
  for (;;) {
    if (auto share = limits_.memory.try_take(bytes)) return share;
    const auto oldest = newcomers_.take_oldest(is_newcomer);
    if (!oldest) return nullptr;
    forget_newcomer(*oldest, now, step);
  }
}

bool GroupCore::is_newcomer(const MemberName& name) const {
  const auto* group = find(name.group_id);
  if (group == nullptr) return false;
  if (group->pending.contains(name.member_id)) return true;
  const auto member = group->members().find(name.member_id);
  return member != group->members().end() && !member->second.stored;
}

void GroupCore::forget_newcomer(const MemberName& name, Now now, Step& step) {
  auto& group = *find(name.group_id);
  const bool had_joined = group.pending.erase(name.member_id) == 0;
  if (had_joined) remove_member(group, name.member_id, step);
  if (!group.stored && group.members().empty()) {
    // Nothing that a restart would know has happened in it.
    Group untouched(group.id(), std::move(group.offsets));
    untouched.pending = std::move(group.pending);
    group = std::move(untouched);
    return drop_if_nothing(group);
  }
  if (had_joined) return after_removal(group, now, step);
  if (group.state == GroupState::preparing_rebalance)
    complete_join_if_all_are_here(group, now, step);
}

}  // namespace broker
