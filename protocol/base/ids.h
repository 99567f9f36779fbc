#pragma once

#include <compare>
#include <cstdint>
#include <functional>

#include "protocol/base/uuid.h"

namespace base {

/// Where a record stands in its partition; the first record ever has offset 0. -1 is Kafka's "none"
/// on the wire only: inside, an absent offset is a std::optional.
using Offset = std::int64_t;
/// Counts the leaderships of a partition (KIP-101). Here it grows by one when recovery cut the log.
using LeaderEpoch = std::int32_t;
/// Names an idempotent producer (KIP-98), and counts its incarnations.
using ProducerId = std::int64_t;
using ProducerEpoch = std::int16_t;
/// Milliseconds since 1970-01-01 UTC, as Kafka's timestamps are. -1: no timestamp.
using Timestamp = std::int64_t;

/// A partition as the broker names it: topics are ids inside, names at the edge only.
struct TopicIdPartition {
  Uuid topic_id;
  std::int32_t partition = 0;

  friend auto operator<=>(const TopicIdPartition&, const TopicIdPartition&) = default;
};

}  // namespace base

template <>
struct std::hash<base::TopicIdPartition> {
  std::size_t operator()(const base::TopicIdPartition& p) const noexcept {
    return std::hash<base::Uuid>{}(p.topic_id) * 31 + static_cast<std::size_t>(p.partition);
  }
};
