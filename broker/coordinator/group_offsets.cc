#include <limits>
#include <utility>
#include <vector>

#include "broker/coordinator/group_core.h"
#include "broker/coordinator/java_hash.h"

namespace broker {

using protocol::ErrorCode;
using protocol::OffsetCommitRequest;
using protocol::OffsetCommitResponse;
using protocol::OffsetCommitValue;
using protocol::OffsetDeleteRequest;
using protocol::OffsetDeleteResponse;
using protocol::OffsetFetchRequest;
using protocol::OffsetFetchResponse;

namespace {

constexpr protocol::ApiVersion kFirstWithGroupNotFound = 9;  // KIP-848

/// `by` is not negative; a time that cannot be told is the last one there is.
base::Timestamp later(base::Timestamp at, std::int64_t by) {
  constexpr auto kEnd = std::numeric_limits<base::Timestamp>::max();
  return at > kEnd - by ? kEnd : at + by;
}

}  // namespace

/// Who may commit, and when (Kafka's ClassicGroup.validateOffsetCommit).
ErrorCode GroupCore::check_commit(const OffsetCommitRequest& request, const Group* group,
                                  protocol::ApiVersion version) const {
  const auto generation = request.generation_id_or_member_epoch;
  // Whoever manages its partitions by itself has no generation, and needs no group.
  if (group == nullptr) {
    if (generation < 0) return ErrorCode::none;
    return version >= kFirstWithGroupNotFound ? ErrorCode::group_id_not_found
                                              : ErrorCode::illegal_generation;
  }
  if (generation < 0 && group->state == GroupState::empty) return ErrorCode::none;
  if (generation < 0 && request.member_id.empty() && !request.group_instance_id)
    return ErrorCode::unknown_member_id;  // The group has members, and only they commit.
  if (const auto error = group->check_member(request.member_id, request.group_instance_id);
      error != ErrorCode::none)
    return error;
  if (generation != group->generation) return ErrorCode::illegal_generation;
  // The member has heard of the new generation and not yet of its share in it.
  if (group->state == GroupState::completing_rebalance) return ErrorCode::rebalance_in_progress;
  return ErrorCode::none;
}

OffsetCommitResponse GroupCore::commit(const OffsetCommitRequest& request,
                                       protocol::ApiVersion version, Now now, Step& step) {
  auto* group = find(request.group_id);
  auto refusal = trust(request.group_id);
  if (refusal == ErrorCode::none) refusal = check_commit(request, group, version);
  if (refusal == ErrorCode::none && group != nullptr) {
    // Committing says that one is alive.
    if (auto* member = group->member(request.member_id)) heard_of(*group, *member, now);
  }
  OffsetCommitResponse response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.name = topic.name;
    answers.topic_id = topic.topic_id;
    for (const auto& partition : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = partition.partition_index;
      answer.error_code = refusal;
      if (refusal != ErrorCode::none) continue;
      OffsetCommitValue value{.offset = partition.committed_offset,
                              .leader_epoch = partition.committed_leader_epoch,
                              .metadata = partition.committed_metadata.value_or(""),
                              .commit_timestamp = now.wall,
                              .topic_id = topic.topic_id};
      if (java_length(value.metadata) > limits_.metadata_bytes_max) {
        answer.error_code = ErrorCode::offset_metadata_too_large;
        continue;
      }
      if (request.retention_time_ms >= 0) {
        value.expire_timestamp = later(now.wall, request.retention_time_ms);
        // The record with a time to expire at has no room for these (group_records.h): what is
        // remembered is what a restart would find.
        value.leader_epoch = -1;
        value.topic_id = {};
      }
      const protocol::OffsetCommitKey key{request.group_id, topic.name, partition.partition_index};
      if (!store_offset(key, std::move(value), step))
        answer.error_code = ErrorCode::invalid_commit_offset_size;
    }
  }
  return response;
}

OffsetFetchResponse::Group GroupCore::fetch(const OffsetFetchRequest::Group& request) const {
  OffsetFetchResponse::Group response;
  response.group_id = request.group_id;
  response.error_code = trust(request.group_id);
  if (response.error_code != ErrorCode::none) return response;
  const auto* group = find(request.group_id);
  const auto put = [](const CommittedOffset& offset, std::int32_t index, auto& topic) {
    auto& answer = topic.partitions.emplace_back();
    answer.partition_index = index;
    answer.committed_offset = offset.offset;
    answer.committed_leader_epoch = offset.leader_epoch;
    answer.metadata = offset.metadata;
  };
  if (!request.topics) {
    if (group == nullptr) return response;
    for (const auto& [name, partitions] : group->offsets) {
      auto& topic = response.topics.emplace_back();
      topic.name = name;
      for (const auto& [index, offset] : partitions) put(offset, index, topic);
    }
    return response;
  }
  static const CommittedOffset none;  // What was never committed is no error.
  for (const auto& wanted : *request.topics) {
    auto& topic = response.topics.emplace_back();
    topic.name = wanted.name;
    topic.topic_id = wanted.topic_id;
    const TopicOffsets* known = nullptr;
    if (group != nullptr) {
      const auto found = group->offsets.find(wanted.name);
      if (found != group->offsets.end()) known = &found->second;
    }
    for (const auto index : wanted.partition_indexes) {
      const auto* offset = &none;
      if (known != nullptr) {
        const auto found = known->find(index);
        if (found != known->end()) offset = &found->second;
      }
      put(*offset, index, topic);
    }
  }
  return response;
}

OffsetDeleteResponse GroupCore::delete_offsets(const OffsetDeleteRequest& request, Step& step) {
  OffsetDeleteResponse response;
  if (request.group_id.empty()) {
    response.error_code = ErrorCode::invalid_group_id;
    return response;
  }
  const auto* group = find(request.group_id);
  response.error_code = trust(request.group_id);
  if (response.error_code != ErrorCode::none) return response;
  if (group == nullptr) {
    response.error_code = ErrorCode::group_id_not_found;
    return response;
  }
  // Of a group at work only what nobody reads may go, and only consumers tell what they read: what
  // cannot be told of them may be anything.
  if (group->state != GroupState::empty && !group->is_consumer_group()) {
    response.error_code = ErrorCode::non_empty_group;
    return response;
  }
  const bool are_consumers = group->is_consumer_group();
  const auto subscribed = group->subscribed_topics();
  std::vector<protocol::OffsetCommitKey> dropped;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.name = topic.name;
    const bool in_use = are_consumers && (!subscribed || subscribed->contains(topic.name));
    for (const auto& partition : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = partition.partition_index;
      if (in_use) {
        answer.error_code = ErrorCode::group_subscribed_to_topic;
        continue;
      }
      const auto found = group->offsets.find(topic.name);
      if (found != group->offsets.end() && found->second.contains(partition.partition_index))
        dropped.push_back({request.group_id, topic.name, partition.partition_index});
    }
  }
  // With its last offset the group may go too.
  for (const auto& key : dropped) drop_offset(key, step);
  return response;
}

}  // namespace broker
