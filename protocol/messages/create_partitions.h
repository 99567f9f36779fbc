#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct CreatePartitionsResponse;

/// CreatePartitions (37): adds partitions to topics.
///
/// v2 flexible, v3 quota errors (KIP-599).
struct CreatePartitionsRequest {
  using Response = CreatePartitionsResponse;
  static constexpr ApiSpec api{.key = 37, .valid = {0, 3}, .flexible_from = 2};

  struct Assignment {
    std::vector<std::int32_t> broker_ids;

    bool operator==(const Assignment&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.broker_ids, "broker_ids", always());
    }
  };

  struct Topic {
    std::string name;
    std::int32_t count = 0;
    std::optional<std::vector<Assignment>> assignments;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", always());
      field(m.count, "count", always());
      field(m.assignments, "assignments", always().or_null());
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;
  bool validate_only = false;

  bool operator==(const CreatePartitionsRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.topics, "topics", always());
    field(m.timeout_ms, "timeout_ms", always());
    field(m.validate_only, "validate_only", always());
  }
};

/// What became of each topic.
struct CreatePartitionsResponse {
  static constexpr ApiSpec api{.key = 37, .valid = {0, 3}, .flexible_from = 2};

  struct Result {
    std::string name;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;

    bool operator==(const Result&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", always());
      field(m.error_code, "error_code", always());
      field(m.error_message, "error_message", always().or_null());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Result> results;

  bool operator==(const CreatePartitionsResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", always());
    field(m.results, "results", always());
  }
};

StructRef show(CreatePartitionsRequest& message);
StructRef show(CreatePartitionsResponse& message);

}  // namespace protocol
