#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/listener_config.h"
#include "config/log_config.h"

namespace config {

/// Everything the broker can be told, as values that were checked: names, types and ranges are
/// those of config/broker_keys.cc, where each setting is declared once. Files, environment and
/// flags are laid over each other by config/load.h.
///
/// Names are Kafka's where Kafka has the setting.
struct BrokerConfig {
  std::filesystem::path data_dir = "stele-data";  // data.dir; Kafka: log.dirs
  std::int32_t node_id = 1;                       // node.id
  std::optional<std::string> cluster_id;          // cluster.id; none: made at the first start
  std::vector<ListenerConfig> listeners;          // listeners
  std::int32_t threads = 0;                       // threads; 0: as many as the cores call for

  // Topics. `topic_defaults` are the values of a topic that says nothing itself; `topic_keys_given`
  // names those of them that somebody set (topic key, value as text): DescribeConfigs tells them
  // from defaults.
  LogConfig topic_defaults;
  std::map<std::string, std::string, std::less<>> topic_keys_given;
  std::int32_t num_partitions = 1;
  bool auto_create_topics_enable = true;
  bool delete_topic_enable = true;
  bool clamp_replication_factor = false;  // clamp.replication.factor

  // Limits towards clients.
  std::int32_t fetch_max_bytes = 57'671'680;
  std::int64_t socket_request_max_bytes = 104'857'600;
  std::int64_t connections_max_idle_ms = 600'000;
  std::int32_t max_connections = 10'000;
  std::int32_t socket_send_buffer_bytes = -1;  // -1: the kernel's.
  std::int32_t socket_receive_buffer_bytes = -1;
  std::int32_t socket_listen_backlog_size = 1024;
  std::int64_t request_memory_bytes = 512 << 20;  // request.memory.bytes: of all requests at once.

  // Consumer groups and their offsets.
  std::int64_t group_initial_rebalance_delay_ms = 3'000;
  std::int64_t group_min_session_timeout_ms = 6'000;
  std::int64_t group_max_session_timeout_ms = 1'800'000;
  std::int32_t group_max_size = std::numeric_limits<std::int32_t>::max();
  std::int32_t offset_metadata_max_bytes = 4'096;
  std::int64_t offsets_retention_minutes = 10'080;
  std::int64_t offsets_retention_check_interval_ms = 600'000;
  std::int32_t offsets_topic_num_partitions = 50;
  std::int32_t offsets_topic_segment_bytes = 100 << 20;

  // The log.
  std::int64_t log_retention_check_interval_ms = 300'000;
  std::int64_t producer_id_expiration_ms = 86'400'000;
  std::int64_t checkpoint_bytes = 64 << 20;     // checkpoint.bytes, a partition
  std::int64_t checkpoint_interval_ms = 5'000;  // checkpoint.interval.ms
  std::int64_t disk_reserve_bytes = 256 << 20;  // disk.reserve.bytes: below it, produce is refused
  std::int64_t shutdown_timeout_ms = 10'000;    // shutdown.timeout.ms: for requests in flight

  std::string log_level = "info";   // log.level
  std::string log_format = "text";  // log.format: text or json

  /// Names of broker_keys() that somebody set, whatever to: DescribeConfigs tells them from
  /// defaults.
  std::set<std::string, std::less<>> keys_given;
};

}  // namespace config
