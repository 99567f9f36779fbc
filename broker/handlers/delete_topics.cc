#include <map>
#include <string>
#include <utility>

#include "broker/handlers/handlers.h"
#include "protocol/messages/delete_topics.h"

namespace broker {
namespace {

using protocol::DeleteTopicsRequest;
using protocol::DeleteTopicsResponse;
using protocol::ErrorCode;

constexpr protocol::ApiVersion kFirstWithIds = 6;

DeleteTopicsRequest::Topic by_name(std::string name) {
  DeleteTopicsRequest::Topic topic;
  topic.name = std::move(name);
  return topic;
}

/// What can be refused before the store is asked.
ErrorCode refusal(const RequestContext& context, const DeleteTopicsRequest::Topic& wanted,
                  const Topic* topic) {
  if (!context.services.config.delete_topic_enable) return ErrorCode::topic_deletion_disabled;
  const bool by_id = !wanted.topic_id.is_zero();
  if (by_id == wanted.name.has_value()) return ErrorCode::invalid_request;  // Both, or neither.
  if (topic != nullptr) return ErrorCode::none;
  return by_id ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition;
}

std::string_view why(ErrorCode error) {
  switch (error) {
    case ErrorCode::topic_deletion_disabled:
      return "Topic deletion is disabled.";
    case ErrorCode::invalid_request:
      return "You may not specify both topic name and topic id, or the same topic twice.";
    case ErrorCode::unknown_topic_id:
      return "This server does not host this topic ID.";
    default:
      return "This server does not host this topic-partition.";
  }
}

}  // namespace

/// DeleteTopics (20), v0 to v6: by name, or since v6 by id. Metadata forgets a topic before the
/// answer is sent.
Task<DeleteTopicsResponse> handle(RequestContext& context, DeleteTopicsRequest request) {
  if (context.version < kFirstWithIds) {
    for (auto& name : request.topic_names) request.topics.push_back(by_name(std::move(name)));
  }
  const auto image = context.services.topics.image();
  const auto topic_of = [&image](const DeleteTopicsRequest::Topic& wanted) {
    if (wanted.topic_id.is_zero()) return wanted.name ? image->named(*wanted.name) : nullptr;
    return image->with_id(wanted.topic_id);
  };
  std::map<const Topic*, int> times;
  for (const auto& wanted : request.topics) ++times[topic_of(wanted)];

  DeleteTopicsResponse response;
  for (const auto& wanted : request.topics) {
    const auto* topic = topic_of(wanted);
    auto& answer = response.responses.emplace_back();
    answer.name = wanted.name;
    answer.topic_id = wanted.topic_id;
    answer.error_code = refusal(context, wanted, topic);
    if (topic != nullptr && times[topic] > 1) answer.error_code = ErrorCode::invalid_request;
    if (answer.error_code != ErrorCode::none) {
      answer.error_message = why(answer.error_code);
      continue;
    }
    answer.name = topic->name;
    answer.topic_id = topic->id;
    auto decision = co_await context.services.topics.remove(context.loop(), topic->id);
    answer.error_code = decision.error;
    if (decision.refused()) answer.error_message = std::move(decision.message);
  }
  co_return response;
}

}  // namespace broker
