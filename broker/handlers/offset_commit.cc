#include "protocol/messages/offset_commit.h"

#include <functional>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/handlers/merge_topics.h"

namespace broker {
namespace {

using protocol::ErrorCode;
using protocol::OffsetCommitRequest;
using protocol::OffsetCommitResponse;

constexpr protocol::ApiVersion kFirstByIds = 10;

void refuse(const OffsetCommitRequest::Topic& topic, ErrorCode error,
            OffsetCommitResponse& response) {
  OffsetCommitResponse::Topic answers{.name = topic.name, .topic_id = topic.topic_id};
  for (const auto& partition : topic.partitions)
    answers.partitions.push_back({partition.partition_index, error});
  merge_topic(response.topics, std::move(answers));
}

/// Takes what does not exist out of the request and answers it; names what is known by its id.
void refuse_unknown(OffsetCommitRequest& request, const TopicsImage& image, bool by_ids,
                    OffsetCommitResponse& response) {
  std::erase_if(request.topics, [&](OffsetCommitRequest::Topic& wanted) {
    const auto* topic = by_ids ? image.with_id(wanted.topic_id) : image.named(wanted.name);
    if (topic == nullptr) {
      refuse(wanted, by_ids ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition,
             response);
      return true;
    }
    wanted.name = topic->name;
    wanted.topic_id = topic->id;
    auto unknown = wanted;
    const auto exists = [topic](const OffsetCommitRequest::Partition& partition) {
      return topic->partition(partition.partition_index) != nullptr;
    };
    std::erase_if(unknown.partitions, exists);
    std::erase_if(wanted.partitions, std::not_fn(exists));
    if (!unknown.partitions.empty())
      refuse(unknown, ErrorCode::unknown_topic_or_partition, response);
    return wanted.partitions.empty();
  });
}

}  // namespace

/// OffsetCommit (8), v0 to v10. What does not exist is refused by itself; the rest goes ahead.
Task<OffsetCommitResponse> handle(RequestContext& context, OffsetCommitRequest request) {
  const auto version = context.version;
  // Topics are looked at where the commit happens: one that is removed meanwhile leaves nothing
  // behind.
  const auto decide = [&request, version, &topics = context.services.topics](GroupCore& core,
                                                                             Now now, Step& step) {
    OffsetCommitResponse response;
    refuse_unknown(request, *topics.image(), version >= kFirstByIds, response);
    merge_topics(response.topics, core.commit(request, version, now, step).topics);
    return response;
  };
  auto answer = co_await context.services.groups.ask(context.loop(), request.group_id, decide);
  if (answer) co_return std::move(*answer);
  OffsetCommitResponse refused;
  for (const auto& topic : request.topics) refuse(topic, answer.error(), refused);
  co_return refused;
}

}  // namespace broker
