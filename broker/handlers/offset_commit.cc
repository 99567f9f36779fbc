#include "protocol/messages/offset_commit.h"

#include <functional>
#include <utility>

#include "broker/handlers/handlers.h"
#include "broker/handlers/merged_topics.h"

namespace broker {
namespace {

using protocol::ErrorCode;
using protocol::OffsetCommitRequest;
using protocol::OffsetCommitResponse;
using Answers = MergedTopics<OffsetCommitResponse::Topic>;

constexpr protocol::ApiVersion kFirstByIds = 10;

void refuse(const OffsetCommitRequest::Topic& topic, ErrorCode error, Answers& refused) {
  OffsetCommitResponse::Topic answers{.name = topic.name, .topic_id = topic.topic_id};
  for (const auto& partition : topic.partitions)
    answers.partitions.push_back({partition.partition_index, error});
  refused.add(std::move(answers));
}

/// Takes what does not exist out of the request and answers it; names what is known by its id.
void refuse_unknown(OffsetCommitRequest& request, const TopicsImage& image, bool by_ids,
                    Answers& refused) {
  std::erase_if(request.topics, [&](OffsetCommitRequest::Topic& wanted) {
    const auto* topic = by_ids ? image.with_id(wanted.topic_id) : image.named(wanted.name);
    if (topic == nullptr) {
      refuse(wanted, by_ids ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition,
             refused);
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
      refuse(unknown, ErrorCode::unknown_topic_or_partition, refused);
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
    Answers refused;
    refuse_unknown(request, *topics.image(), version >= kFirstByIds, refused);
    auto response = core.commit(request, version, now, step);
    response.topics = std::move(refused).with(std::move(response.topics));
    return response;
  };
  auto answer = co_await context.services.groups.ask(context.loop(), request.group_id, decide);
  if (answer) co_return std::move(*answer);
  Answers refused;
  for (const auto& topic : request.topics) refuse(topic, answer.error(), refused);
  OffsetCommitResponse response;
  response.topics = std::move(refused).with({});
  co_return response;
}

}  // namespace broker
