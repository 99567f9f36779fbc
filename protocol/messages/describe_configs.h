#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct DescribeConfigsResponse;

/// DescribeConfigs (32): the configuration of topics and brokers.
///
/// v1 synonyms and sources, v3 types and documentation (KIP-569), v4 flexible.
struct DescribeConfigsRequest {
  using Response = DescribeConfigsResponse;
  static constexpr ApiSpec api{.key = 32, .valid = {0, 4}, .flexible_from = 4};

  struct Resource {
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::optional<std::vector<std::string>> configuration_keys;

    bool operator==(const Resource&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.resource_type, "resource_type", always());
      field(m.resource_name, "resource_name", always());
      field(m.configuration_keys, "configuration_keys", always().or_null());
    }
  };

  std::vector<Resource> resources;
  bool include_synonyms = false;
  bool include_documentation = false;

  bool operator==(const DescribeConfigsRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.resources, "resources", always());
    field(m.include_synonyms, "include_synonyms", since(1));
    field(m.include_documentation, "include_documentation", since(3));
  }
};

/// Each configuration with its source.
struct DescribeConfigsResponse {
  static constexpr ApiSpec api{.key = 32, .valid = {0, 4}, .flexible_from = 4};

  struct Synonym {
    std::string name;
    std::optional<std::string> value;
    std::int8_t source = 0;

    bool operator==(const Synonym&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", since(1));
      field(m.value, "value", since(1).or_null());
      field(m.source, "source", since(1));
    }
  };

  struct Config {
    std::string name;
    std::optional<std::string> value;
    bool read_only = false;
    bool is_default = false;
    std::int8_t config_source = -1;
    bool is_sensitive = false;
    std::vector<Synonym> synonyms;
    std::int8_t config_type = 0;
    std::optional<std::string> documentation;

    bool operator==(const Config&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", always());
      field(m.value, "value", always().or_null());
      field(m.read_only, "read_only", always());
      field(m.is_default, "is_default", between(0, 0));
      field(m.config_source, "config_source", since(1));
      field(m.is_sensitive, "is_sensitive", always());
      field(m.synonyms, "synonyms", since(1));
      field(m.config_type, "config_type", since(3));
      field(m.documentation, "documentation", since(3).or_null());
    }
  };

  struct Result {
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::vector<Config> configs;

    bool operator==(const Result&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.error_code, "error_code", always());
      field(m.error_message, "error_message", always().or_null());
      field(m.resource_type, "resource_type", always());
      field(m.resource_name, "resource_name", always());
      field(m.configs, "configs", always());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Result> results;

  bool operator==(const DescribeConfigsResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", always());
    field(m.results, "results", always());
  }
};

StructRef show(DescribeConfigsRequest& message);
StructRef show(DescribeConfigsResponse& message);

}  // namespace protocol
