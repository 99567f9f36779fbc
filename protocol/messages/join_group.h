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
struct JoinGroupResponse;

/// JoinGroup (11): a member comes, or comes again, and says which protocols it speaks.
///
/// v1 rebalance time-out, v4 a member must come back with the id it is given (KIP-394), v5 static
/// members (KIP-345), v6 flexible, v7 protocol type in the answer (KIP-559), v8 reason (KIP-800),
/// v9 the leader may be told to leave the assignment alone (KIP-814).
struct JoinGroupRequest {
  using Response = JoinGroupResponse;
  static constexpr ApiSpec api{.key = 11, .valid = {0, 9}, .flexible_from = 6};

  /// `metadata` is a slice of the request's frame and keeps all of it alive: who keeps it longer
  /// than the request lasts copies it.
  struct Protocol {
    std::string name;
    base::SharedBytes metadata;

    bool operator==(const Protocol&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", always());
      field(m.metadata, "metadata", always());
    }
  };

  std::string group_id;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::string protocol_type;
  std::vector<Protocol> protocols;
  std::optional<std::string> reason;

  bool operator==(const JoinGroupRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.group_id, "group_id", always());
    field(m.session_timeout_ms, "session_timeout_ms", always());
    field(m.rebalance_timeout_ms, "rebalance_timeout_ms", since(1));
    field(m.member_id, "member_id", always());
    field(m.group_instance_id, "group_instance_id", since(5).or_null());
    field(m.protocol_type, "protocol_type", always());
    field(m.protocols, "protocols", always());
    field(m.reason, "reason", since(8).or_null());
  }
};

/// The generation that the member is in; to the leader, all members with their metadata.
struct JoinGroupResponse {
  static constexpr ApiSpec api{.key = 11, .valid = {0, 9}, .flexible_from = 6};

  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    base::SharedBytes metadata;

    bool operator==(const Member&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.member_id, "member_id", always());
      field(m.group_instance_id, "group_instance_id", since(5).or_null());
      field(m.metadata, "metadata", always());
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int32_t generation_id = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name = "";  // Null since v7 only.
  std::string leader;
  bool skip_assignment = false;
  std::string member_id;
  std::vector<Member> members;

  bool operator==(const JoinGroupResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(2));
    field(m.error_code, "error_code", always());
    field(m.generation_id, "generation_id", always());
    field(m.protocol_type, "protocol_type", since(7).or_null());
    field(m.protocol_name, "protocol_name", always().or_null(7));
    field(m.leader, "leader", always());
    field(m.skip_assignment, "skip_assignment", since(9));
    field(m.member_id, "member_id", always());
    field(m.members, "members", always());
  }
};

StructRef show(JoinGroupRequest& message);
StructRef show(JoinGroupResponse& message);

}  // namespace protocol
