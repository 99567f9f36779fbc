#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct SyncGroupResponse;

/// SyncGroup (14): the leader gives every member its assignment, each member asks for its own.
///
/// v3 static members (KIP-345), v4 flexible, v5 protocol type and name (KIP-559).
struct SyncGroupRequest {
  using Response = SyncGroupResponse;
  static constexpr ApiSpec api{.key = 14, .valid = {0, 5}, .flexible_from = 4};

  /// `assignment` is a slice of the request's frame and keeps all of it alive: who keeps it longer
  /// than the request lasts copies it.
  struct Assignment {
    std::string member_id;
    base::SharedBytes assignment;

    bool operator==(const Assignment&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.member_id, "member_id", always());
      field(m.assignment, "assignment", always());
    }
  };

  std::string group_id;
  std::int32_t generation_id = 0;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::vector<Assignment> assignments;

  bool operator==(const SyncGroupRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.group_id, "group_id", always());
    field(m.generation_id, "generation_id", always());
    field(m.member_id, "member_id", always());
    field(m.group_instance_id, "group_instance_id", since(3).or_null());
    field(m.protocol_type, "protocol_type", since(5).or_null());
    field(m.protocol_name, "protocol_name", since(5).or_null());
    field(m.assignments, "assignments", always());
  }
};

/// The member's own assignment.
struct SyncGroupResponse {
  static constexpr ApiSpec api{.key = 14, .valid = {0, 5}, .flexible_from = 4};

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  base::SharedBytes assignment;

  bool operator==(const SyncGroupResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(1));
    field(m.error_code, "error_code", always());
    field(m.protocol_type, "protocol_type", since(5).or_null());
    field(m.protocol_name, "protocol_name", since(5).or_null());
    field(m.assignment, "assignment", always());
  }
};

StructRef show(SyncGroupRequest& message);
StructRef show(SyncGroupResponse& message);

}  // namespace protocol
