#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "broker/coordinator/group_core.h"

namespace broker {

using protocol::DeleteGroupsResponse;
using protocol::DescribeGroupsResponse;
using protocol::ErrorCode;
using protocol::ListGroupsRequest;
using protocol::ListGroupsResponse;

namespace {

constexpr protocol::ApiVersion kFirstWithNotFound = 6;  // KIP-1043
constexpr std::string_view kClassic = "classic";

bool same_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// As Java's trim() does it.
std::string without_blanks(std::string_view text) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return std::string(text);
}

/// No filter lets everything through.
bool passes(const std::vector<std::string>& filter, std::string_view value) {
  return filter.empty() || std::ranges::any_of(filter, [value](const std::string& wanted) {
           return same_but_for_case(wanted, value);
         });
}

}  // namespace

void GroupCore::list(const ListGroupsRequest& request, ListGroupsResponse& response) const {
  if (!passes(request.types_filter, kClassic)) return;
  // Kafka forgives blanks around a state, not around a type.
  std::vector<std::string> states;
  std::ranges::transform(request.states_filter, std::back_inserter(states), without_blanks);
  for (const auto& [group_id, group] : groups_) {
    if (!passes(states, name_of(group.state))) continue;
    auto& listed = response.groups.emplace_back();
    listed.group_id = group_id;
    listed.protocol_type = group.protocol_type.value_or("");
    listed.group_state = name_of(group.state);
    listed.group_type = kClassic;
  }
}

DescribeGroupsResponse::Group GroupCore::describe(const std::string& group_id,
                                                  protocol::ApiVersion version) const {
  DescribeGroupsResponse::Group described;
  described.group_id = group_id;
  described.error_code = trust(group_id);
  if (described.error_code != ErrorCode::none) return described;
  const auto* group = find(group_id);
  if (group == nullptr) {
    described.group_state = "Dead";
    if (version >= kFirstWithNotFound) {
      described.error_code = ErrorCode::group_id_not_found;
      described.error_message = fmt::format("Group {} not found.", group_id);
    }
    return described;
  }
  described.group_state = name_of(group->state);
  described.protocol_type = group->protocol_type.value_or("");
  // What members said is told once it is settled.
  const bool settled = group->state == GroupState::stable;
  if (settled) described.protocol_data = group->protocol_name.value_or("");
  for (const auto& [id, member] : group->members()) {
    auto& shown = described.members.emplace_back();
    shown.member_id = id;
    shown.group_instance_id = member.instance_id;
    shown.client_id = member.client_id;
    shown.client_host = member.client_host;
    shown.member_assignment = member.assignment;
    if (!settled) continue;
    if (const auto* chosen = member.protocol(described.protocol_data))
      shown.member_metadata = chosen->metadata;
  }
  return described;
}

DeleteGroupsResponse::Result GroupCore::delete_group(const std::string& group_id, Step& step) {
  DeleteGroupsResponse::Result result;
  result.group_id = group_id;
  const auto* group = find(group_id);
  const bool distrusted = distrusted_.contains(group_id);
  if (group == nullptr && !distrusted) {
    result.error_code = ErrorCode::group_id_not_found;
  } else if (!distrusted && group->state != GroupState::empty) {
    result.error_code = ErrorCode::non_empty_group;
  } else {
    drop_group(group_id, step);
  }
  return result;
}

}  // namespace broker
