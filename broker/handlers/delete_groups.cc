#include "protocol/messages/delete_groups.h"

#include <set>
#include <string_view>
#include <utility>

#include "broker/handlers/group_answer.h"
#include "broker/handlers/handlers.h"

namespace broker {

using protocol::DeleteGroupsRequest;
using protocol::DeleteGroupsResponse;

/// DeleteGroups (42), v0 to v2: each by itself, and once.
Task<DeleteGroupsResponse> handle(RequestContext& context, DeleteGroupsRequest request) {
  DeleteGroupsResponse response;
  std::set<std::string_view> done;
  for (const auto& group_id : request.groups_names) {
    if (!done.insert(group_id).second) continue;
    const auto decide = [&group_id](GroupCore& core, Now /*now*/, Step& step) {
      return core.delete_group(group_id, step);
    };
    auto answer = co_await context.services.groups.ask(context.loop(), group_id, decide);
    response.results.push_back(
        answer_or(std::move(answer), DeleteGroupsResponse::Result{.group_id = group_id}));
    if (done.size() % kGroupsPerTurn == 0) co_await give_way(context.loop());
  }
  co_return response;
}

}  // namespace broker
