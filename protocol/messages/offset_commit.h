#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/uuid.h"
#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct OffsetCommitResponse;

/// OffsetCommit (8): a group remembers how far it has come.
///
/// v0 knows no members (v0 and v1 dropped in Kafka 4), v1 a time for each offset, v2-v4 a retention
/// time for all, v6 leader epoch, v7 static members (KIP-345), v8 flexible, v9 new errors
/// (KIP-848), v10 topic ids.
struct OffsetCommitRequest {
  using Response = OffsetCommitResponse;
  static constexpr ApiSpec api{.key = 8, .valid = {0, 10}, .flexible_from = 8};

  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::int64_t commit_timestamp = -1;
    std::optional<std::string> committed_metadata;

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.partition_index, "partition_index", always());
      field(m.committed_offset, "committed_offset", always());
      field(m.committed_leader_epoch, "committed_leader_epoch", since(6));
      field(m.commit_timestamp, "commit_timestamp", between(1, 1));
      field(m.committed_metadata, "committed_metadata", always().or_null());
    }
  };

  struct Topic {
    std::string name;
    base::Uuid topic_id;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", between(0, 9));
      field(m.topic_id, "topic_id", since(10));
      field(m.partitions, "partitions", always());
    }
  };

  std::string group_id;
  std::int32_t generation_id_or_member_epoch = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::int64_t retention_time_ms = -1;
  std::vector<Topic> topics;

  bool operator==(const OffsetCommitRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.group_id, "group_id", always());
    field(m.generation_id_or_member_epoch, "generation_id_or_member_epoch", since(1));
    field(m.member_id, "member_id", since(1));
    field(m.group_instance_id, "group_instance_id", since(7).or_null());
    field(m.retention_time_ms, "retention_time_ms", between(2, 4));
    field(m.topics, "topics", always());
  }
};

/// What became of each partition's offset.
struct OffsetCommitResponse {
  static constexpr ApiSpec api{.key = 8, .valid = {0, 10}, .flexible_from = 8};

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.partition_index, "partition_index", always());
      field(m.error_code, "error_code", always());
    }
  };

  struct Topic {
    std::string name;
    base::Uuid topic_id;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", between(0, 9));
      field(m.topic_id, "topic_id", since(10));
      field(m.partitions, "partitions", always());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  bool operator==(const OffsetCommitResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(3));
    field(m.topics, "topics", always());
  }
};

StructRef show(OffsetCommitRequest& message);
StructRef show(OffsetCommitResponse& message);

}  // namespace protocol
