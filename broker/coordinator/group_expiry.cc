#include <utility>
#include <vector>

#include "broker/coordinator/group_core.h"

namespace broker {
namespace {

/// Since when an offset of this group is unused; nothing while it is in use (KIP-211; Kafka's
/// ClassicGroup.offsetExpirationCondition).
class Unused {
 public:
  explicit Unused(const Group& group) : group_(group) {
    if (group.state == GroupState::stable && group.is_consumer_group())
      subscribed_ = group.subscribed_topics();
  }

  std::optional<base::Timestamp> since(std::string_view topic,
                                       const CommittedOffset& offset) const {
    // Nobody was ever a member: whoever commits here does without a group.
    if (!group_.protocol_type) return offset.committed_at;
    if (group_.state == GroupState::empty)
      return group_.state_since >= 0 ? group_.state_since : offset.committed_at;
    if (subscribed_ && !subscribed_->contains(topic)) return offset.committed_at;
    return std::nullopt;
  }

 private:
  const Group& group_;
  std::optional<std::set<std::string, std::less<>>> subscribed_;
};

}  // namespace

void GroupCore::expire_offsets(base::Timestamp now, Step& step) {
  std::vector<protocol::OffsetCommitKey> expired;
  std::vector<std::string> finished;
  for (const auto& [group_id, group] : groups_) {
    if (distrusted_.contains(group_id)) continue;
    const Unused unused(group);
    bool all = true;
    for (const auto& [topic, partitions] : group.offsets) {
      for (const auto& [index, offset] : partitions) {
        const auto since = unused.since(topic, offset);
        const bool over =
            since && (offset.expires_at ? *offset.expires_at <= now
                                        : *since <= now - limits_.offsets_retention.count());
        if (over) expired.push_back({group_id, topic, index});
        all = all && over;
      }
    }
    if (all && group.state == GroupState::empty && group.pending.empty())
      finished.push_back(group_id);
  }
  for (const auto& key : expired) drop_offset(key, step);
  for (const auto& group_id : finished)
    if (find(group_id) != nullptr) drop_group(group_id, step);
}

void GroupCore::forget_topics(const IsGone& is_gone, Step& step) {
  std::vector<protocol::OffsetCommitKey> gone;
  for (const auto& [group_id, group] : groups_)
    for (const auto& [topic, partitions] : group.offsets) {
      // Nearly always the same topic for all of its partitions, and there may be a million.
      std::optional<base::Uuid> asked;
      bool answer = false;
      for (const auto& [index, offset] : partitions) {
        if (asked != offset.topic_id) {
          asked = offset.topic_id;
          answer = is_gone(topic, offset.topic_id);
        }
        if (answer) gone.push_back({group_id, topic, index});
      }
    }
  for (const auto& key : gone) drop_offset(key, step);
}

}  // namespace broker
