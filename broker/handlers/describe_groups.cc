#include "protocol/messages/describe_groups.h"

#include <utility>

#include "broker/handlers/handlers.h"

namespace broker {

using protocol::DescribeGroupsRequest;
using protocol::DescribeGroupsResponse;

/// DescribeGroups (15), v0 to v6.
Task<DescribeGroupsResponse> handle(RequestContext& context, DescribeGroupsRequest request) {
  DescribeGroupsResponse response;
  for (const auto& group_id : request.groups) {
    const auto decide = [&group_id, version = context.version](GroupCore& core, Now /*now*/,
                                                               Step& /*step*/) {
      return core.describe(group_id, version);
    };
    auto answer = co_await context.services.groups.ask(context.loop(), group_id, decide);
    if (answer) {
      response.groups.push_back(std::move(*answer));
      continue;
    }
    auto& refused = response.groups.emplace_back();
    refused.group_id = group_id;
    refused.error_code = answer.error();
  }
  co_return response;
}

}  // namespace broker
