#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/uuid.h"
#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct ProduceResponse;

/// Produce (0): appends one batch to each of several partitions.
///
/// v3 batches (magic 2) and transactions, v5 log start offset, v7 zstd, v8 record errors (KIP-467),
/// v9 flexible, v10 current leader (KIP-951), v13 topic ids (KIP-516).
struct ProduceRequest {
  using Response = ProduceResponse;
  static constexpr ApiSpec api{.key = 0, .valid = {0, 13}, .flexible_from = 9};

  struct Partition {
    std::int32_t index = 0;
    std::optional<base::SharedBytes> records;

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.index, "index", always());
      field(m.records, "records", always().or_null());
    }
  };

  struct Topic {
    std::string name;
    base::Uuid topic_id;
    std::vector<Partition> partition_data;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", between(0, 12));
      field(m.topic_id, "topic_id", since(13));
      field(m.partition_data, "partition_data", always());
    }
  };

  std::optional<std::string> transactional_id;
  std::int16_t acks = 0;
  std::int32_t timeout_ms = 0;
  std::vector<Topic> topic_data;

  bool operator==(const ProduceRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.transactional_id, "transactional_id", since(3).or_null());
    field(m.acks, "acks", always());
    field(m.timeout_ms, "timeout_ms", always());
    field(m.topic_data, "topic_data", always());
  }
};

/// What became of each partition's batch.
struct ProduceResponse {
  static constexpr ApiSpec api{.key = 0, .valid = {0, 13}, .flexible_from = 9};

  struct RecordError {
    std::int32_t batch_index = 0;
    std::optional<std::string> batch_index_error_message;

    bool operator==(const RecordError&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.batch_index, "batch_index", since(8));
      field(m.batch_index_error_message, "batch_index_error_message", since(8).or_null());
    }
  };

  struct LeaderIdAndEpoch {
    std::int32_t leader_id = -1;
    std::int32_t leader_epoch = -1;

    bool operator==(const LeaderIdAndEpoch&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.leader_id, "leader_id", since(10));
      field(m.leader_epoch, "leader_epoch", since(10));
    }
  };

  struct Partition {
    std::int32_t index = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int64_t base_offset = 0;
    std::int64_t log_append_time_ms = -1;
    std::int64_t log_start_offset = -1;
    std::vector<RecordError> record_errors;
    std::optional<std::string> error_message;
    LeaderIdAndEpoch current_leader;

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.index, "index", always());
      field(m.error_code, "error_code", always());
      field(m.base_offset, "base_offset", always());
      field(m.log_append_time_ms, "log_append_time_ms", since(2));
      field(m.log_start_offset, "log_start_offset", since(5));
      field(m.record_errors, "record_errors", since(8));
      field(m.error_message, "error_message", since(8).or_null());
      field(m.current_leader, "current_leader", since(10).tagged(0), LeaderIdAndEpoch{});
    }
  };

  struct Topic {
    std::string name;
    base::Uuid topic_id;
    std::vector<Partition> partition_responses;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", between(0, 12));
      field(m.topic_id, "topic_id", since(13));
      field(m.partition_responses, "partition_responses", always());
    }
  };

  struct NodeEndpoint {
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;

    bool operator==(const NodeEndpoint&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.node_id, "node_id", since(10));
      field(m.host, "host", since(10));
      field(m.port, "port", since(10));
      field(m.rack, "rack", since(10).or_null());
    }
  };

  std::vector<Topic> responses;
  std::int32_t throttle_time_ms = 0;
  std::vector<NodeEndpoint> node_endpoints;

  bool operator==(const ProduceResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.responses, "responses", always());
    field(m.throttle_time_ms, "throttle_time_ms", since(1));
    field(m.node_endpoints, "node_endpoints", since(10).tagged(0), std::vector<NodeEndpoint>{});
  }
};

StructRef show(ProduceRequest& message);
StructRef show(ProduceResponse& message);

}  // namespace protocol
