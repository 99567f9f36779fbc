#include "protocol/messages/incremental_alter_configs.h"

#include <utility>
#include <vector>

#include "broker/handlers/config_changes.h"
#include "broker/handlers/handlers.h"

namespace broker {

using protocol::IncrementalAlterConfigsRequest;
using protocol::IncrementalAlterConfigsResponse;

/// IncrementalAlterConfigs (44), v0 and v1 (KIP-339): what is not named stays.
Task<IncrementalAlterConfigsResponse> handle(RequestContext& context,
                                             IncrementalAlterConfigsRequest request) {
  std::vector<ConfigChange> changes;
  changes.reserve(request.resources.size());
  for (auto& resource : request.resources) {
    auto& change = changes.emplace_back();
    change.resource_type = resource.resource_type;
    change.resource_name = std::move(resource.resource_name);
    for (auto& config : resource.configs)
      change.operations.push_back({.name = std::move(config.name),
                                   .operation = config.config_operation,
                                   .value = std::move(config.value)});
  }
  auto decisions =
      co_await context.services.topics.configure(context.loop(), changes, request.validate_only);
  co_return answer_of<IncrementalAlterConfigsResponse>(std::move(changes), std::move(decisions));
}

}  // namespace broker
