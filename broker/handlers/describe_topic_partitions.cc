#include <algorithm>
#include <set>
#include <string>

#include "broker/handlers/handlers.h"
#include "broker/topics/topic_name.h"
#include "protocol/messages/describe_topic_partitions.h"

namespace broker {
namespace {

using protocol::DescribeTopicPartitionsRequest;
using protocol::DescribeTopicPartitionsResponse;
using protocol::ErrorCode;

/// max.request.partition.size.limit of Kafka.
constexpr std::int32_t kPartitionsMax = 2000;

/// The topics to describe, sorted; all there are if none is named.
std::set<std::string> wanted_names(const DescribeTopicPartitionsRequest& request,
                                   const TopicsImage& image) {
  std::set<std::string> names;
  for (const auto& topic : request.topics) names.insert(topic.name);
  if (request.topics.empty())
    for (const auto& [name, topic] : image.by_name) names.insert(name);
  return names;
}

/// The cursor is what we answered before: a topic of those asked for, and a partition.
bool is_sound(const DescribeTopicPartitionsRequest& request) {
  if (!request.cursor) return true;
  if (request.cursor->partition_index < 0) return false;
  return request.topics.empty() || std::ranges::any_of(request.topics, [&](const auto& topic) {
           return topic.name == request.cursor->topic_name;
         });
}

/// Adds the topic's partitions from `first` on; returns the first that found no room.
std::int32_t describe(const Topic& topic, std::int32_t node_id, std::int32_t first,
                      std::int32_t room, DescribeTopicPartitionsResponse::Topic& answer) {
  const auto count = static_cast<std::int32_t>(topic.partitions.size());
  const auto end = count - first <= room ? count : first + room;
  for (auto index = first; index < end; ++index) {
    auto& partition = answer.partitions.emplace_back();
    partition.partition_index = index;
    partition.leader_id = node_id;
    partition.leader_epoch = topic.partition(index)->leader_epoch();
    partition.replica_nodes = {node_id};
    partition.isr_nodes = {node_id};
    partition.eligible_leader_replicas.emplace();
    partition.last_known_elr.emplace();
  }
  return end;
}

}  // namespace

/// DescribeTopicPartitions (75), v0 (KIP-966): topics by name, in pieces; the cursor says where to
/// go on.
Task<DescribeTopicPartitionsResponse> handle(RequestContext& context,
                                             DescribeTopicPartitionsRequest request) {
  const auto image = context.services.topics.image();
  const auto node_id = context.services.config.node_id;
  DescribeTopicPartitionsResponse response;
  if (!is_sound(request)) {
    for (const auto& topic : request.topics) {
      auto& answer = response.topics.emplace_back();
      answer.name = topic.name;
      answer.error_code = ErrorCode::invalid_request;
    }
    co_return response;
  }
  auto room = std::clamp(request.response_partition_limit, 1, kPartitionsMax);
  for (const auto& name : wanted_names(request, *image)) {
    std::int32_t first = 0;
    if (request.cursor) {
      if (name < request.cursor->topic_name) continue;
      if (name == request.cursor->topic_name) first = request.cursor->partition_index;
    }
    const auto* topic = image->named(name);
    const auto count = topic == nullptr ? 0 : static_cast<std::int32_t>(topic->partitions.size());
    if (room == 0) {
      response.next_cursor = DescribeTopicPartitionsResponse::Cursor{};
      response.next_cursor->topic_name = name;
      break;
    }
    auto& answer = response.topics.emplace_back();
    answer.name = name;
    if (topic == nullptr) {
      answer.error_code = problem_with_topic_name(name) ? ErrorCode::invalid_topic_exception
                                                        : ErrorCode::unknown_topic_or_partition;
      continue;
    }
    answer.topic_id = topic->id;
    answer.is_internal = topic->internal;
    const auto end = describe(*topic, node_id, first, room, answer);
    room -= end - std::min(first, end);
    if (end < count) {
      response.next_cursor = DescribeTopicPartitionsResponse::Cursor{};
      response.next_cursor->topic_name = name;
      response.next_cursor->partition_index = end;
      break;
    }
  }
  co_return response;
}

}  // namespace broker
