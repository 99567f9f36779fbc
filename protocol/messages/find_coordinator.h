#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct FindCoordinatorResponse;

/// FindCoordinator (10): which broker coordinates a group or a transactional id.
///
/// v1 key type, v3 flexible, v4 several keys (KIP-699), v5 new error (KIP-890), v6 share groups
/// (KIP-932).
struct FindCoordinatorRequest {
  using Response = FindCoordinatorResponse;
  static constexpr ApiSpec api{.key = 10, .valid = {0, 6}, .flexible_from = 3};

  std::string key;
  std::int8_t key_type = 0;
  std::vector<std::string> coordinator_keys;

  bool operator==(const FindCoordinatorRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.key, "key", between(0, 3));
    field(m.key_type, "key_type", since(1));
    field(m.coordinator_keys, "coordinator_keys", since(4));
  }
};

/// One coordinator up to v3, one for each key since v4.
struct FindCoordinatorResponse {
  static constexpr ApiSpec api{.key = 10, .valid = {0, 6}, .flexible_from = 3};

  struct Coordinator {
    std::string key;
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;

    bool operator==(const Coordinator&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.key, "key", since(4));
      field(m.node_id, "node_id", since(4));
      field(m.host, "host", since(4));
      field(m.port, "port", since(4));
      field(m.error_code, "error_code", since(4));
      field(m.error_message, "error_message", since(4).or_null());
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::int32_t node_id = 0;
  std::string host;
  std::int32_t port = 0;
  std::vector<Coordinator> coordinators;

  bool operator==(const FindCoordinatorResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(1));
    field(m.error_code, "error_code", between(0, 3));
    field(m.error_message, "error_message", between(1, 3).or_null());
    field(m.node_id, "node_id", between(0, 3));
    field(m.host, "host", between(0, 3));
    field(m.port, "port", between(0, 3));
    field(m.coordinators, "coordinators", since(4));
  }
};

StructRef show(FindCoordinatorRequest& message);
StructRef show(FindCoordinatorResponse& message);

}  // namespace protocol
