#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct IncrementalAlterConfigsResponse;

/// IncrementalAlterConfigs (44): single settings of a resource are set, removed, or changed by
/// elements of their lists (KIP-339).
struct IncrementalAlterConfigsRequest {
  using Response = IncrementalAlterConfigsResponse;
  static constexpr ApiSpec api{.key = 44, .valid = {0, 1}, .flexible_from = 1};

  struct Config {
    std::string name;
    std::int8_t config_operation = 0;  // 0 set, 1 delete, 2 append, 3 subtract.
    std::optional<std::string> value;

    bool operator==(const Config&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", always());
      field(m.config_operation, "config_operation", always());
      field(m.value, "value", always().or_null());
    }
  };

  struct Resource {
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::vector<Config> configs;

    bool operator==(const Resource&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.resource_type, "resource_type", always());
      field(m.resource_name, "resource_name", always());
      field(m.configs, "configs", always());
    }
  };

  std::vector<Resource> resources;
  bool validate_only = false;

  bool operator==(const IncrementalAlterConfigsRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.resources, "resources", always());
    field(m.validate_only, "validate_only", always());
  }
};

/// What became of each resource.
struct IncrementalAlterConfigsResponse {
  static constexpr ApiSpec api{.key = 44, .valid = {0, 1}, .flexible_from = 1};

  struct Resource {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::int8_t resource_type = 0;
    std::string resource_name;

    bool operator==(const Resource&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.error_code, "error_code", always());
      field(m.error_message, "error_message", always().or_null());
      field(m.resource_type, "resource_type", always());
      field(m.resource_name, "resource_name", always());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Resource> responses;

  bool operator==(const IncrementalAlterConfigsResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", always());
    field(m.responses, "responses", always());
  }
};

StructRef show(IncrementalAlterConfigsRequest& message);
StructRef show(IncrementalAlterConfigsResponse& message);

}  // namespace protocol
