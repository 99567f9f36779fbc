#include <algorithm>
#include <utility>
#include <vector>

#include "broker/coordinator/group_core.h"

namespace broker {
namespace {

/// A part of a sweep takes a few milliseconds: so many offsets are looked at, each that is dropped
/// counting for many.
constexpr std::size_t kLooks = 20'000;
constexpr std::size_t kLooksPerDrop = 20;

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

/// Nearly always asked about the same topic as before.
class GoneTopics {
 public:
  explicit GoneTopics(const GroupCore::IsGone& is_gone) : is_gone_(is_gone) {}

  bool operator()(std::string_view topic, const base::Uuid& id) {
    if (topic_ != topic || id_ != id) {
      topic_ = topic;
      id_ = id;
      gone_ = is_gone_(topic, id);
    }
    return gone_;
  }

 private:
  const GroupCore::IsGone& is_gone_;
  std::optional<std::string> topic_;
  base::Uuid id_;
  bool gone_ = false;
};

}  // namespace

template <class IsOver, class Leave>
void GroupCore::sweep_offsets(OffsetSweep& sweep, IsOver is_over, Leave leave, Step& step) {
  auto looks = kLooks;
  const auto look = [&looks](std::size_t cost) { looks -= std::min(looks, cost); };
  for (auto place = groups_.lower_bound(sweep.group_id); place != groups_.end();) {
    const auto& group = place->second;
    if (group.id() != sweep.group_id) sweep = {.group_id = group.id()};  // That one has gone.
    std::vector<protocol::OffsetCommitKey> over;
    look(1);
    for (auto topic = group.offsets.lower_bound(sweep.topic);
         topic != group.offsets.end() && looks > 0; ++topic) {
      const auto& [name, partitions] = *topic;
      if (name != sweep.topic) {
        sweep.topic = name;
        sweep.partition = -1;
      }
      for (auto offset = partitions.upper_bound(sweep.partition);
           offset != partitions.end() && looks > 0; ++offset) {
        sweep.partition = offset->first;
        const bool is_dropped = is_over(group, name, offset->second);
        if (is_dropped) over.push_back({group.id(), name, offset->first});
        look(is_dropped ? kLooksPerDrop : 1);
      }
    }
    const auto id = group.id();
    for (const auto& key : over) drop_offset(key, step);
    if (looks == 0) {
      sweep.group_id = id;
      return;
    }
    leave(id);
    place = groups_.upper_bound(id);
  }
  sweep.done = true;
}

void GroupCore::expire_offsets(OffsetSweep& sweep, base::Timestamp now, const IsGone& is_gone,
                               Step& step) {
  GoneTopics gone(is_gone);
  std::optional<Unused> unused;  // Of one group after the other.
  const Group* asked = nullptr;
  const auto is_over = [&](const Group& group, std::string_view topic,
                           const CommittedOffset& offset) {
    if (gone(topic, offset.topic_id)) return true;
    if (distrusted_.contains(group.id())) return false;
    if (asked != &group) {
      asked = &group;
      unused.emplace(group);
    }
    const auto since = unused->since(topic, offset);
    if (!since) return false;
    return offset.expires_at ? *offset.expires_at <= now
                             : *since <= now - limits_.offsets_retention.count();
  };
  const auto leave = [&](const std::string& group_id) {
    const auto* group = find(group_id);
    if (group == nullptr || group->has_offsets() || distrusted_.contains(group_id)) return;
    if (group->state == GroupState::empty && group->pending.empty()) drop_group(group_id, step);
  };
  sweep_offsets(sweep, is_over, leave, step);
}

void GroupCore::forget_topics(OffsetSweep& sweep, const IsGone& is_gone, Step& step) {
  GoneTopics gone(is_gone);
  const auto is_over = [&gone](const Group& /*group*/, std::string_view topic,
                               const CommittedOffset& offset) {
    return gone(topic, offset.topic_id);
  };
  sweep_offsets(sweep, is_over, [](const std::string& /*group_id*/) {}, step);
}

}  // namespace broker
