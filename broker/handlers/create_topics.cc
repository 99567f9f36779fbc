#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/handlers/config_answer.h"
#include "broker/handlers/handlers.h"
#include "protocol/messages/create_topics.h"

namespace broker {
namespace {

using protocol::CreateTopicsRequest;
using protocol::CreateTopicsResponse;
using protocol::ErrorCode;

constexpr protocol::ApiVersion kFirstWithConfigs = 5;

NewTopic wanted_topic(const CreateTopicsRequest::Topic& topic) {
  NewTopic wanted{.name = topic.name,
                  .num_partitions = topic.num_partitions,
                  .replication_factor = topic.replication_factor};
  for (const auto& assignment : topic.assignments)
    wanted.assignments.push_back({assignment.partition_index, assignment.broker_ids});
  for (const auto& config : topic.configs) wanted.configs.emplace_back(config.name, config.value);
  return wanted;
}

void put(const RequestContext& context, TopicDecision decision,
         CreateTopicsResponse::Topic& answer) {
  answer.error_code = decision.error;
  if (decision.refused()) {
    answer.error_message = std::move(decision.message);
    return;
  }
  answer.topic_id = decision.topic_id;
  answer.num_partitions = decision.end_partition;
  answer.replication_factor = 1;
  if (context.version < kFirstWithConfigs) return;
  answer.configs.emplace();
  const auto image = context.services.topics.image();
  for (const auto& config :
       describe_topic_configs(context.services.config, image->broker_overrides, decision.configs)) {
    auto& entry = answer.configs->emplace_back();
    entry.name = config.name;
    // Kafka repeats the text it was given, where DescribeConfigs shows what it reads in it.
    const auto own = decision.configs.find(config.name);
    entry.value = own == decision.configs.end() ? config.value : own->second;
    entry.read_only = config.read_only;
    entry.config_source = static_cast<std::int8_t>(config.source);
    entry.is_sensitive = config.sensitive;
  }
}

}  // namespace

/// CreateTopics (19), v0 to v7. Errors are per topic; the others are still created. A name that is
/// asked for twice is refused for that name only.
Task<CreateTopicsResponse> handle(RequestContext& context, CreateTopicsRequest request) {
  std::map<std::string, int> times;
  for (const auto& topic : request.topics) ++times[topic.name];

  CreateTopicsResponse response;
  std::vector<NewTopic> wanted;
  for (const auto& topic : request.topics) {
    auto& count = times[topic.name];
    if (count == 0) continue;  // Answered already.
    if (count > 1) {
      auto& answer = response.topics.emplace_back();
      answer.name = topic.name;
      answer.error_code = ErrorCode::invalid_request;
      answer.error_message = "Duplicate topic name.";
      count = 0;
      continue;
    }
    wanted.push_back(wanted_topic(topic));
  }
  std::vector<std::string> names;
  names.reserve(wanted.size());
  for (const auto& topic : wanted) names.push_back(topic.name);
  auto decisions = co_await context.services.topics.create(context.loop(), std::move(wanted),
                                                           request.validate_only);
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    auto& answer = response.topics.emplace_back();
    answer.name = names[i];
    put(context, std::move(decisions[i]), answer);
  }
  co_return response;
}

}  // namespace broker
