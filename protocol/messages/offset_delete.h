#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct OffsetDeleteResponse;

/// OffsetDelete (47): a group forgets how far it has come (KIP-496).
struct OffsetDeleteRequest {
  using Response = OffsetDeleteResponse;
  static constexpr ApiSpec api{.key = 47, .valid = {0, 0}};

  struct Partition {
    std::int32_t partition_index = 0;

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.partition_index, "partition_index", always());
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

  std::string group_id;
  std::vector<Topic> topics;

  bool operator==(const OffsetDeleteRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.group_id, "group_id", always());
    field(m.topics, "topics", always());
  }
};

/// What became of each offset.
struct OffsetDeleteResponse {
  static constexpr ApiSpec api{.key = 47, .valid = {0, 0}};

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
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", always());
      field(m.partitions, "partitions", always());
    }
  };

  ErrorCode error_code = ErrorCode::none;
  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  bool operator==(const OffsetDeleteResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.error_code, "error_code", always());
    field(m.throttle_time_ms, "throttle_time_ms", always());
    field(m.topics, "topics", always());
  }
};

StructRef show(OffsetDeleteRequest& message);
StructRef show(OffsetDeleteResponse& message);

}  // namespace protocol
