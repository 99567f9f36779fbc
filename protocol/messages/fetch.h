#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/uuid.h"
#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct FetchResponse;

/// Fetch (1): reads batches from several partitions, waiting for them if it must.
///
/// v4 isolation level, v5 log start offset, v7 sessions (KIP-227), v9 leader epoch (KIP-320), v11
/// rack (KIP-392), v12 flexible and last fetched epoch (KIP-595), v13 topic ids (KIP-516), v15
/// replica state (KIP-903), v16 node endpoints (KIP-951), v17 directory ids (KIP-853), v18 high
/// watermark (KIP-1166).
struct FetchRequest {
  using Response = FetchResponse;
  static constexpr ApiSpec api{.key = 1, .valid = {0, 18}, .flexible_from = 12};

  struct ReplicaState {
    std::int32_t replica_id = -1;
    std::int64_t replica_epoch = -1;

    bool operator==(const ReplicaState&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.replica_id, "replica_id", since(15));
      field(m.replica_epoch, "replica_epoch", since(15));
    }
  };

  struct Partition {
    std::int32_t partition = 0;
    std::int32_t current_leader_epoch = -1;
    std::int64_t fetch_offset = 0;
    std::int32_t last_fetched_epoch = -1;
    std::int64_t log_start_offset = -1;
    std::int32_t partition_max_bytes = 0;
    base::Uuid replica_directory_id;
    std::int64_t high_watermark = std::numeric_limits<std::int64_t>::max();

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.partition, "partition", always());
      field(m.current_leader_epoch, "current_leader_epoch", since(9));
      field(m.fetch_offset, "fetch_offset", always());
      field(m.last_fetched_epoch, "last_fetched_epoch", since(12));
      field(m.log_start_offset, "log_start_offset", since(5));
      field(m.partition_max_bytes, "partition_max_bytes", always());
      field(m.replica_directory_id, "replica_directory_id", since(17).tagged(0), base::Uuid{});
      field(m.high_watermark, "high_watermark", since(18).tagged(1),
            std::int64_t{std::numeric_limits<std::int64_t>::max()});
    }
  };

  struct Topic {
    std::string topic;
    base::Uuid topic_id;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.topic, "topic", between(0, 12));
      field(m.topic_id, "topic_id", since(13));
      field(m.partitions, "partitions", always());
    }
  };

  struct ForgottenTopic {
    std::string topic;
    base::Uuid topic_id;
    std::vector<std::int32_t> partitions;

    bool operator==(const ForgottenTopic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.topic, "topic", between(7, 12));
      field(m.topic_id, "topic_id", since(13));
      field(m.partitions, "partitions", since(7));
    }
  };

  std::optional<std::string> cluster_id;
  std::int32_t replica_id = -1;
  ReplicaState replica_state;
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = 0x7fffffff;
  std::int8_t isolation_level = 0;
  std::int32_t session_id = 0;
  std::int32_t session_epoch = -1;
  std::vector<Topic> topics;
  std::vector<ForgottenTopic> forgotten_topics_data;
  std::string rack_id;

  bool operator==(const FetchRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.cluster_id, "cluster_id", since(12).or_null().tagged(0), std::nullopt);
    field(m.replica_id, "replica_id", between(0, 14));
    field(m.replica_state, "replica_state", since(15).tagged(1), ReplicaState{});
    field(m.max_wait_ms, "max_wait_ms", always());
    field(m.min_bytes, "min_bytes", always());
    field(m.max_bytes, "max_bytes", since(3));
    field(m.isolation_level, "isolation_level", since(4));
    field(m.session_id, "session_id", since(7));
    field(m.session_epoch, "session_epoch", since(7));
    field(m.topics, "topics", always());
    field(m.forgotten_topics_data, "forgotten_topics_data", since(7));
    field(m.rack_id, "rack_id", since(11));
  }
};

/// The batches, as they stand in the log.
struct FetchResponse {
  static constexpr ApiSpec api{.key = 1, .valid = {0, 18}, .flexible_from = 12};

  struct EpochEndOffset {
    std::int32_t epoch = -1;
    std::int64_t end_offset = -1;

    bool operator==(const EpochEndOffset&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.epoch, "epoch", since(12));
      field(m.end_offset, "end_offset", since(12));
    }
  };

  struct LeaderIdAndEpoch {
    std::int32_t leader_id = -1;
    std::int32_t leader_epoch = -1;

    bool operator==(const LeaderIdAndEpoch&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.leader_id, "leader_id", since(12));
      field(m.leader_epoch, "leader_epoch", since(12));
    }
  };

  struct SnapshotId {
    std::int64_t end_offset = -1;
    std::int32_t epoch = -1;

    bool operator==(const SnapshotId&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.end_offset, "end_offset", always());
      field(m.epoch, "epoch", always());
    }
  };

  struct AbortedTransaction {
    std::int64_t producer_id = 0;
    std::int64_t first_offset = 0;

    bool operator==(const AbortedTransaction&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.producer_id, "producer_id", since(4));
      field(m.first_offset, "first_offset", since(4));
    }
  };

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int64_t high_watermark = 0;
    std::int64_t last_stable_offset = -1;
    std::int64_t log_start_offset = -1;
    EpochEndOffset diverging_epoch;
    LeaderIdAndEpoch current_leader;
    SnapshotId snapshot_id;
    std::optional<std::vector<AbortedTransaction>> aborted_transactions;
    std::int32_t preferred_read_replica = -1;
    std::optional<base::SharedBytes> records;

    bool operator==(const Partition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.partition_index, "partition_index", always());
      field(m.error_code, "error_code", always());
      field(m.high_watermark, "high_watermark", always());
      field(m.last_stable_offset, "last_stable_offset", since(4));
      field(m.log_start_offset, "log_start_offset", since(5));
      field(m.diverging_epoch, "diverging_epoch", since(12).tagged(0), EpochEndOffset{});
      field(m.current_leader, "current_leader", since(12).tagged(1), LeaderIdAndEpoch{});
      field(m.snapshot_id, "snapshot_id", since(12).tagged(2), SnapshotId{});
      field(m.aborted_transactions, "aborted_transactions", since(4).or_null());
      field(m.preferred_read_replica, "preferred_read_replica", since(11));
      field(m.records, "records", always().or_null());
    }
  };

  struct Topic {
    std::string topic;
    base::Uuid topic_id;
    std::vector<Partition> partitions;

    bool operator==(const Topic&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.topic, "topic", between(0, 12));
      field(m.topic_id, "topic_id", since(13));
      field(m.partitions, "partitions", always());
    }
  };

  struct NodeEndpoint {
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;

    bool operator==(const NodeEndpoint&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.node_id, "node_id", since(16));
      field(m.host, "host", since(16));
      field(m.port, "port", since(16));
      field(m.rack, "rack", since(16).or_null());
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int32_t session_id = 0;
  std::vector<Topic> responses;
  std::vector<NodeEndpoint> node_endpoints;

  bool operator==(const FetchResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", since(1));
    field(m.error_code, "error_code", since(7));
    field(m.session_id, "session_id", since(7));
    field(m.responses, "responses", always());
    field(m.node_endpoints, "node_endpoints", since(16).tagged(0), std::vector<NodeEndpoint>{});
  }
};

StructRef show(FetchRequest& message);
StructRef show(FetchResponse& message);

}  // namespace protocol
