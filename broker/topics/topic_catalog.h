#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "protocol/messages/metadata_records.h"

namespace broker {

/// What configurations belong to: Kafka's ConfigResource.Type, of which we know two.
inline constexpr std::int8_t kTopicResource = 2;
inline constexpr std::int8_t kBrokerResource = 4;

/// The broker's own state as the records of __cluster_metadata-0 tell it: which topics there are,
/// with how many partitions and which configuration, which producer ids were given out, and what
/// the cluster is called (DESIGN.md section 6).
///
/// A core: it remembers. State changes in apply() only, so replaying the log after a restart gives
/// exactly the state that wrote it.
class TopicCatalog {
 public:
  using Configs = std::map<std::string, std::string, std::less<>>;

  struct Entry {
    base::Uuid id;
    std::string name;
    std::int32_t partitions = 0;
    Configs configs;
  };

  /// Settings of brokers that were changed while they ran, under the names that brokers have for
  /// them, by the broker's number as text; "": of all brokers.
  using BrokerConfigs = std::map<std::string, Configs, std::less<>>;

  /// Takes one record over. `Fault::corruption` if it contradicts what is known: a partition of a
  /// topic that does not exist, an id given twice.
  base::Result<> apply(const protocol::MetadataRecord& record);

  /// Null if there is none. Valid until the next apply().
  const Entry* named(std::string_view name) const;
  const Entry* with_id(const base::Uuid& id) const;
  /// A topic whose name differs from `name` in '.' and '_' only.
  const Entry* colliding_with(std::string_view name) const;
  const std::map<std::string, Entry, std::less<>>& topics() const { return topics_; }
  /// Removed since the log begins: what is left of them on disk may go.
  bool was_removed(const base::Uuid& id) const { return removed_.contains(id); }

  const BrokerConfigs& broker_configs() const { return broker_configs_; }

  /// The first producer id that no block has covered yet.
  base::ProducerId next_producer_id() const { return next_producer_id_; }
  const std::string& cluster_id() const { return cluster_id_; }

 private:
  base::Result<> add_topic(const protocol::TopicRecord& record);
  base::Result<> add_partition(const protocol::PartitionRecord& record);
  base::Result<> set_config(const protocol::ConfigRecord& record);
  Configs* configs_of(const protocol::ConfigRecord& record);
  base::Result<> remove_topic(const protocol::RemoveTopicRecord& record);

  std::map<std::string, Entry, std::less<>> topics_;
  BrokerConfigs broker_configs_;
  std::unordered_map<base::Uuid, std::string> names_;
  std::set<base::Uuid> removed_;
  base::ProducerId next_producer_id_ = 0;
  std::string cluster_id_;
};

}  // namespace broker
