#include "broker/handlers/partition_lookup.h"

namespace broker {

using protocol::ErrorCode;

FoundPartition find_partition(const TopicsImage& image, const std::string& name,
                              const base::Uuid& topic_id, std::int32_t index) {
  const bool by_id = !topic_id.is_zero();
  FoundPartition found{.topic = by_id ? image.with_id(topic_id) : image.named(name)};
  if (found.topic == nullptr) {
    found.error = by_id ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition;
    return found;
  }
  found.partition = found.topic->partition(index);
  if (found.partition == nullptr) found.error = ErrorCode::unknown_topic_or_partition;
  return found;
}

ErrorCode check_leader_epoch(std::int32_t current_leader_epoch, base::LeaderEpoch leader_epoch) {
  if (current_leader_epoch < 0 || current_leader_epoch == leader_epoch) return ErrorCode::none;
  return current_leader_epoch < leader_epoch ? ErrorCode::fenced_leader_epoch
                                             : ErrorCode::unknown_leader_epoch;
}

}  // namespace broker
