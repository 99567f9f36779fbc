#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/handlers/handlers.h"
#include "protocol/messages/create_partitions.h"

namespace broker {

using protocol::CreatePartitionsRequest;
using protocol::CreatePartitionsResponse;
using protocol::ErrorCode;

/// CreatePartitions (37), v0 to v3: `count` is the new total, and must be more than before.
Task<CreatePartitionsResponse> handle(RequestContext& context, CreatePartitionsRequest request) {
  std::map<std::string, int> times;
  for (const auto& topic : request.topics) ++times[topic.name];

  CreatePartitionsResponse response;
  for (auto& topic : request.topics) {
    if (times[topic.name] == 0) continue;  // Answered already.
    if (std::exchange(times[topic.name], 0) > 1) {
      auto& answer = response.results.emplace_back();
      answer.name = topic.name;
      answer.error_code = ErrorCode::invalid_request;
      answer.error_message = "Duplicate topic name.";
      continue;
    }
    std::optional<std::vector<std::vector<std::int32_t>>> assignments;
    if (topic.assignments) {
      assignments.emplace();
      for (auto& assignment : *topic.assignments)
        assignments->push_back(std::move(assignment.broker_ids));
    }
    auto decision = co_await context.services.topics.grow(
        context.loop(), topic.name, topic.count, std::move(assignments), request.validate_only);
    auto& answer = response.results.emplace_back();
    answer.name = topic.name;
    answer.error_code = decision.error;
    if (decision.refused()) answer.error_message = std::move(decision.message);
  }
  co_return response;
}

}  // namespace broker
