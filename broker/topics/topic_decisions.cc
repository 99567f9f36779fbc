#include "broker/topics/topic_decisions.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "broker/topics/topic_name.h"
#include "config/topic_config.h"

namespace broker {
namespace {

using protocol::ErrorCode;

TopicDecision refuse(ErrorCode error, std::string message) {
  return {.error = error, .message = std::move(message)};
}

/// Nothing if one broker can hold these replicas.
std::optional<TopicDecision> problem_with_replicas(const std::vector<std::int32_t>& broker_ids,
                                                   const TopicDefaults& defaults) {
  if (broker_ids.empty())
    return refuse(ErrorCode::invalid_replica_assignment,
                  "The manual partition assignment includes an empty replica list.");
  std::set<std::int32_t> seen;
  for (const auto id : broker_ids) {
    if (!seen.insert(id).second)
      return refuse(ErrorCode::invalid_replica_assignment,
                    fmt::format("The manual partition assignment includes the broker {} more "
                                "than once.",
                                id));
    if (id != defaults.node_id)
      return refuse(ErrorCode::invalid_replica_assignment,
                    fmt::format("The manual partition assignment includes broker {}, but no such "
                                "broker is registered.",
                                id));
  }
  return std::nullopt;
}

/// The number of partitions a manual assignment asks for, or what is wrong with it.
std::int32_t assigned_partitions(const NewTopic& wanted, const TopicDefaults& defaults,
                                 std::optional<TopicDecision>& problem) {
  if (wanted.replication_factor != -1 || wanted.num_partitions != -1) {
    problem = refuse(
        ErrorCode::invalid_request,
        fmt::format("A manual partition assignment was specified, but {} was not set "
                    "to -1.",
                    wanted.replication_factor != -1 ? "replication factor" : "numPartitions"));
    return 0;
  }
  std::set<std::int32_t> indices;
  for (const auto& assignment : wanted.assignments) {
    if (!indices.insert(assignment.partition_index).second) {
      problem = refuse(ErrorCode::invalid_replica_assignment,
                       fmt::format("Found multiple manual partition assignments for partition {}",
                                   assignment.partition_index));
      return 0;
    }
    problem = problem_with_replicas(assignment.broker_ids, defaults);
    if (problem) return 0;
  }
  const auto count = static_cast<std::int32_t>(indices.size());
  if (*indices.begin() != 0 || *indices.rbegin() != count - 1)
    problem = refuse(ErrorCode::invalid_replica_assignment,
                     "partitions should be a consecutive 0-based integer sequence");
  return count;
}

std::int32_t wanted_partitions(const NewTopic& wanted, const TopicDefaults& defaults,
                               std::optional<TopicDecision>& problem) {
  if (!wanted.assignments.empty()) return assigned_partitions(wanted, defaults, problem);
  const auto factor = wanted.replication_factor;
  if (factor < -1 || factor == 0) {
    problem = refuse(ErrorCode::invalid_replication_factor,
                     "Replication factor must be larger than 0, or -1 to use the default value.");
  } else if (wanted.num_partitions < -1 || wanted.num_partitions == 0) {
    problem = refuse(ErrorCode::invalid_partitions,
                     "Number of partitions was set to an invalid non-positive value.");
  } else if (factor > 1 && !defaults.clamp_replication_factor) {
    problem = refuse(ErrorCode::invalid_replication_factor,
                     fmt::format("Unable to replicate the partition {} time(s): The target "
                                 "replication factor of {} cannot be reached because only 1 "
                                 "broker(s) are registered.",
                                 factor, factor));
  }
  return wanted.num_partitions == -1 ? defaults.num_partitions : wanted.num_partitions;
}

std::optional<TopicDecision> problem_with_name(const TopicCatalog& catalog,
                                               const std::string& name) {
  if (name == "__cluster_metadata")
    return refuse(ErrorCode::invalid_request,
                  "Creation of internal topic __cluster_metadata is prohibited.");
  if (auto problem = problem_with_topic_name(name))
    return refuse(ErrorCode::invalid_topic_exception, std::move(*problem));
  if (catalog.named(name) != nullptr)
    return refuse(ErrorCode::topic_already_exists, fmt::format("Topic '{}' already exists.", name));
  if (const auto* other = catalog.colliding_with(name))
    return refuse(ErrorCode::invalid_topic_exception,
                  fmt::format("Topic '{}' collides with existing topic: {}", name, other->name));
  return std::nullopt;
}

std::optional<TopicDecision> collect_configs(const NewTopic& wanted,
                                             TopicCatalog::Configs& configs) {
  for (const auto& [name, value] : wanted.configs) {
    if (!value)
      return refuse(ErrorCode::invalid_config,
                    fmt::format("Null value not supported for topic configs: {}", name));
    configs[name] = *value;
  }
  if (const auto valid = config::validate_topic_configs(configs); !valid)
    return refuse(ErrorCode::invalid_config, valid.error().detail);
  return std::nullopt;
}

protocol::PartitionRecord partition_record(const base::Uuid& topic_id, std::int32_t index,
                                           std::int32_t node_id) {
  protocol::PartitionRecord record;
  record.partition_id = index;
  record.topic_id = topic_id;
  record.replicas = {node_id};
  record.isr = {node_id};
  record.leader = node_id;
  return record;
}

}  // namespace

TopicDecision decide_create(const TopicCatalog& catalog, const TopicDefaults& defaults,
                            const NewTopic& wanted, base::Random& random) {
  if (auto problem = problem_with_name(catalog, wanted.name)) return std::move(*problem);
  std::optional<TopicDecision> problem;
  const auto partitions = wanted_partitions(wanted, defaults, problem);
  if (problem) return std::move(*problem);
  if (partitions > defaults.partitions_max)
    return refuse(
        ErrorCode::invalid_partitions,
        fmt::format("A topic may have {} partitions at most here.", defaults.partitions_max));
  TopicDecision decision{.name = wanted.name, .end_partition = partitions};
  if (auto bad = collect_configs(wanted, decision.configs)) return std::move(*bad);

  decision.topic_id = base::Uuid::make(random);
  protocol::TopicRecord topic;
  topic.name = wanted.name;
  topic.topic_id = decision.topic_id;
  decision.records.emplace_back(std::move(topic));
  for (const auto& [name, value] : decision.configs) {
    protocol::ConfigRecord record;
    record.resource_type = kTopicResource;
    record.resource_name = wanted.name;
    record.name = name;
    record.value = value;
    decision.records.emplace_back(std::move(record));
  }
  for (std::int32_t index = 0; index < partitions; ++index)
    decision.records.emplace_back(partition_record(decision.topic_id, index, defaults.node_id));
  return decision;
}

TopicDecision decide_delete(const TopicCatalog& catalog, const base::Uuid& topic_id) {
  const auto* topic = catalog.with_id(topic_id);
  if (topic == nullptr)
    return refuse(ErrorCode::unknown_topic_id, "This server does not host this topic ID.");
  TopicDecision decision{
      .topic_id = topic_id, .name = topic->name, .end_partition = topic->partitions};
  protocol::RemoveTopicRecord record;
  record.topic_id = topic_id;
  decision.records.emplace_back(record);
  return decision;
}

TopicDecision decide_grow(
    const TopicCatalog& catalog, const TopicDefaults& defaults, const std::string& name,
    std::int32_t count, const std::optional<std::vector<std::vector<std::int32_t>>>& assignments) {
  const auto* topic = catalog.named(name);
  if (topic == nullptr)
    return refuse(ErrorCode::unknown_topic_or_partition,
                  "This server does not host this topic-partition.");
  // Which partition keeps a group follows from how many there are: the broker would look for its
  // groups where they are not.
  if (is_internal_topic(name))
    return refuse(ErrorCode::invalid_request,
                  fmt::format("The topic {} keeps its number of partitions: what it holds would "
                              "not be found any more.",
                              name));
  if (count == topic->partitions)
    return refuse(ErrorCode::invalid_partitions,
                  fmt::format("Topic already has {} partition(s).", topic->partitions));
  if (count < topic->partitions)
    return refuse(ErrorCode::invalid_partitions,
                  fmt::format("The topic {} currently has {} partition(s); {} would not be an "
                              "increase.",
                              name, topic->partitions, count));
  if (count > defaults.partitions_max)
    return refuse(
        ErrorCode::invalid_partitions,
        fmt::format("A topic may have {} partitions at most here.", defaults.partitions_max));
  const auto added = count - topic->partitions;
  if (assignments) {
    if (std::cmp_not_equal(assignments->size(), added))
      return refuse(ErrorCode::invalid_replica_assignment,
                    fmt::format("Attempted to add {} additional partition(s), but only {} "
                                "assignment(s) were specified.",
                                added, assignments->size()));
    for (const auto& brokers : *assignments) {
      if (auto problem = problem_with_replicas(brokers, defaults)) return std::move(*problem);
    }
  }
  TopicDecision decision{.topic_id = topic->id,
                         .name = name,
                         .first_partition = topic->partitions,
                         .end_partition = count,
                         .configs = topic->configs};
  for (auto index = topic->partitions; index < count; ++index)
    decision.records.emplace_back(partition_record(topic->id, index, defaults.node_id));
  return decision;
}

}  // namespace broker
