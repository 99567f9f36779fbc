#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct DeleteRecordsResponse;

/// DeleteRecords (21): partitions begin at an offset from now on (KIP-107).
///
/// v2 flexible.
struct DeleteRecordsRequest {
  using Response = DeleteRecordsResponse;
  static constexpr ApiSpec api{.key = 21, .valid = {0, 2}, .flexible_from = 2};

  struct Partition {
    std::int32_t partition_index = 0;
    base::Offset offset = 0;  // The first that stays; -1: the high watermark.

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.partition_index, "partition_index", always());
      field(m.offset, "offset", always());
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

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;

  bool operator==(const DeleteRecordsRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.topics, "topics", always());
    field(m.timeout_ms, "timeout_ms", always());
  }
};

/// Where each partition begins now.
struct DeleteRecordsResponse {
  static constexpr ApiSpec api{.key = 21, .valid = {0, 2}, .flexible_from = 2};

  struct Partition {
    std::int32_t partition_index = 0;
    base::Offset low_watermark = 0;  // -1: an error.
    ErrorCode error_code = ErrorCode::none;

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.partition_index, "partition_index", always());
      field(m.low_watermark, "low_watermark", always());
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

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  bool operator==(const DeleteRecordsResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", always());
    field(m.topics, "topics", always());
  }
};

StructRef show(DeleteRecordsRequest& message);
StructRef show(DeleteRecordsResponse& message);

}  // namespace protocol
