#include "protocol/messages/offset_delete.h"

#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/handlers/merged_topics.h"

namespace broker {
namespace {

using protocol::ErrorCode;
using protocol::OffsetDeleteRequest;
using protocol::OffsetDeleteResponse;
using Answers = MergedTopics<OffsetDeleteResponse::Topic>;

/// Takes what does not exist out of the request and answers it.
void refuse_unknown(OffsetDeleteRequest& request, const TopicsImage& image, Answers& answers) {
  for (auto& wanted : request.topics) {
    const auto* topic = image.named(wanted.name);
    OffsetDeleteResponse::Topic refused;
    refused.name = wanted.name;
    std::erase_if(wanted.partitions, [&](const OffsetDeleteRequest::Partition& partition) {
      if (topic != nullptr && topic->partition(partition.partition_index) != nullptr) return false;
      refused.partitions.push_back(
          {partition.partition_index, ErrorCode::unknown_topic_or_partition});
      return true;
    });
    if (topic == nullptr || !refused.partitions.empty()) answers.add(std::move(refused));
  }
  std::erase_if(request.topics, [](const auto& topic) { return topic.partitions.empty(); });
}

}  // namespace

/// OffsetDelete (47), v0 (KIP-496).
Task<OffsetDeleteResponse> handle(RequestContext& context, OffsetDeleteRequest request) {
  Answers answers;
  refuse_unknown(request, *context.services.topics.image(), answers);
  const auto decide = [&request](GroupCore& core, Now /*now*/, Step& step) {
    return core.delete_offsets(request, step);
  };
  auto answer = co_await context.services.groups.ask(context.loop(), request.group_id, decide);
  if (answer && answer->error_code == ErrorCode::none) {
    OffsetDeleteResponse response;
    response.topics = std::move(answers).with(std::move(answer->topics));
    co_return response;
  }
  OffsetDeleteResponse refused;
  refused.error_code = answer ? answer->error_code : answer.error();
  co_return refused;
}

}  // namespace broker
