#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct LeaveGroupResponse;

/// LeaveGroup (13): members go.
///
/// v3 several members, by instance id too (KIP-345), v4 flexible, v5 reason (KIP-800).
struct LeaveGroupRequest {
  using Response = LeaveGroupResponse;
  static constexpr ApiSpec api{.key = 13, .valid = {0, 5}, .flexible_from = 4};

  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::optional<std::string> reason;

    bool operator==(const Member&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.member_id, "member_id", since(3));
      field(m.group_instance_id, "group_instance_id", since(3).or_null());
      field(m.reason, "reason", since(5).or_null());
    }
  };

  std::string group_id;
  std::string member_id;
  std::vector<Member> members;

  bool operator==(const LeaveGroupRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.group_id, "group_id", always());
    field(m.member_id, "member_id", between(0, 2));
    field(m.members, "members", since(3));
  }
};

/// One error up to v2, one for each member since v3.
struct LeaveGroupResponse {
  static constexpr ApiSpec api{.key = 13, .valid = {0, 5}, .flexible_from = 4};

  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    ErrorCode error_code = ErrorCode::none;

    bool operator==(const Member&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.member_id, "member_id", since(3));
      field(m.group_instance_id, "group_instance_id", since(3).or_null());
      field(m.error_code, "error_code", since(3));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<Member> members;

  bool operator==(const LeaveGroupResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(1));
    field(m.error_code, "error_code", always());
    field(m.members, "members", since(3));
  }
};

StructRef show(LeaveGroupRequest& message);
StructRef show(LeaveGroupResponse& message);

}  // namespace protocol
