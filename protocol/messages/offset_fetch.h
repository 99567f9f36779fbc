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
struct OffsetFetchResponse;

/// OffsetFetch (9): how far groups have come.
///
/// v0 dropped in Kafka 4, v2 null asks for all topics, v5 leader epoch, v6 flexible, v7 asks for
/// stable offsets only (KIP-447), v8 several groups (KIP-709), v9 member and epoch (KIP-848), v10
/// topic ids.
struct OffsetFetchRequest {
  using Response = OffsetFetchResponse;
  static constexpr ApiSpec api{.key = 9, .valid = {0, 10}, .flexible_from = 6};

  struct Topic {
    std::string name;
    base::Uuid topic_id;
    std::vector<std::int32_t> partition_indexes;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", between(0, 9));
      field(m.topic_id, "topic_id", since(10));
      field(m.partition_indexes, "partition_indexes", always());
    }
  };

  /// One of several, since v8.
  struct Group {
    std::string group_id;
    std::optional<std::string> member_id;
    std::int32_t member_epoch = -1;
    std::optional<std::vector<Topic>> topics;

    bool operator==(const Group&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.group_id, "group_id", since(8));
      field(m.member_id, "member_id", since(9).or_null());
      field(m.member_epoch, "member_epoch", since(9));
      field(m.topics, "topics", since(8).or_null());
    }
  };

  std::string group_id;
  std::optional<std::vector<Topic>> topics;
  std::vector<Group> groups;
  bool require_stable = false;

  bool operator==(const OffsetFetchRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.group_id, "group_id", between(0, 7));
    field(m.topics, "topics", between(0, 7).or_null(2));
    field(m.groups, "groups", since(8));
    field(m.require_stable, "require_stable", since(7));
  }
};

/// The offsets of one group up to v7, of each group since v8; -1 where none is committed.
struct OffsetFetchResponse {
  static constexpr ApiSpec api{.key = 9, .valid = {0, 10}, .flexible_from = 6};

  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::optional<std::string> metadata;
    ErrorCode error_code = ErrorCode::none;

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.partition_index, "partition_index", always());
      field(m.committed_offset, "committed_offset", always());
      field(m.committed_leader_epoch, "committed_leader_epoch", since(5));
      field(m.metadata, "metadata", always().or_null());
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

  struct Group {
    std::string group_id;
    std::vector<Topic> topics;
    ErrorCode error_code = ErrorCode::none;

    bool operator==(const Group&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.group_id, "group_id", since(8));
      field(m.topics, "topics", since(8));
      field(m.error_code, "error_code", since(8));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  ErrorCode error_code = ErrorCode::none;
  std::vector<Group> groups;

  bool operator==(const OffsetFetchResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(3));
    field(m.topics, "topics", between(0, 7));
    field(m.error_code, "error_code", between(2, 7));
    field(m.groups, "groups", since(8));
  }
};

StructRef show(OffsetFetchRequest& message);
StructRef show(OffsetFetchResponse& message);

}  // namespace protocol
