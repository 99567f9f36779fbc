#include "broker/handlers/partition_lookup.h"

namespace broker {

using protocol::ErrorCode;

namespace {

FoundPartition find_in(const Topic* topic, std::int32_t index, ErrorCode if_no_topic) {
  if (topic == nullptr) return {.error = if_no_topic};
  auto* const partition = topic->partition(index);
  if (partition == nullptr) return {topic, nullptr, ErrorCode::unknown_topic_or_partition};
  return {.topic = topic, .partition = partition};
}

}  // namespace

FoundPartition find_partition(const TopicsImage& image, std::string_view name, std::int32_t index) {
  return find_in(image.named(name), index, ErrorCode::unknown_topic_or_partition);
}

FoundPartition find_partition(const TopicsImage& image, const base::Uuid& topic_id,
                              std::int32_t index) {
  return find_in(image.with_id(topic_id), index, ErrorCode::unknown_topic_id);
}

ErrorCode check_leader_epoch(std::int32_t current_leader_epoch, base::LeaderEpoch leader_epoch) {
  if (current_leader_epoch < 0 || current_leader_epoch == leader_epoch) return ErrorCode::none;
  return current_leader_epoch < leader_epoch ? ErrorCode::fenced_leader_epoch
                                             : ErrorCode::unknown_leader_epoch;
}

}  // namespace broker
