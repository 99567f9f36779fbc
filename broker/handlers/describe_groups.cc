#include "protocol/messages/describe_groups.h"

#include <set>
#include <string_view>
#include <utility>

#include "broker/handlers/group_answer.h"
#include "broker/handlers/handlers.h"

namespace broker {

using protocol::DescribeGroupsRequest;
using protocol::DescribeGroupsResponse;

namespace {

/// What can be done to a group: read, delete, describe, and describe and alter its configuration,
/// by the numbers of Kafka's AclOperation. Everybody may: there is no authorizer.
constexpr std::int32_t kAllOperations = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11;

}  // namespace

/// DescribeGroups (15), v0 to v6. A group is described once, however often it is named: what its
/// members brought along may be large. Kafka does it as often.
Task<DescribeGroupsResponse> handle(RequestContext& context, DescribeGroupsRequest request) {
  DescribeGroupsResponse response;
  std::set<std::string_view> done;
  for (const auto& group_id : request.groups) {
    if (!done.insert(group_id).second) continue;
    const auto decide = [&group_id, version = context.version](GroupCore& core, Now /*now*/,
                                                               Step& /*step*/) {
      return core.describe(group_id, version);
    };
    auto answer = co_await context.services.groups.ask(context.loop(), group_id, decide);
    auto& group = response.groups.emplace_back(
        answer_or(std::move(answer), DescribeGroupsResponse::Group{.group_id = group_id}));
    if (request.include_authorized_operations && group.error_code == protocol::ErrorCode::none)
      group.authorized_operations = kAllOperations;
    if (done.size() % kGroupsPerTurn == 0) co_await give_way(context.loop());
  }
  co_return response;
}

}  // namespace broker
