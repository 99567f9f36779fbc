#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/topics/topic_catalog.h"
#include "protocol/base/random.h"
#include "protocol/error_code.h"

namespace broker {

/// What a client wants a topic to be.
struct NewTopic {
  struct Assignment {
    std::int32_t partition_index = 0;
    std::vector<std::int32_t> broker_ids;
  };
  std::string name;
  std::int32_t num_partitions = -1;      // -1: num.partitions of the broker.
  std::int16_t replication_factor = -1;  // -1: one, which is all there can be.
  std::vector<Assignment> assignments;
  std::vector<std::pair<std::string, std::optional<std::string>>> configs;
};

/// A refusal in the protocol's words, or the records that make it so and what they say.
struct TopicDecision {
  protocol::ErrorCode error = protocol::ErrorCode::none;
  std::string message;
  base::Uuid topic_id;
  std::string name;
  std::int32_t first_partition = 0;  // The partitions to create are [first, end).
  std::int32_t end_partition = 0;
  TopicCatalog::Configs configs;
  std::vector<protocol::MetadataRecord> records;

  bool refused() const { return error != protocol::ErrorCode::none; }
};

/// What decisions depend on besides the catalog.
struct TopicDefaults {
  std::int32_t node_id = 0;
  std::int32_t num_partitions = 1;
  /// Takes any replication factor >= 1 for 1 (config clamp.replication.factor).
  bool clamp_replication_factor = false;
  std::int32_t partitions_max = 10'000;  // Of one topic, against a typo that fills the disk.
};

/// Cores: they decide, and change nothing. Source of the rules: Kafka's ReplicationControlManager
/// and ControllerApis (protocol.md 2.11).
TopicDecision decide_create(const TopicCatalog& catalog, const TopicDefaults& defaults,
                            const NewTopic& wanted, base::Random& random);
TopicDecision decide_delete(const TopicCatalog& catalog, const base::Uuid& topic_id);
/// `count` is the new total.
TopicDecision decide_grow(const TopicCatalog& catalog, const TopicDefaults& defaults,
                          const std::string& name, std::int32_t count,
                          const std::optional<std::vector<std::vector<std::int32_t>>>& assignments);

}  // namespace broker
