#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "broker/coordinator/group.h"
#include "broker/coordinator/group_memory.h"
#include "broker/coordinator/newcomers.h"
#include "broker/coordinator/timer_queue.h"
#include "protocol/base/random.h"
#include "protocol/messages/delete_groups.h"
#include "protocol/messages/describe_groups.h"
#include "protocol/messages/group_records.h"
#include "protocol/messages/heartbeat.h"
#include "protocol/messages/join_group.h"
#include "protocol/messages/leave_group.h"
#include "protocol/messages/list_groups.h"
#include "protocol/messages/offset_commit.h"
#include "protocol/messages/offset_delete.h"
#include "protocol/messages/offset_fetch.h"
#include "protocol/messages/sync_group.h"

namespace broker {

/// What a coordinator may be told; broker configuration, by Kafka's names.
struct GroupLimits {
  std::chrono::milliseconds initial_rebalance_delay{3000};  // group.initial.rebalance.delay.ms
  std::int64_t session_timeout_min_ms = 6'000;              // group.min.session.timeout.ms
  std::int64_t session_timeout_max_ms = 1'800'000;          // group.max.session.timeout.ms
  std::size_t members_max = 0x7fffffff;                     // group.max.size
  std::size_t metadata_bytes_max = 4096;                    // offset.metadata.max.bytes, of UTF-16
  std::chrono::milliseconds offsets_retention = std::chrono::hours(24 * 7);
  /// A group's record must fit into a batch of its topic (max.message.bytes): the shard sets it.
  std::size_t record_bytes_max = SIZE_MAX;
  /// For members, of all partitions together; what a restart reads from the log is not counted.
  GroupMemory memory{std::size_t{256} << 20U};
};

/// The time as the core is told it.
struct Now {
  base::MonotonicTime monotonic;  // For deadlines.
  base::Timestamp wall = 0;       // For what is stored.
};

/// Who sends a JoinGroup.
struct JoiningClient {
  std::string client_id;
  std::string host;  // As Kafka shows it: "/127.0.0.1".
  protocol::ApiVersion version = 0;
};

/// One record for the log; no value: a tombstone.
struct EncodedRecord {
  std::vector<std::byte> key;
  std::optional<std::vector<std::byte>> value;
};

/// The answer to a join or sync, possibly much later than it was asked.
struct LateAnswer {
  AnswerTo to = 0;
  std::variant<protocol::JoinGroupResponse, protocol::SyncGroupResponse> response;
};

/// What a step of the core leads to: first these records are appended, then, when they are
/// committed, the answers are given.
struct Step {
  std::vector<EncodedRecord> records;
  std::vector<LateAnswer> answers;
  bool short_of_memory = false;  // Somebody was turned away for want of it.
};

/// How far a walk through the offsets of all groups has come: the one it looked at last. There may
/// be a million, and the loop has more to do; what is committed behind its back has its turn next
/// time.
struct OffsetSweep {
  std::string group_id;
  std::string topic;
  std::int32_t partition = -1;
  bool done = false;
};

/// The classic groups whose state is stored in one partition of __consumer_offsets, and the offsets
/// they have committed (protocol.md 2.6; Kafka's GroupMetadataManager and OffsetMetadataManager).
///
/// A core: it decides and remembers, and never waits, reads a clock or writes a log line. What is
/// stored changes in apply() only, so replaying the log after a restart gives the state that wrote
/// it; the rest (who is parked, deadlines, a rebalance under way) a restart forgets, as Kafka does.
/// A caller that cannot append a step's records throws the core away and replays the log.
///
/// Thread: the loop of its partition, or whoever is loading it.
class GroupCore {
 public:
  GroupCore(GroupLimits limits, std::uint64_t seed) : limits_(std::move(limits)), random_(seed) {}

  // Members. `to` is answered in this step or a later one.
  void join(const protocol::JoinGroupRequest& request, const JoiningClient& client, AnswerTo to,
            Now now, Step& step);
  void sync(const protocol::SyncGroupRequest& request, AnswerTo to, Now now, Step& step);
  protocol::HeartbeatResponse heartbeat(const protocol::HeartbeatRequest& request, Now now);
  /// Requests of all versions as v3 has them: a list of members.
  protocol::LeaveGroupResponse leave(const protocol::LeaveGroupRequest& request, Now now,
                                     Step& step);

  // Offsets. Whether topics and partitions exist was asked before.
  protocol::OffsetCommitResponse commit(const protocol::OffsetCommitRequest& request,
                                        protocol::ApiVersion version, Now now, Step& step);
  /// One group of the request in the form of v8 and later.
  protocol::OffsetFetchResponse::Group fetch(
      const protocol::OffsetFetchRequest::Group& request) const;
  protocol::OffsetDeleteResponse delete_offsets(const protocol::OffsetDeleteRequest& request,
                                                Step& step);

  // Administration.
  void list(const protocol::ListGroupsRequest& request,
            protocol::ListGroupsResponse& response) const;
  protocol::DescribeGroupsResponse::Group describe(const std::string& group_id,
                                                   protocol::ApiVersion version) const;
  protocol::DeleteGroupsResponse::Result delete_group(const std::string& group_id, Step& step);

