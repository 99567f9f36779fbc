#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/uuid.h"
#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct MetadataResponse;

/// Metadata (3): which brokers, topics and partitions there are.
///
/// v1 null asks for all topics, v4 auto-creation flag, v7 leader epochs, v8 authorized operations
/// (KIP-430), v9 flexible, v10 topic ids (KIP-516), v12 topics by id, v13 top-level error
/// (KIP-1102).
struct MetadataRequest {
  using Response = MetadataResponse;
  static constexpr ApiSpec api{.key = 3, .valid = {0, 13}, .flexible_from = 9};

  struct Topic {
    base::Uuid topic_id;
    std::optional<std::string> name;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.topic_id, "topic_id", since(10));
      field(m.name, "name", always().or_null(10));
    }
  };

  std::optional<std::vector<Topic>> topics;
  bool allow_auto_topic_creation = true;
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;

  bool operator==(const MetadataRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.topics, "topics", always().or_null(1));
    field(m.allow_auto_topic_creation, "allow_auto_topic_creation", since(4));
    field(m.include_cluster_authorized_operations, "include_cluster_authorized_operations",
          between(8, 10));
    field(m.include_topic_authorized_operations, "include_topic_authorized_operations", since(8));
  }
};

/// Brokers and topics; topics that were asked for and are not there carry an error.
struct MetadataResponse {
  static constexpr ApiSpec api{.key = 3, .valid = {0, 13}, .flexible_from = 9};

  struct Broker {
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;

    bool operator==(const Broker&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.node_id, "node_id", always());
      field(m.host, "host", always());
      field(m.port, "port", always());
      field(m.rack, "rack", since(1).or_null());
    }
  };

  struct Partition {
    ErrorCode error_code = ErrorCode::none;
    std::int32_t partition_index = 0;
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = -1;
    std::vector<std::int32_t> replica_nodes;
    std::vector<std::int32_t> isr_nodes;
    std::vector<std::int32_t> offline_replicas;

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.error_code, "error_code", always());
      field(m.partition_index, "partition_index", always());
      field(m.leader_id, "leader_id", always());
      field(m.leader_epoch, "leader_epoch", since(7));
      field(m.replica_nodes, "replica_nodes", always());
      field(m.isr_nodes, "isr_nodes", always());
      field(m.offline_replicas, "offline_replicas", since(5));
    }
  };

  struct Topic {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> name;
    base::Uuid topic_id;
    bool is_internal = false;
    std::vector<Partition> partitions;
    std::int32_t topic_authorized_operations = std::numeric_limits<std::int32_t>::min();

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.error_code, "error_code", always());
      field(m.name, "name", always().or_null(12));
      field(m.topic_id, "topic_id", since(10));
      field(m.is_internal, "is_internal", since(1));
      field(m.partitions, "partitions", always());
      field(m.topic_authorized_operations, "topic_authorized_operations", since(8));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Broker> brokers;
  std::optional<std::string> cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Topic> topics;
  std::int32_t cluster_authorized_operations = std::numeric_limits<std::int32_t>::min();
  ErrorCode error_code = ErrorCode::none;

  bool operator==(const MetadataResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(3));
    field(m.brokers, "brokers", always());
    field(m.cluster_id, "cluster_id", since(2).or_null());
    field(m.controller_id, "controller_id", since(1));
    field(m.topics, "topics", always());
    field(m.cluster_authorized_operations, "cluster_authorized_operations", between(8, 10));
    field(m.error_code, "error_code", since(13));
  }
};

StructRef show(MetadataRequest& message);
StructRef show(MetadataResponse& message);

}  // namespace protocol
