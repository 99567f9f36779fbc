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

constexpr protocol::ApiVersion kFirstWithDisabled = 3;
constexpr protocol::ApiVersion kFirstWithIds = 6;

DeleteTopicsRequest::Topic by_name(std::string name) {
  DeleteTopicsRequest::Topic topic;
  topic.name = std::move(name);
  return topic;
}

struct Refusal {
  ErrorCode error = ErrorCode::none;
  std::string_view why;
};

constexpr Refusal kUnknownName{ErrorCode::unknown_topic_or_partition,
                               "This server does not host this topic-partition."};
constexpr Refusal kUnknownId{ErrorCode::unknown_topic_id,
                             "This server does not host this topic ID."};

/// What can be refused before the store is asked. `times`: how often the topic is named.
Refusal refusal(const RequestContext& context, const DeleteTopicsRequest::Topic& wanted,
                const Topic* topic, int times) {
  if (!context.services.config.delete_topic_enable)
    return {context.version < kFirstWithDisabled ? ErrorCode::invalid_request
                                                 : ErrorCode::topic_deletion_disabled,
            "Topic deletion is disabled."};
  const bool by_id = !wanted.topic_id.is_zero();
  if (by_id && wanted.name)
    return {ErrorCode::invalid_request, "You may not specify both topic name and topic id."};
  if (!by_id && !wanted.name)
    return {ErrorCode::invalid_request, "Neither topic name nor id were specified."};
  if (topic == nullptr) return by_id ? kUnknownId : kUnknownName;
  if (times > 1)
    return {ErrorCode::invalid_request, by_id ? "Duplicate topic id." : "Duplicate topic name."};
  return {};
}

void put(const Refusal& refused, DeleteTopicsResponse::Topic& answer) {
  answer.error_code = refused.error;
  answer.error_message = refused.why;
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
  bool any_removed = false;
  for (const auto& wanted : request.topics) {
    const auto* topic = topic_of(wanted);
    auto& answer = response.responses.emplace_back();
    answer.name = wanted.name;
    answer.topic_id = wanted.topic_id;
    if (const auto refused = refusal(context, wanted, topic, times[topic]);
        refused.error != ErrorCode::none) {
      put(refused, answer);
      continue;
    }
    answer.name = topic->name;
    answer.topic_id = topic->id;
    auto decision = co_await context.services.topics.remove(context.loop(), topic->id);
    answer.error_code = decision.error;
    any_removed = any_removed || !decision.refused();
    if (decision.refused()) answer.error_message = std::move(decision.message);
    // Somebody else was quicker: in the terms in which it was asked for.
    if (decision.error == ErrorCode::unknown_topic_id && wanted.name) put(kUnknownName, answer);
  }
  if (any_removed) co_await context.services.groups.forget_removed_topics(context.loop());
  co_return response;
}

}  // namespace broker
