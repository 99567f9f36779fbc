#include "broker/coordinator/group.h"

#include <algorithm>
#include <memory>

#include "protocol/base/assert.h"
#include "protocol/messages/consumer_protocol.h"

namespace broker {

using protocol::ErrorCode;

std::string_view name_of(GroupState state) {
  switch (state) {
    case GroupState::empty:
      return "Empty";
    case GroupState::preparing_rebalance:
      return "PreparingRebalance";
    case GroupState::completing_rebalance:
      return "CompletingRebalance";
    case GroupState::stable:
      return "Stable";
  }
  ASSERT(false, "a group is in one of its states");
}

base::SharedBytes own(const base::SharedBytes& bytes) {
  const auto copy = std::make_shared<std::vector<std::byte>>(bytes.view.begin(), bytes.view.end());
  return {copy, *copy};
}

const MemberProtocol* GroupMember::protocol(std::string_view name) const {
  const auto found = std::ranges::find(protocols, name, &MemberProtocol::name);
  return found == protocols.end() ? nullptr : &*found;
}

GroupMember* Group::member(std::string_view id) {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

GroupMember* Group::static_member(std::string_view instance_id) {
  const auto found = static_ids_.find(instance_id);
  return found == static_ids_.end() ? nullptr : member(found->second);
}

GroupMember& Group::add(GroupMember member) {
  if (!leader) leader = member.id;
  if (member.instance_id) static_ids_[*member.instance_id] = member.id;
  member.rank = next_rank_++;
  const auto [place, is_new] = members_.emplace(member.id, std::move(member));
  ASSERT(is_new, "a member is added once");
  count_offers(place->second, true);
  return place->second;
}

void Group::remove(std::string_view member_id) {
  const auto found = members_.find(member_id);
  ASSERT(found != members_.end(), "who is removed was a member");
  if (const auto& instance = found->second.instance_id) {
    const auto known = static_ids_.find(*instance);
    if (known != static_ids_.end() && known->second == member_id) static_ids_.erase(known);
  }
  const bool led = is_leader(member_id);
  count_offers(found->second, false);
  members_.erase(found);
  if (!led) return;
  const auto next =
      std::ranges::min_element(members_, {}, [](const auto& entry) { return entry.second.rank; });
  leader = next == members_.end() ? std::nullopt : std::optional(next->first);
}

GroupMember& Group::rename(std::string_view old_id, std::string new_id) {
  auto node = members_.extract(members_.find(old_id));
  auto& member = node.mapped();
  ASSERT(member.instance_id.has_value(), "only static members come back under another id");
  if (is_leader(old_id)) leader = new_id;
  member.id = new_id;
  static_ids_[*member.instance_id] = new_id;
  node.key() = std::move(new_id);
  return members_.insert(std::move(node)).position->second;
}

ErrorCode Group::check_member(std::string_view member_id,
                              const std::optional<std::string>& instance_id) const {
  if (instance_id) {
    const auto known = static_ids_.find(*instance_id);
    if (known == static_ids_.end()) return ErrorCode::unknown_member_id;
    if (known->second != member_id) return ErrorCode::fenced_instance_id;
  }
  return members_.contains(member_id) ? ErrorCode::none : ErrorCode::unknown_member_id;
}

/// A join asks what all members have in common, and there may be many of them with many protocols
/// each: so it is counted when they come and go.
void Group::count_offers(const GroupMember& member, bool come) {
  std::set<std::string_view> names;  // One may be named twice.
  for (const auto& protocol : member.protocols) names.insert(protocol.name);
  for (const auto name : names) {
    if (come) {
      ++offers_[std::string(name)];
      continue;
    }
    const auto found = offers_.find(name);
    if (--found->second == 0) offers_.erase(found);
  }
}

void Group::set_protocols(GroupMember& member, std::vector<MemberProtocol> protocols) {
  count_offers(member, false);
  member.protocols = std::move(protocols);
  count_offers(member, true);
}

bool Group::accepts(std::string_view type, const std::vector<MemberProtocol>& protocols) const {
  if (members_.empty()) return !type.empty() && !protocols.empty();
  if (protocol_type != type) return false;
  return std::ranges::any_of(protocols, [this](const MemberProtocol& protocol) {
    const auto found = offers_.find(protocol.name);
    return found != offers_.end() && found->second == members_.size();
  });
}

std::string Group::vote() const {
  ASSERT(!members_.empty(), "nobody votes in an empty group");
  std::map<std::string_view, int> votes;
  for (const auto& [name, members] : offers_)
    if (members == members_.size()) votes.emplace(name, 0);
  for (const auto& [id, member] : members_) {
    const auto choice = std::ranges::find_if(
        member.protocols, [&votes](const MemberProtocol& p) { return votes.contains(p.name); });
    ASSERT(choice != member.protocols.end(), "who has nothing in common is not let in");
    ++votes[choice->name];
  }
  const auto most =
      std::ranges::max_element(votes, {}, [](const auto& entry) { return entry.second; });
  return std::string(most->first);
}

bool Group::all_joined() const { return pending.empty() && joining_count() == members_.size(); }

std::size_t Group::joining_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      members_, [](const auto& entry) { return entry.second.joining.has_value(); }));
}

bool Group::elect_leader() {
  if (leader) {
    const auto* current = member(*leader);
    if (current != nullptr && current->joining) return true;
  }
  const GroupMember* first = nullptr;
  for (const auto& [id, member] : members_)
    if (member.joining && (first == nullptr || member.rank < first->rank)) first = &member;
  if (first == nullptr) return false;
  leader = first->id;
  return true;
}

std::int32_t Group::rebalance_timeout_ms() const {
  std::int32_t longest = 0;
  for (const auto& [id, member] : members_)
    longest = std::max(longest, member.rebalance_timeout_ms);
  return longest;
}

std::optional<std::set<std::string, std::less<>>> Group::subscribed_topics() const {
  std::set<std::string, std::less<>> topics;
  if (!protocol_type) return std::nullopt;
  if (members_.empty()) return topics;
  if (!is_consumer_group() || !protocol_name) return std::nullopt;
  for (const auto& [id, member] : members_) {
    const auto* chosen = member.protocol(*protocol_name);
    if (chosen == nullptr) return std::nullopt;
    auto subscription = protocol::decode_subscription(chosen->metadata);
    if (!subscription) return std::nullopt;
    topics.insert(subscription->topics.begin(), subscription->topics.end());
  }
  return topics;
}

}  // namespace broker
