#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/handlers/handlers.h"
#include "broker/topics/topic_name.h"
#include "protocol/messages/metadata.h"

namespace broker {
namespace {

using protocol::ErrorCode;
using protocol::MetadataRequest;
using protocol::MetadataResponse;

constexpr protocol::ApiVersion kFirstWithNull = 1;
constexpr protocol::ApiVersion kFirstWithAutoCreateFlag = 4;
constexpr protocol::ApiVersion kFirstByIds = 12;

/// v0 has no null and says "all" with an empty list.
bool wants_all(const RequestContext& context, const MetadataRequest& request) {
  if (!request.topics) return true;
  return context.version < kFirstWithNull && request.topics->empty();
}

MetadataResponse::Topic describe(const Topic& topic, std::int32_t node_id) {
  MetadataResponse::Topic answer;
  answer.name = topic.name;
  answer.topic_id = topic.id;
  answer.is_internal = topic.internal;
  answer.partitions.reserve(topic.partitions.size());
  for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
    auto& partition = answer.partitions.emplace_back();
    partition.partition_index = static_cast<std::int32_t>(index);
    partition.leader_id = node_id;
    partition.leader_epoch = topic.partitions[index]->leader_epoch();
    partition.replica_nodes = {node_id};
    partition.isr_nodes = {node_id};
  }
  return answer;
}

MetadataResponse::Topic unknown(const MetadataRequest::Topic& wanted, ErrorCode error) {
  MetadataResponse::Topic answer;
  answer.error_code = error;
  answer.name = wanted.name;
  answer.topic_id = wanted.topic_id;
  return answer;
}

bool may_create(const RequestContext& context, const MetadataRequest& request) {
  if (!context.services.config.auto_create_topics_enable) return false;
  return context.version < kFirstWithAutoCreateFlag || request.allow_auto_topic_creation;
}

/// Kafka takes the topics as a set. A name costs its sender a few bytes and the answer about it may
/// have thousands of partitions: it is given once, however often it is asked for.
void want_each_once(MetadataRequest& request) {
  std::set<std::pair<base::Uuid, std::optional<std::string>>> seen;
  std::erase_if(*request.topics, [&seen](const MetadataRequest::Topic& topic) {
    const bool by_id = !topic.topic_id.is_zero();  // The name does not count then.
    return !seen.emplace(topic.topic_id, by_id ? std::nullopt : topic.name).second;
  });
}

/// Creates what is asked for by a legal name and is not there.
Task<> create_missing(RequestContext& context, const MetadataRequest& request) {
  const auto image = context.services.topics.image();
  std::vector<NewTopic> missing;
  for (const auto& wanted : *request.topics) {
    const bool by_name = wanted.topic_id.is_zero() && wanted.name;
    if (!by_name || image->named(*wanted.name) != nullptr) continue;
    if (problem_with_topic_name(*wanted.name)) continue;
    // The broker's own topics are made by the coordinators that keep their state in them.
    if (is_internal_topic(*wanted.name)) continue;
    missing.push_back({.name = *wanted.name});
  }
  if (missing.empty()) co_return;
  // A refusal shows below: the topic is still not there.
  co_await context.services.topics.create(context.loop(), std::move(missing), false);
}

/// Ids are fields of v10 already, but Kafka takes them from v12 on only.
bool names_all_topics(const MetadataRequest& request) {
  return std::ranges::all_of(*request.topics, [](const MetadataRequest::Topic& topic) {
    return topic.name && topic.topic_id.is_zero();
  });
}

/// Kafka's answer to a request that makes no sense: every topic carries the error.
void refuse_all(const MetadataRequest& request, MetadataResponse& response) {
  for (const auto& wanted : *request.topics) {
    auto& answer = response.topics.emplace_back(unknown(wanted, ErrorCode::invalid_request));
    answer.name = wanted.name.value_or("");
  }
}

void answer_wanted(const TopicsImage& image, const MetadataRequest::Topic& wanted,
                   std::int32_t node_id, MetadataResponse& response) {
  const bool by_id = !wanted.topic_id.is_zero();
  const auto* topic = by_id         ? image.with_id(wanted.topic_id)
                      : wanted.name ? image.named(*wanted.name)
                                    : nullptr;
  auto error = by_id ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition;
  if (!by_id && wanted.name && problem_with_topic_name(*wanted.name))
    error = ErrorCode::invalid_topic_exception;
  response.topics.push_back(topic != nullptr ? describe(*topic, node_id) : unknown(wanted, error));
}

}  // namespace

/// Metadata (3), v0 to v13. A topic that is created on the way is answered at once; Kafka answers
/// UNKNOWN_TOPIC_OR_PARTITION first and lets the client ask again.
Task<MetadataResponse> handle(RequestContext& context, MetadataRequest request) {
  const auto& config = context.services.config;
  const bool all = wants_all(context, request);
  MetadataResponse response;
  if (!all && context.version < kFirstByIds && !names_all_topics(request)) {
    refuse_all(request, response);
    co_return response;
  }
  if (!all) want_each_once(request);
  if (!all && may_create(context, request)) co_await create_missing(context, request);

  auto& broker = response.brokers.emplace_back();
  broker.node_id = config.node_id;
  broker.host = context.connection.advertised_host;
  broker.port = context.connection.advertised_port;
  response.cluster_id = context.services.topics.cluster_id();
  response.controller_id = config.node_id;

  const auto image = context.services.topics.image();
  if (all) {
    for (const auto& [name, topic] : image->by_name)
      response.topics.push_back(describe(*topic, config.node_id));
  } else {
    for (const auto& wanted : *request.topics)
      answer_wanted(*image, wanted, config.node_id, response);
  }
  co_return response;
}

}  // namespace broker
