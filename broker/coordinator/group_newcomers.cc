#include <utility>

#include "broker/coordinator/group_core.h"

namespace broker {

/// Null if there is no room, nobody being left here who could be forgotten: who is stored stays,
/// for a restart would bring him back. A member that says no more than before needs none.
GroupMemory::Share GroupCore::memory_for(const protocol::JoinGroupRequest& request,
                                         std::size_t bytes, Now now, Step& step) {
  if (auto* group = find(request.group_id)) {
    const auto* member = group->member(request.member_id);
    if (member != nullptr && member->memory && member->memory->bytes() >= bytes)
      return member->memory;
  }
  handed_out_.prune([this](const MemberName& name) { return is_handed_out(name); });
  joined_.prune([this](const MemberName& name) { return has_just_joined(name); });
  do {
    if (auto share = limits_.memory.try_take(bytes)) return share;
  } while (forget_oldest_newcomer(now, step));
  step.short_of_memory = true;
  return nullptr;
}

bool GroupCore::is_handed_out(const MemberName& name) const {
  const auto* group = find(name.group_id);
  return group != nullptr && group->pending.contains(name.member_id);
}

bool GroupCore::has_just_joined(const MemberName& name) const {
  const auto* group = find(name.group_id);
  if (group == nullptr) return false;
  const auto member = group->members().find(name.member_id);
  return member != group->members().end() && !member->second.stored;
}

/// Ids first: whoever asks for one needs nothing else, while a member has waited for its share.
bool GroupCore::forget_oldest_newcomer(Now now, Step& step) {
  auto oldest =
      handed_out_.take_oldest([this](const MemberName& name) { return is_handed_out(name); });
  if (!oldest)
    oldest = joined_.take_oldest([this](const MemberName& name) { return has_just_joined(name); });
  if (oldest) forget_newcomer(*oldest, now, step);
  return oldest.has_value();
}

void GroupCore::forget_some_newcomers(Now now, Step& step) {
  constexpr std::size_t kPart = 4;
  const auto& kind = handed_out_.size() > 0 ? handed_out_ : joined_;
  for (auto count = kind.size() / kPart + 1; count > 0 && forget_oldest_newcomer(now, step);
       --count) {
  }
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
