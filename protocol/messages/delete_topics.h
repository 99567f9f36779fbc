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
struct DeleteTopicsResponse;

/// DeleteTopics (20): removes topics by name, or since v6 by id.
///
/// v4 flexible, v5 error messages, v6 topic ids (KIP-516).
struct DeleteTopicsRequest {
  using Response = DeleteTopicsResponse;
  static constexpr ApiSpec api{.key = 20, .valid = {0, 6}, .flexible_from = 4};

  struct Topic {
    std::optional<std::string> name;
    base::Uuid topic_id;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", since(6).or_null());
      field(m.topic_id, "topic_id", since(6));
    }
  };

  std::vector<Topic> topics;
  std::vector<std::string> topic_names;
  std::int32_t timeout_ms = 0;

  bool operator==(const DeleteTopicsRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.topics, "topics", since(6));
    field(m.topic_names, "topic_names", between(0, 5));
    field(m.timeout_ms, "timeout_ms", always());
  }
};

/// What became of each topic.
struct DeleteTopicsResponse {
  static constexpr ApiSpec api{.key = 20, .valid = {0, 6}, .flexible_from = 4};

  struct Topic {
    std::optional<std::string> name;
    base::Uuid topic_id;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", always().or_null(6));
      field(m.topic_id, "topic_id", since(6));
      field(m.error_code, "error_code", always());
      field(m.error_message, "error_message", since(5).or_null());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> responses;

  bool operator==(const DeleteTopicsResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(1));
    field(m.responses, "responses", always());
  }
};

StructRef show(DeleteTopicsRequest& message);
StructRef show(DeleteTopicsResponse& message);

}  // namespace protocol
