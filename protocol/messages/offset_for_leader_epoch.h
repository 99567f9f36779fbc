#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct OffsetForLeaderEpochResponse;

/// OffsetForLeaderEpoch (23): where the records of a leader epoch end (KIP-101, KIP-320).
///
/// v1 epoch in the answer, v2 fencing, v3 replica id, v4 flexible.
struct OffsetForLeaderEpochRequest {
  using Response = OffsetForLeaderEpochResponse;
  static constexpr ApiSpec api{.key = 23, .valid = {0, 4}, .flexible_from = 4};

  struct Partition {
    std::int32_t partition = 0;
    std::int32_t current_leader_epoch = -1;
    std::int32_t leader_epoch = 0;

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.partition, "partition", always());
      field(m.current_leader_epoch, "current_leader_epoch", since(2));
      field(m.leader_epoch, "leader_epoch", always());
    }
  };

  struct Topic {
    std::string topic;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.topic, "topic", always());
      field(m.partitions, "partitions", always());
    }
  };

  std::int32_t replica_id = -2;
  std::vector<Topic> topics;

  bool operator==(const OffsetForLeaderEpochRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.replica_id, "replica_id", since(3));
    field(m.topics, "topics", always());
  }
};

/// The end of the epoch, or -1.
struct OffsetForLeaderEpochResponse {
  static constexpr ApiSpec api{.key = 23, .valid = {0, 4}, .flexible_from = 4};

  struct Partition {
    ErrorCode error_code = ErrorCode::none;
    std::int32_t partition = 0;
    std::int32_t leader_epoch = -1;
    std::int64_t end_offset = -1;

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.error_code, "error_code", always());
      field(m.partition, "partition", always());
      field(m.leader_epoch, "leader_epoch", since(1));
      field(m.end_offset, "end_offset", always());
    }
  };

  struct Topic {
    std::string topic;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.topic, "topic", always());
      field(m.partitions, "partitions", always());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  bool operator==(const OffsetForLeaderEpochResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(2));
    field(m.topics, "topics", always());
  }
};

StructRef show(OffsetForLeaderEpochRequest& message);
StructRef show(OffsetForLeaderEpochResponse& message);

}  // namespace protocol
