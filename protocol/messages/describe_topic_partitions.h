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
struct DescribeTopicPartitionsResponse;

/// DescribeTopicPartitions (75): topics in pieces (KIP-966).
struct DescribeTopicPartitionsRequest {
  using Response = DescribeTopicPartitionsResponse;
  static constexpr ApiSpec api{.key = 75, .valid = {0, 0}, .flexible_from = 0};

  struct Topic {
    std::string name;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) { field(m.name, "name", always()); }
  };

  struct Cursor {
    std::string topic_name;
    std::int32_t partition_index = 0;

    bool operator==(const Cursor&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.topic_name, "topic_name", always());
      field(m.partition_index, "partition_index", always());
    }
  };

  std::vector<Topic> topics;
  std::int32_t response_partition_limit = 2000;
  std::optional<Cursor> cursor;

  bool operator==(const DescribeTopicPartitionsRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.topics, "topics", always());
    field(m.response_partition_limit, "response_partition_limit", always());
    field(m.cursor, "cursor", always().or_null());
  }
};

/// The topics, and where to go on.
struct DescribeTopicPartitionsResponse {
  static constexpr ApiSpec api{.key = 75, .valid = {0, 0}, .flexible_from = 0};

  struct Partition {
    ErrorCode error_code = ErrorCode::none;
    std::int32_t partition_index = 0;
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = -1;
    std::vector<std::int32_t> replica_nodes;
    std::vector<std::int32_t> isr_nodes;
    std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
    std::optional<std::vector<std::int32_t>> last_known_elr;
    std::vector<std::int32_t> offline_replicas;

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.error_code, "error_code", always());
      field(m.partition_index, "partition_index", always());
      field(m.leader_id, "leader_id", always());
      field(m.leader_epoch, "leader_epoch", always());
      field(m.replica_nodes, "replica_nodes", always());
      field(m.isr_nodes, "isr_nodes", always());
      field(m.eligible_leader_replicas, "eligible_leader_replicas", always().or_null());
      field(m.last_known_elr, "last_known_elr", always().or_null());
      field(m.offline_replicas, "offline_replicas", always());
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
      field(m.name, "name", always().or_null());
      field(m.topic_id, "topic_id", always());
      field(m.is_internal, "is_internal", always());
      field(m.partitions, "partitions", always());
      field(m.topic_authorized_operations, "topic_authorized_operations", always());
    }
  };

  struct Cursor {
    std::string topic_name;
    std::int32_t partition_index = 0;

    bool operator==(const Cursor&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.topic_name, "topic_name", always());
      field(m.partition_index, "partition_index", always());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  std::optional<Cursor> next_cursor;

  bool operator==(const DescribeTopicPartitionsResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", always());
    field(m.topics, "topics", always());
    field(m.next_cursor, "next_cursor", always().or_null());
  }
};

StructRef show(DescribeTopicPartitionsRequest& message);
StructRef show(DescribeTopicPartitionsResponse& message);

}  // namespace protocol
