#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct DescribeGroupsResponse;

/// DescribeGroups (15): the state of classic groups, and their members.
///
/// v3 authorized operations (KIP-430), v4 static members (KIP-345), v5 flexible, v6
/// GROUP_ID_NOT_FOUND with a message (KIP-1043).
struct DescribeGroupsRequest {
  using Response = DescribeGroupsResponse;
  static constexpr ApiSpec api{.key = 15, .valid = {0, 6}, .flexible_from = 5};

  std::vector<std::string> groups;
  bool include_authorized_operations = false;

  bool operator==(const DescribeGroupsRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.groups, "groups", always());
    field(m.include_authorized_operations, "include_authorized_operations", since(3));
  }
};

/// Each group; one that is not there has the state "Dead", and an error since v6.
struct DescribeGroupsResponse {
  static constexpr ApiSpec api{.key = 15, .valid = {0, 6}, .flexible_from = 5};

  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::string client_id;
    std::string client_host;
    base::SharedBytes member_metadata;
    base::SharedBytes member_assignment;

    bool operator==(const Member&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.member_id, "member_id", always());
      field(m.group_instance_id, "group_instance_id", since(4).or_null());
      field(m.client_id, "client_id", always());
      field(m.client_host, "client_host", always());
      field(m.member_metadata, "member_metadata", always());
      field(m.member_assignment, "member_assignment", always());
    }
  };

  struct Group {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::string group_id;
    std::string group_state;
    std::string protocol_type;
    std::string protocol_data;
    std::vector<Member> members;
    std::int32_t authorized_operations = std::numeric_limits<std::int32_t>::min();

    bool operator==(const Group&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.error_code, "error_code", always());
      field(m.error_message, "error_message", since(6).or_null());
      field(m.group_id, "group_id", always());
      field(m.group_state, "group_state", always());
      field(m.protocol_type, "protocol_type", always());
      field(m.protocol_data, "protocol_data", always());
      field(m.members, "members", always());
      field(m.authorized_operations, "authorized_operations", since(3));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Group> groups;

  bool operator==(const DescribeGroupsResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(1));
    field(m.groups, "groups", always());
  }
};

StructRef show(DescribeGroupsRequest& message);
StructRef show(DescribeGroupsResponse& message);

}  // namespace protocol