  // Time.
  std::optional<base::MonotonicTime> next_deadline() const { return timers_.next(); }
  void on_time(Now now, Step& step);
  /// True if the topic of this name is not the one with this id any more, or not there; the id is
  /// zero where it is not known.
  using IsGone = std::function<bool(std::string_view, const base::Uuid&)>;
  /// Drops offsets whose time is over (KIP-211) or whose topics are gone, and groups of which
  /// nothing is left. A part of them in each step, until `sweep.done`.
  void expire_offsets(OffsetSweep& sweep, base::Timestamp now, const IsGone& is_gone, Step& step);
  /// Drops the offsets of topics that are gone, in parts likewise.
  void forget_topics(OffsetSweep& sweep, const IsGone& is_gone, Step& step);
  /// Forgets a part of those whom the log does not know: other partitions need the memory.
  void forget_some_newcomers(Now now, Step& step);

  // Replay (group_loader.h). A record that cannot be read makes its group distrusted: it is
  // answered COORDINATOR_NOT_AVAILABLE until somebody deletes it, which writes tombstones for such
  // keys too.
  void apply(const protocol::GroupMetadataKey& key,
             std::optional<protocol::GroupMetadataValue> value);
  void apply(const protocol::OffsetCommitKey& key,
             std::optional<protocol::OffsetCommitValue> value);
  void distrust(std::string group_id, base::BytesView key, std::string why);
  /// A later record has the same key and can be read: what the first one said does not matter.
  void settle(std::string_view group_id, base::BytesView key);
  /// All records have been applied: members have their session's time to be heard of.
  void loaded(Now now);

  /// By group, by the key of a record that cannot be read: why not.
  using Distrusted =
      std::map<std::string, std::map<std::vector<std::byte>, std::string>, std::less<>>;
  const Distrusted& distrusted() const { return distrusted_; }

  /// COORDINATOR_NOT_AVAILABLE for a group that lost a record, else none.
  protocol::ErrorCode trust(std::string_view group_id) const;
  std::size_t group_count() const { return groups_.size(); }
  /// Null if there is no such group.
  const Group* find(std::string_view group_id) const;

 private:
  using Milliseconds = std::chrono::milliseconds;
  using Assignments = std::map<std::string, base::SharedBytes>;  // By member id.

  Group* find(std::string_view group_id);
  Group& make(const std::string& group_id);
  /// A group that was never stored and has nobody in it is nothing.
  void drop_if_nothing(const Group& group);
  /// Null if whoever it belonged to is gone.
  Deadline* deadline_of(const GroupTimer& timer);

  // Joining (group_join.cc).
  struct Joining;
  void join_new_member(Group& group, Joining& joining, Now now, Step& step);
  void join_known_member(Group& group, Joining& joining, Now now, Step& step);
  void hand_out_id(Group& group, std::string member_id, Joining& joining, Now now, Step& step);
  void add_member(Group& group, std::string member_id, Joining& joining, Now now, Step& step);
  void update_member(Group& group, GroupMember& member, Joining& joining, Now now, Step& step);
  void replace_static_member(Group& group, GroupMember& old, Joining& joining, Now now, Step& step);
  void keep_static_member(Group& group, const GroupMember& before, const Joining& joining, Now now,
                          Step& step);
  static void tell_members(const Group& group, protocol::JoinGroupResponse& response);
  bool has_room(Group& group, std::string_view member_id) const;
  std::string make_member_id(const std::string& name);

  // Room for newcomers (group_newcomers.cc).
  GroupMemory::Share memory_for(const protocol::JoinGroupRequest& request, std::size_t bytes,
                                Now now, Step& step);
  bool is_handed_out(const MemberName& name) const;
  bool has_just_joined(const MemberName& name) const;
  bool forget_oldest_newcomer(Now now, Step& step);
  void forget_newcomer(const MemberName& name, Now now, Step& step);

  // Rebalances (group_rebalance.cc).
  void rebalance(Group& group, Now now, Step& step);
  void complete_join_if_all_are_here(Group& group, Now now, Step& step);
  void complete_join(Group& group, Now now, Step& step);
  void hand_out(Group& group, const protocol::SyncGroupRequest& request, Now now, Step& step);
  void on_join_deadline(Group& group, Now now, Step& step);
  void on_sync_deadline(Group& group, Now now, Step& step);
  void fail_syncs(Group& group, protocol::ErrorCode error, Now now, Step& step);
  void forget_owed_sync(Group& group, GroupMember& member);
  void remove_member(Group& group, std::string_view member_id, Step& step);
  void after_removal(Group& group, Now now, Step& step);
  void heard_of(const Group& group, GroupMember& member, Now now);
  void answer_join(const Group& group, GroupMember& member, Step& step) const;
  void answer_sync(const Group& group, GroupMember& member, protocol::ErrorCode error,
                   Step& step) const;

  // Storing (group_store.cc).
  bool store(const Group& group, const Assignments& assignments, base::Timestamp now, Step& step);
  bool store_offset(const protocol::OffsetCommitKey& key, protocol::OffsetCommitValue value,
                    Step& step);
  bool fits(const EncodedRecord& record) const;
  /// `is_over(group, topic, offset)` says what is dropped. `leave(group)` is called behind each
  /// group's last offset, and may drop the group.
  template <class IsOver, class Leave>
  void sweep_offsets(OffsetSweep& sweep, IsOver is_over, Leave leave, Step& step);
  void drop_offset(const protocol::OffsetCommitKey& key, Step& step);
  void drop_group(const std::string& group_id, Step& step);

  protocol::ErrorCode check_commit(const protocol::OffsetCommitRequest& request, const Group* group,
                                   protocol::ApiVersion version) const;

  GroupLimits limits_;
  base::Random random_;
  std::map<std::string, Group, std::less<>> groups_;
  Distrusted distrusted_;
  TimerQueue timers_;
  Newcomers handed_out_;  // Ids.
  Newcomers joined_;      // Members.
};

}  // namespace broker
