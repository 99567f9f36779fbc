#include "protocol/messages/heartbeat.h"

#include <utility>

#include "broker/handlers/group_answer.h"
#include "broker/handlers/handlers.h"

namespace broker {

using protocol::HeartbeatRequest;
using protocol::HeartbeatResponse;

/// Heartbeat (12), v0 to v4.
Task<HeartbeatResponse> handle(RequestContext& context, HeartbeatRequest request) {
  const auto decide = [&request](GroupCore& core, Now now, Step& /*step*/) {
    return core.heartbeat(request, now);
  };
  auto answer = co_await context.services.groups.ask(context.loop(), request.group_id, decide);
  co_return answer_or(std::move(answer));
}

}  // namespace broker
