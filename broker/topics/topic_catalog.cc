#include "broker/topics/topic_catalog.h"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "broker/topics/topic_name.h"

namespace broker {
namespace {

base::Result<> contradiction(std::string what) {
  return base::fail(base::Fault::corruption,
                    "the metadata log contradicts itself: " + std::move(what));
}

}  // namespace

base::Result<> TopicCatalog::apply(const protocol::MetadataRecord& record) {
  return std::visit(
      [this](const auto& r) -> base::Result<> {
        using R = std::decay_t<decltype(r)>;
        if constexpr (std::is_same_v<R, protocol::TopicRecord>) {
          return add_topic(r);
        } else if constexpr (std::is_same_v<R, protocol::PartitionRecord>) {
          return add_partition(r);
        } else if constexpr (std::is_same_v<R, protocol::ConfigRecord>) {
          return set_config(r);
        } else if constexpr (std::is_same_v<R, protocol::RemoveTopicRecord>) {
          return remove_topic(r);
        } else if constexpr (std::is_same_v<R, protocol::ProducerIdsRecord>) {
          next_producer_id_ = std::max(next_producer_id_, r.next_producer_id);
          return {};
        } else {
          static_assert(std::is_same_v<R, protocol::ClusterIdRecord>);
          cluster_id_ = r.cluster_id;
          return {};
        }
      },
      record);
}

base::Result<> TopicCatalog::add_topic(const protocol::TopicRecord& record) {
  if (names_.contains(record.topic_id) || topics_.contains(record.name))
    return contradiction(fmt::format("topic '{}' is created twice", record.name));
  names_.emplace(record.topic_id, record.name);
  auto& topic = topics_[record.name];
  topic.id = record.topic_id;
  topic.name = record.name;
  return {};
}

base::Result<> TopicCatalog::add_partition(const protocol::PartitionRecord& record) {
  const auto name = names_.find(record.topic_id);
  if (name == names_.end())
    return contradiction(fmt::format("partition {} of the unknown topic id {}", record.partition_id,
                                     record.topic_id.to_text()));
  auto& topic = topics_.find(name->second)->second;
  if (record.partition_id != topic.partitions)
    return contradiction(fmt::format("partition {} of topic '{}' where {} was expected",
                                     record.partition_id, topic.name, topic.partitions));
  ++topic.partitions;
  return {};
}

base::Result<> TopicCatalog::set_config(const protocol::ConfigRecord& record) {
  if (record.resource_type != kTopicResource && record.resource_type != kBrokerResource)
    return contradiction(fmt::format("a config of resource type {}", record.resource_type));
  auto* configs = configs_of(record);
  if (configs == nullptr)
    return contradiction(fmt::format("a config of the unknown topic '{}'", record.resource_name));
  if (record.value) {
    configs->insert_or_assign(record.name, *record.value);
  } else {
    configs->erase(record.name);
  }
  return {};
}

/// Null: of a topic that does not exist.
TopicCatalog::Configs* TopicCatalog::configs_of(const protocol::ConfigRecord& record) {
  if (record.resource_type == kBrokerResource) return &broker_configs_[record.resource_name];
  const auto topic = topics_.find(record.resource_name);
  return topic == topics_.end() ? nullptr : &topic->second.configs;
}

base::Result<> TopicCatalog::remove_topic(const protocol::RemoveTopicRecord& record) {
  const auto name = names_.find(record.topic_id);
  if (name == names_.end())
    return contradiction("the removal of the unknown topic id " + record.topic_id.to_text());
  topics_.erase(name->second);
  names_.erase(name);
  removed_.insert(record.topic_id);
  return {};
}

const TopicCatalog::Entry* TopicCatalog::named(std::string_view name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

const TopicCatalog::Entry* TopicCatalog::with_id(const base::Uuid& id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? nullptr : named(found->second);
}

const TopicCatalog::Entry* TopicCatalog::colliding_with(std::string_view name) const {
  const auto key = collision_key(name);
  for (const auto& [other, entry] : topics_) {
    if (other != name && collision_key(other) == key) return &entry;
  }
  return nullptr;
}

}  // namespace broker
