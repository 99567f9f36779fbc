#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "protocol/base/ids.h"

namespace config {

/// What "never" and "no limit" are in Kafka's 64-bit keys.
inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

enum class CompressionType : std::uint8_t {
  producer,
  uncompressed,
  gzip,
  snappy,
  lz4,
  zstd
};
enum class TimestampType : std::uint8_t {
  create_time,
  log_append_time
};

/// How one topic's log is cut, kept and flushed: the values that hold after topic, broker and
/// default settings were laid over each other (config/topic_config.h). Names and meaning are those
/// of Kafka's LogConfig; where a default differs, docs/compatibility.md says why.
struct LogConfig {
  bool cleanup_delete = true;    // cleanup.policy has "delete".
  bool cleanup_compact = false;  // cleanup.policy has "compact".
  CompressionType compression_type = CompressionType::producer;
  std::int32_t compression_gzip_level = -1;
  std::int32_t compression_lz4_level = 9;
  std::int32_t compression_zstd_level = 3;
  std::int64_t delete_retention_ms = 86'400'000;
  std::int64_t file_delete_delay_ms = 60'000;
  /// 1: acknowledged = visible = on disk (DESIGN.md section 5). Anything else: as Kafka.
  std::int64_t flush_messages = 1;
  std::int64_t flush_ms = kNever;
  std::int32_t index_interval_bytes = 4096;
  std::int64_t max_compaction_lag_ms = kNever;
  std::int32_t max_message_bytes = 1'048'588;
  std::int64_t message_timestamp_after_max_ms = 3'600'000;
  std::int64_t message_timestamp_before_max_ms = kNever;
  TimestampType message_timestamp_type = TimestampType::create_time;
  double min_cleanable_dirty_ratio = 0.5;
  std::int64_t min_compaction_lag_ms = 0;
  std::int32_t min_insync_replicas = 1;
  bool preallocate = false;
  std::int64_t retention_bytes = -1;
  std::int64_t retention_ms = 604'800'000;
  std::int32_t segment_bytes = 256 << 20;
  std::int32_t segment_index_bytes = 10 << 20;
  std::int64_t segment_jitter_ms = 0;
  std::int64_t segment_ms = 604'800'000;
  /// stele.validate.compressed: walk the records of compressed batches too.
  bool validate_compressed = true;

  bool operator==(const LogConfig&) const = default;
};

}  // namespace config
