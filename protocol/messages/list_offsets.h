#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct ListOffsetsResponse;

/// ListOffsets (2): finds offsets by time, or the ends of a log.
///
/// v0 a list of offsets (dropped in Kafka 4), v1 one offset, v2 isolation level, v4 leader epoch,
/// v6 flexible, v7 max timestamp (KIP-734), v8 earliest local (KIP-405), v9 latest tiered
/// (KIP-1005), v10 time-out (KIP-1075), v11 earliest pending upload (KIP-1023).
struct ListOffsetsRequest {
  using Response = ListOffsetsResponse;
  static constexpr ApiSpec api{.key = 2, .valid = {0, 11}, .flexible_from = 6};

  struct Partition {
    std::int32_t partition_index = 0;
    std::int32_t current_leader_epoch = -1;
    std::int64_t timestamp = 0;
    std::int32_t max_num_offsets = 1;

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.partition_index, "partition_index", always());
      field(m.current_leader_epoch, "current_leader_epoch", since(4));
      field(m.timestamp, "timestamp", always());
      field(m.max_num_offsets, "max_num_offsets", between(0, 0));
    }
  };

  struct Topic {
    std::string name;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", always());
      field(m.partitions, "partitions", always());
    }
  };

  std::int32_t replica_id = 0;
  std::int8_t isolation_level = 0;
  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;

  bool operator==(const ListOffsetsRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.replica_id, "replica_id", always());
    field(m.isolation_level, "isolation_level", since(2));
    field(m.topics, "topics", always());
    field(m.timeout_ms, "timeout_ms", since(10));
  }
};

/// The offset found, or -1.
struct ListOffsetsResponse {
  static constexpr ApiSpec api{.key = 2, .valid = {0, 11}, .flexible_from = 6};

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<std::int64_t> old_style_offsets;
    std::int64_t timestamp = -1;
    std::int64_t offset = -1;
    std::int32_t leader_epoch = -1;

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.partition_index, "partition_index", always());
      field(m.error_code, "error_code", always());
      field(m.old_style_offsets, "old_style_offsets", between(0, 0));
      field(m.timestamp, "timestamp", since(1));
      field(m.offset, "offset", since(1));
      field(m.leader_epoch, "leader_epoch", since(4));
    }
  };

  struct Topic {
    std::string name;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", always());
      field(m.partitions, "partitions", always());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  bool operator==(const ListOffsetsResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(2));
    field(m.topics, "topics", always());
  }
};

StructRef show(ListOffsetsRequest& message);
StructRef show(ListOffsetsResponse& message);

}  // namespace protocol
