#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/coordinator/group_memory.h"
#include "broker/coordinator/timer_queue.h"
#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/error_code.h"

namespace broker {

/// Whom an answer is for. Made by the shell, meaningless to the core.
using AnswerTo = std::uint64_t;

/// The states of a classic group (Kafka's ClassicGroupState). A dead group is not there any more.
enum class GroupState : std::uint8_t {
  empty,
  preparing_rebalance,   // Members are to join again.
  completing_rebalance,  // All have joined; the leader is to hand in the assignment.
  stable,
};
std::string_view name_of(GroupState state);

/// A copy of what a member said, which stays when the request's buffer goes back to its pool.
base::SharedBytes own(const base::SharedBytes& bytes);

/// A way in which a member can share the group's work, in its own words.
struct MemberProtocol {
  std::string name;
  base::SharedBytes metadata;

  bool operator==(const MemberProtocol&) const = default;
};

struct GroupMember {
  std::string id;
  std::optional<std::string> instance_id;  // A static member (KIP-345).
  std::string client_id;
  std::string client_host;
  std::int32_t rebalance_timeout_ms = 0;
  std::int32_t session_timeout_ms = 0;
  std::vector<MemberProtocol> protocols;  // Most wanted first; Group::set_protocols() counts them.
  base::SharedBytes assignment;

  // What a restart forgets.
  std::uint64_t rank = 0;           // Who came first, among members.
  std::optional<AnswerTo> joining;  // Its JoinGroup, parked.
  std::optional<AnswerTo> syncing;  // Its SyncGroup, parked.
  bool is_new = false;              // Has never been told its id by an answered join.
  bool owes_sync = false;           // Has joined this generation and not synced yet.
  Deadline session;
  bool stored = false;        // The log has a record of the group with this member.
  GroupMemory::Share memory;  // For what its last join said.

  const MemberProtocol* protocol(std::string_view name) const;
};

/// A member id that was handed out and not used yet (KIP-394).
struct PendingMember {
  Deadline deadline;
  GroupMemory::Share memory;
};

/// Where a group's reading of one partition stands.
struct CommittedOffset {
  base::Offset offset = -1;
  base::LeaderEpoch leader_epoch = -1;
  std::string metadata;
  base::Uuid topic_id;  // Zero: not known, an old record.
  base::Timestamp committed_at = -1;
  std::optional<base::Timestamp> expires_at;  // The old clients' own retention (v2 to v4).
};
/// By topic, by partition.
using TopicOffsets = std::map<std::int32_t, CommittedOffset>;
using CommittedOffsets = std::map<std::string, TopicOffsets, std::less<>>;

/// One classic group: its members, and what follows from who they are. It decides nothing
/// (group_core.h) and answers nobody.
///
/// Thread: its coordinator's loop.
class Group {
 public:
  explicit Group(std::string id, CommittedOffsets committed = {})
      : offsets(std::move(committed)), id_(std::move(id)) {}

  const std::string& id() const { return id_; }

  // The generation as it was last stored or agreed on.
  GroupState state = GroupState::empty;
  base::Timestamp state_since = -1;          // Wall clock; -1: unknown, an old record.
  std::optional<std::string> protocol_type;  // None: offsets only, no member was ever here.
  std::optional<std::string> protocol_name;
  std::optional<std::string> leader;
  std::int32_t generation = 0;
  CommittedOffsets offsets;
  GroupMemory::Share assignment_memory;  // For the shares that members hold.
  bool stored = false;                   // The log has a record of the group itself.

  // Of the running rebalance; what a restart forgets.
  Deadline join_phase;
  Deadline sync_phase;
  bool initial_rebalance = false;  // Waits for more members whatever happens.
  bool member_added = false;       // Somebody came while it waited.
  base::MonotonicTime initial_limit;
  std::map<std::string, PendingMember, std::less<>> pending;  // By id.

  const std::map<std::string, GroupMember, std::less<>>& members() const { return members_; }
  std::map<std::string, GroupMember, std::less<>>& members() { return members_; }
  GroupMember* member(std::string_view id);
  GroupMember* static_member(std::string_view instance_id);
  bool is_leader(std::string_view member_id) const { return leader && *leader == member_id; }
  bool is_consumer_group() const { return protocol_type && *protocol_type == "consumer"; }
  bool has_offsets() const { return !offsets.empty(); }

  GroupMember& add(GroupMember member);
  /// Somebody else leads then, if there is anybody.
  void remove(std::string_view member_id);
  void set_protocols(GroupMember& member, std::vector<MemberProtocol> protocols);
  /// A static member that came back gets a new id and keeps everything else, leadership too.
  GroupMember& rename(std::string_view old_id, std::string new_id);

  /// UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID where the instance goes by another member id now.
  protocol::ErrorCode check_member(std::string_view member_id,
                                   const std::optional<std::string>& instance_id) const;

  /// True if a member that offers this can be one of us.
  bool accepts(std::string_view type, const std::vector<MemberProtocol>& protocols) const;
  /// What most members want of what all of them can. Requires a member.
  std::string vote() const;

  bool all_joined() const;
  std::size_t joining_count() const;
  /// False if no leader can be had: nobody has joined. The old one stays if it has.
  bool elect_leader();
  std::int32_t rebalance_timeout_ms() const;  // The longest of the members'.

  /// The topics of a consumer group's members; nothing if they cannot be told.
  std::optional<std::set<std::string, std::less<>>> subscribed_topics() const;

 private:
  void count_offers(const GroupMember& member, bool come);

  std::string id_;
  std::map<std::string, GroupMember, std::less<>> members_;
  std::map<std::string, std::string, std::less<>> static_ids_;  // Instance id to member id.
  std::map<std::string, std::size_t, std::less<>> offers_;      // How many members offer each.
  std::uint64_t next_rank_ = 0;
};

}  // namespace broker
