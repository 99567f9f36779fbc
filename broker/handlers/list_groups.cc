#include "protocol/messages/list_groups.h"
#include "broker/handlers/handlers.h"

namespace broker {

/// ListGroups (16), v0 to v5: all, or since v4 those in some states, since v5 of some types.
Task<protocol::ListGroupsResponse> handle(RequestContext& context,
                                          protocol::ListGroupsRequest request) {
  co_return co_await context.services.groups.list(context.loop(), std::move(request));
}

}  // namespace broker
