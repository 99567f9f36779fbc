#include <utility>

#include "broker/coordinator/group_core.h"
#include "protocol/base/assert.h"

namespace broker {

using protocol::GroupMetadataKey;
using protocol::GroupMetadataValue;
using protocol::OffsetCommitKey;
using protocol::OffsetCommitValue;

/// False, and nothing has happened, if the record would not fit into a batch of the log. One
/// without members does.
bool GroupCore::store(const Group& group, const Assignments& assignments, base::Timestamp now,
                      Step& step) {
  GroupMetadataValue value;
  value.protocol_type = group.protocol_type.value_or("");
  value.generation = group.generation;
  value.protocol = group.protocol_name;
  value.leader = group.leader;
  value.current_state_timestamp = now;
  for (const auto& [id, member] : group.members()) {
    auto& stored = value.members.emplace_back();
    stored.member_id = id;
    stored.group_instance_id = member.instance_id;
    stored.client_id = member.client_id;
    stored.client_host = member.client_host;
    stored.rebalance_timeout = member.rebalance_timeout_ms;
    stored.session_timeout = member.session_timeout_ms;
    stored.subscription = member.protocol(*group.protocol_name)->metadata;
    if (const auto share = assignments.find(id); share != assignments.end())
      stored.assignment = share->second;
  }
  const GroupMetadataKey key{.group = group.id()};
  EncodedRecord record{protocol::encode_group_record_key(key),
                       protocol::encode_group_record_value(value)};
  if (!group.members().empty() && !fits(record)) return false;
  step.records.push_back(std::move(record));
  apply(key, std::move(value));
  return true;
}

/// False, and nothing has happened, if the record would not fit.
bool GroupCore::store_offset(const OffsetCommitKey& key, OffsetCommitValue value, Step& step) {
  EncodedRecord record{protocol::encode_group_record_key(key),
                       protocol::encode_group_record_value(value)};
  if (!fits(record)) return false;
  step.records.push_back(std::move(record));
  apply(key, std::move(value));
  return true;
}

bool GroupCore::fits(const EncodedRecord& record) const {
  return record.key.size() + record.value->size() <= limits_.record_bytes_max;
}

void GroupCore::drop_offset(const OffsetCommitKey& key, Step& step) {
  step.records.push_back({protocol::encode_group_record_key(key), std::nullopt});
  apply(key, std::nullopt);
}

/// With all it has committed, and whatever of it could not be read.
void GroupCore::drop_group(const std::string& group_id, Step& step) {
  if (const auto* group = find(group_id)) {
    std::vector<OffsetCommitKey> keys;
    for (const auto& [topic, partitions] : group->offsets)
      for (const auto& [index, offset] : partitions) keys.push_back({group_id, topic, index});
    for (const auto& key : keys) drop_offset(key, step);
  }
  if (const auto unreadable = distrusted_.extract(group_id))
    for (const auto& [key, why] : unreadable.mapped()) step.records.push_back({key, std::nullopt});
  const GroupMetadataKey key{.group = group_id};
  step.records.push_back({protocol::encode_group_record_key(key), std::nullopt});
  apply(key, std::nullopt);
}

/// The one way in which what is stored changes, for a record that was just decided on and for one
/// that is replayed. What a live member has besides (deadlines, who is parked) stays.
void GroupCore::apply(const GroupMetadataKey& key, std::optional<GroupMetadataValue> value) {
  if (!value) {
    if (auto* group = find(key.group)) {
      if (group->has_offsets()) {
        // A tombstone of the group alone, by another program: its offsets are records of their own.
        *group = Group(key.group, std::move(group->offsets));
      } else {
        groups_.erase(key.group);
      }
    }
    return;
  }
  auto& group = make(key.group);
  group.stored = true;
  group.state = value->members.empty() ? GroupState::empty : GroupState::stable;
  group.state_since = value->current_state_timestamp;
  group.generation = value->generation;
  group.protocol_type = std::move(value->protocol_type);
  group.protocol_name = std::move(value->protocol);
  std::set<std::string_view> present;
  for (auto& stored : value->members) {
    auto* member = group.member(stored.member_id);
    if (member == nullptr)
      member = &group.add({.id = stored.member_id, .instance_id = stored.group_instance_id});
    present.insert(member->id);
    member->stored = true;
    member->client_id = std::move(stored.client_id);
    member->client_host = std::move(stored.client_host);
    member->session_timeout_ms = stored.session_timeout;
    member->rebalance_timeout_ms =
        stored.rebalance_timeout < 0 ? stored.session_timeout : stored.rebalance_timeout;
    member->assignment = std::move(stored.assignment);
    const auto name = group.protocol_name.value_or("");
    const auto* chosen = member->protocol(name);
    if (chosen == nullptr || chosen->metadata != stored.subscription)
      group.set_protocols(*member, {{name, std::move(stored.subscription)}});
  }
  std::vector<std::string> gone;
  for (const auto& [id, member] : group.members())
    if (!present.contains(id)) gone.push_back(id);
  for (const auto& id : gone) group.remove(id);
  group.leader = std::move(value->leader);
}

void GroupCore::apply(const OffsetCommitKey& key, std::optional<OffsetCommitValue> value) {
  if (value) {
    auto& offset = make(key.group).offsets[key.topic][key.partition];
    offset = {.offset = value->offset,
              .leader_epoch = value->leader_epoch,
              .metadata = std::move(value->metadata),
              .topic_id = value->topic_id,
              .committed_at = value->commit_timestamp};
    if (value->expire_timestamp >= 0) offset.expires_at = value->expire_timestamp;
    return;
  }
  auto* group = find(key.group);
  if (group == nullptr) return;
  const auto topic = group->offsets.find(key.topic);
  if (topic == group->offsets.end()) return;
  topic->second.erase(key.partition);
  if (topic->second.empty()) group->offsets.erase(topic);
  drop_if_nothing(*group);
}

void GroupCore::distrust(std::string group_id, base::BytesView key, std::string why) {
  distrusted_[std::move(group_id)].insert_or_assign({key.begin(), key.end()}, std::move(why));
}

void GroupCore::settle(std::string_view group_id, base::BytesView key) {
  const auto found = distrusted_.find(group_id);
  if (found == distrusted_.end()) return;
  found->second.erase({key.begin(), key.end()});
  if (found->second.empty()) distrusted_.erase(found);
}

void GroupCore::loaded(Now now) {
  for (auto& [id, group] : groups_)
    for (auto& [member_id, member] : group.members()) heard_of(group, member, now);
}

}  // namespace broker
