#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/partition/partition.h"
#include "broker/topics/topic_log_config.h"
#include "config/log_config.h"
#include "protocol/base/ids.h"

namespace broker {

/// One topic as requests see it.
struct Topic {
  base::Uuid id;
  std::string name;
  bool internal = false;
  std::map<std::string, std::string, std::less<>> overrides;  // Its own configuration.
  std::shared_ptr<const config::LogConfig> config;            // ...over the broker's.
  std::vector<std::shared_ptr<Partition>> partitions;         // By partition index.

  /// Null if the topic has no such partition.
  Partition* partition(std::int32_t index) const {
    const bool there = 0 <= index && static_cast<std::size_t>(index) < partitions.size();
    return there ? partitions[static_cast<std::size_t>(index)].get() : nullptr;
  }
};

/// All topics at one moment. Never changes; a request keeps the one it took, and so the partitions
/// in it, until it is answered.
///
/// Thread: any.
struct TopicsImage {
  std::map<std::string, std::shared_ptr<const Topic>, std::less<>> by_name;
  std::unordered_map<base::Uuid, std::shared_ptr<const Topic>> by_id;
  BrokerOverrides broker_overrides;

  /// Null if there is no such topic.
  const Topic* named(std::string_view name) const {
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : found->second.get();
  }
  const Topic* with_id(const base::Uuid& id) const {
    const auto found = by_id.find(id);
    return found == by_id.end() ? nullptr : found->second.get();
  }
};

}  // namespace broker
