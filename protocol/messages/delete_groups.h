#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct DeleteGroupsResponse;

/// DeleteGroups (42): removes groups that have no members, with their offsets.
///
/// v2 flexible.
struct DeleteGroupsRequest {
  using Response = DeleteGroupsResponse;
  static constexpr ApiSpec api{.key = 42, .valid = {0, 2}, .flexible_from = 2};

  std::vector<std::string> groups_names;

  bool operator==(const DeleteGroupsRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.groups_names, "groups_names", always());
  }
};

/// What became of each group.
struct DeleteGroupsResponse {
  static constexpr ApiSpec api{.key = 42, .valid = {0, 2}, .flexible_from = 2};

  struct Result {
    std::string group_id;
    ErrorCode error_code = ErrorCode::none;

    bool operator==(const Result&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.group_id, "group_id", always());
      field(m.error_code, "error_code", always());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Result> results;

  bool operator==(const DeleteGroupsResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", always());
    field(m.results, "results", always());
  }
};

StructRef show(DeleteGroupsRequest& message);
StructRef show(DeleteGroupsResponse& message);

}  // namespace protocol
