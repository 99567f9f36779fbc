#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/base/uuid.h"
#include "protocol/wire/field.h"

namespace protocol {

// The records of __cluster_metadata-0: Kafka's metadata records (KIP-631) where there is one, ours
// with type ids from 20000 on where there is none. All versions are flexible.

/// A topic was created.
struct TopicRecord {
  static constexpr ApiSpec api{.key = 2, .valid = {0, 0}, .flexible_from = 0};

  std::string name;
  base::Uuid topic_id;

  bool operator==(const TopicRecord&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.name, "name", always());
    field(m.topic_id, "topic_id", always());
  }
};

/// A partition was created. v1 directories (KIP-858), v2 eligible leaders (KIP-966).
struct PartitionRecord {
  static constexpr ApiSpec api{.key = 3, .valid = {0, 2}, .flexible_from = 0};

  std::int32_t partition_id = -1;
  base::Uuid topic_id;
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> isr;
  std::vector<std::int32_t> removing_replicas;
  std::vector<std::int32_t> adding_replicas;
  std::int32_t leader = -1;
  std::int8_t leader_recovery_state = 0;
  std::int32_t leader_epoch = -1;
  std::int32_t partition_epoch = -1;
  std::vector<base::Uuid> directories;
  std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
  std::optional<std::vector<std::int32_t>> last_known_elr;

  bool operator==(const PartitionRecord&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.partition_id, "partition_id", always());
    field(m.topic_id, "topic_id", always());
    field(m.replicas, "replicas", always());
    field(m.isr, "isr", always());
    field(m.removing_replicas, "removing_replicas", always());
    field(m.adding_replicas, "adding_replicas", always());
    field(m.leader, "leader", always());
    field(m.leader_recovery_state, "leader_recovery_state", always().tagged(0), std::int8_t{0});
    field(m.leader_epoch, "leader_epoch", always());
    field(m.partition_epoch, "partition_epoch", always());
    field(m.directories, "directories", since(1));
    field(m.eligible_leader_replicas, "eligible_leader_replicas", since(2).or_null(2).tagged(1),
          std::nullopt);
    field(m.last_known_elr, "last_known_elr", since(2).or_null(2).tagged(2), std::nullopt);
  }
};

/// A configuration was set, or with a null value removed.
struct ConfigRecord {
  static constexpr ApiSpec api{.key = 4, .valid = {0, 0}, .flexible_from = 0};

  std::int8_t resource_type = 0;
  std::string resource_name;
  std::string name;
  std::optional<std::string> value;

  bool operator==(const ConfigRecord&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.resource_type, "resource_type", always());
    field(m.resource_name, "resource_name", always());
    field(m.name, "name", always());
    field(m.value, "value", always().or_null());
  }
};

/// A topic was removed.
struct RemoveTopicRecord {
  static constexpr ApiSpec api{.key = 9, .valid = {0, 0}, .flexible_from = 0};

  base::Uuid topic_id;

  bool operator==(const RemoveTopicRecord&) const = default;
  static constexpr void fields(auto& m, auto&& field) { field(m.topic_id, "topic_id", always()); }
};

/// Producer ids below `next_producer_id` were given out.
struct ProducerIdsRecord {
  static constexpr ApiSpec api{.key = 15, .valid = {0, 0}, .flexible_from = 0};

  std::int32_t broker_id = 0;
  std::int64_t broker_epoch = -1;
  std::int64_t next_producer_id = 0;

  bool operator==(const ProducerIdsRecord&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.broker_id, "broker_id", always());
    field(m.broker_epoch, "broker_epoch", always());
    field(m.next_producer_id, "next_producer_id", always());
  }
};

/// What the cluster is called. Ours: Kafka keeps it in meta.properties.
struct ClusterIdRecord {
  static constexpr ApiSpec api{.key = 20'000, .valid = {0, 0}, .flexible_from = 0};

  std::string cluster_id;

  bool operator==(const ClusterIdRecord&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.cluster_id, "cluster_id", always());
  }
};

using MetadataRecord = std::variant<TopicRecord, PartitionRecord, ConfigRecord, RemoveTopicRecord,
                                    ProducerIdsRecord, ClusterIdRecord>;

/// The value of a record in the log, in Kafka's frame (MetadataRecordSerde): frame version 1, type,
/// version, each an unsigned varint, then the body.
std::vector<std::byte> encode_metadata_record(const MetadataRecord& record);

/// `Fault::unsupported` for a frame, type or version this program does not know: a newer one wrote
/// it. `Fault::corruption` for anything else that cannot be read.
base::Result<MetadataRecord> decode_metadata_record(base::BytesView value);

/// The key under which a later record replaces this one when the log is compacted: type and id. A
/// topic's creation and removal have keys of their own, so that a removal is remembered.
std::vector<std::byte> metadata_record_key(const MetadataRecord& record);

}  // namespace protocol
