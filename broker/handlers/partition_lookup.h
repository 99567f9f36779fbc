#pragma once

#include <cstdint>
#include <string_view>

#include "broker/partition/partition.h"
#include "broker/topics/topics_image.h"
#include "protocol/base/ids.h"
#include "protocol/error_code.h"

namespace broker {

/// A partition a request named, or why there is none.
struct FoundPartition {
  const Topic* topic = nullptr;
  Partition* partition = nullptr;
  protocol::ErrorCode error = protocol::ErrorCode::none;
};

/// By name or by id, as the request's version has it. Valid as long as the image.
FoundPartition find_partition(const TopicsImage& image, std::string_view name, std::int32_t index);
FoundPartition find_partition(const TopicsImage& image, const base::Uuid& topic_id,
                              std::int32_t index);

/// KIP-320: what a client believes to be the current leader epoch against ours; -1: it does not
/// say.
protocol::ErrorCode check_leader_epoch(std::int32_t current_leader_epoch,
                                       base::LeaderEpoch leader_epoch);

}  // namespace broker
