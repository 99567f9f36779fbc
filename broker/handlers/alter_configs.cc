#include "protocol/messages/alter_configs.h"

#include <utility>
#include <vector>

#include "broker/handlers/config_changes.h"
#include "broker/handlers/handlers.h"

namespace broker {

using protocol::AlterConfigsRequest;
using protocol::AlterConfigsResponse;

/// AlterConfigs (33), v0 to v2: what a resource is not told is back at its default.
Task<AlterConfigsResponse> handle(RequestContext& context, AlterConfigsRequest request) {
  std::vector<ConfigChange> changes;
  changes.reserve(request.resources.size());
  for (auto& resource : request.resources) {
    auto& change = changes.emplace_back();
    change.resource_type = resource.resource_type;
    change.resource_name = std::move(resource.resource_name);
    change.replaces_all = true;
    for (auto& config : resource.configs)
      change.operations.push_back({.name = std::move(config.name),
                                   .operation = ConfigOperation::kSet,
                                   .value = std::move(config.value)});
  }
  auto decisions =
      co_await context.services.topics.configure(context.loop(), changes, request.validate_only);
  co_return answer_of<AlterConfigsResponse>(std::move(changes), std::move(decisions));
}

}  // namespace broker
