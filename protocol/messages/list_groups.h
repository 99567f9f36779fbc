#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct ListGroupsResponse;

/// ListGroups (16): which groups there are.
///
/// v3 flexible, v4 filter by state (KIP-518), v5 filter by type (KIP-848). An empty filter lets
/// everything through.
struct ListGroupsRequest {
  using Response = ListGroupsResponse;
  static constexpr ApiSpec api{.key = 16, .valid = {0, 5}, .flexible_from = 3};

  std::vector<std::string> states_filter;
  std::vector<std::string> types_filter;

  bool operator==(const ListGroupsRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.states_filter, "states_filter", since(4));
    field(m.types_filter, "types_filter", since(5));
  }
};

/// Each group with its protocol type.
struct ListGroupsResponse {
  static constexpr ApiSpec api{.key = 16, .valid = {0, 5}, .flexible_from = 3};

  struct Group {
    std::string group_id;
    std::string protocol_type;
    std::string group_state;
    std::string group_type;

    bool operator==(const Group&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.group_id, "group_id", always());
      field(m.protocol_type, "protocol_type", always());
      field(m.group_state, "group_state", since(4));
      field(m.group_type, "group_type", since(5));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<Group> groups;

  bool operator==(const ListGroupsResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(1));
    field(m.error_code, "error_code", always());
    field(m.groups, "groups", always());
  }
};

StructRef show(ListGroupsRequest& message);
StructRef show(ListGroupsResponse& message);

}  // namespace protocol
