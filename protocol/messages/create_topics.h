#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/uuid.h"
#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct CreateTopicsResponse;

/// CreateTopics (19): creates topics, each by itself.
///
/// v1 validate only, v4 defaults by -1 (KIP-464), v5 flexible and configs in the answer (KIP-525),
/// v6 quota errors, v7 topic ids.
struct CreateTopicsRequest {
  using Response = CreateTopicsResponse;
  static constexpr ApiSpec api{.key = 19, .valid = {0, 7}, .flexible_from = 5};

  struct Assignment {
    std::int32_t partition_index = 0;
    std::vector<std::int32_t> broker_ids;

    bool operator==(const Assignment&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.partition_index, "partition_index", always());
      field(m.broker_ids, "broker_ids", always());
    }
  };

  struct Config {
    std::string name;
    std::optional<std::string> value;

    bool operator==(const Config&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", always());
      field(m.value, "value", always().or_null());
    }
  };

  struct Topic {
    std::string name;
    std::int32_t num_partitions = 0;
    std::int16_t replication_factor = 0;
    std::vector<Assignment> assignments;
    std::vector<Config> configs;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", always());
      field(m.num_partitions, "num_partitions", always());
      field(m.replication_factor, "replication_factor", always());
      field(m.assignments, "assignments", always());
      field(m.configs, "configs", always());
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 60000;
  bool validate_only = false;

  bool operator==(const CreateTopicsRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.topics, "topics", always());
    field(m.timeout_ms, "timeout_ms", always());
    field(m.validate_only, "validate_only", since(1));
  }
};

/// What became of each topic, and since v5 its configuration.
struct CreateTopicsResponse {
  static constexpr ApiSpec api{.key = 19, .valid = {0, 7}, .flexible_from = 5};

  struct Config {
    std::string name;
    std::optional<std::string> value;
    bool read_only = false;
    std::int8_t config_source = -1;
    bool is_sensitive = false;

    bool operator==(const Config&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", since(5));
      field(m.value, "value", since(5).or_null());
      field(m.read_only, "read_only", since(5));
      field(m.config_source, "config_source", since(5));
      field(m.is_sensitive, "is_sensitive", since(5));
    }
  };

  struct Topic {
    std::string name;
    base::Uuid topic_id;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    ErrorCode topic_config_error_code = ErrorCode::none;
    std::int32_t num_partitions = -1;
    std::int16_t replication_factor = -1;
    std::optional<std::vector<Config>> configs;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", always());
      field(m.topic_id, "topic_id", since(7));
      field(m.error_code, "error_code", always());
      field(m.error_message, "error_message", since(1).or_null());
      field(m.topic_config_error_code, "topic_config_error_code", since(5).tagged(0),
            ErrorCode::none);
      field(m.num_partitions, "num_partitions", since(5));
      field(m.replication_factor, "replication_factor", since(5));
      field(m.configs, "configs", since(5).or_null());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  bool operator==(const CreateTopicsResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(2));
    field(m.topics, "topics", always());
  }
};

StructRef show(CreateTopicsRequest& message);
StructRef show(CreateTopicsResponse& message);

}  // namespace protocol
