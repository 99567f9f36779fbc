#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct HeartbeatResponse;

/// Heartbeat (12): a member lives.
///
/// v3 static members (KIP-345), v4 flexible.
struct HeartbeatRequest {
  using Response = HeartbeatResponse;
  static constexpr ApiSpec api{.key = 12, .valid = {0, 4}, .flexible_from = 4};

  std::string group_id;
  std::int32_t generation_id = 0;
  std::string member_id;
  std::optional<std::string> group_instance_id;

  bool operator==(const HeartbeatRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.group_id, "group_id", always());
    field(m.generation_id, "generation_id", always());
    field(m.member_id, "member_id", always());
    field(m.group_instance_id, "group_instance_id", since(3).or_null());
  }
};

/// Whether the member is to join again.
struct HeartbeatResponse {
  static constexpr ApiSpec api{.key = 12, .valid = {0, 4}, .flexible_from = 4};

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;

  bool operator==(const HeartbeatResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(1));
    field(m.error_code, "error_code", always());
  }
};

StructRef show(HeartbeatRequest& message);
StructRef show(HeartbeatResponse& message);

}  // namespace protocol
