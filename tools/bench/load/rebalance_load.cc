#include <algorithm>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "protocol/base/big_endian.h"
#include "protocol/base/clock.h"
#include "protocol/messages/consumer_protocol.h"
#include "protocol/messages/heartbeat.h"
#include "protocol/messages/join_group.h"
#include "protocol/messages/sync_group.h"
#include "protocol/wire/encoder.h"
#include "tools/bench/load/groups.h"
#include "tools/bench/load/loads.h"
#include "tools/bench/load/machine.h"

namespace bench {
namespace {

using protocol::ErrorCode;
using protocol::HeartbeatRequest;
using protocol::JoinGroupRequest;
using protocol::JoinGroupResponse;
using protocol::SyncGroupRequest;
using protocol::SyncGroupResponse;

constexpr protocol::ApiVersion kJoinGroup = 9;
constexpr protocol::ApiVersion kSyncGroup = 5;
constexpr protocol::ApiVersion kHeartbeat = 4;
constexpr protocol::ApiVersion kConsumerProtocol = 1;
constexpr std::int32_t kSessionTimeoutMs = 45'000;
constexpr int kHeartbeatsMax = 1000;

/// With its version in front, as consumers write it.
template <class M>
base::SharedBytes encode_consumer(M message) {
  auto bytes = std::make_shared<std::vector<std::byte>>(2);
  base::store_big_endian(bytes->data(), std::int16_t{kConsumerProtocol});
  const auto body = protocol::encode(protocol::StructRef(message), M::api, kConsumerProtocol);
  bytes->insert(bytes->end(), body.begin(), body.end());
  return {bytes, *bytes};
}

struct Member {
  Caller caller;
  std::string id;
};

/// One group of the consumer protocol, whose members are all here.
class Run {
 public:
  Run(const Target& target, const RebalanceLoad& load)
      : target_(target), load_(load), group_(group_on(0, 0)) {
    protocol::ConsumerProtocolSubscription subscription;
    subscription.topics = {target.topic};
    subscription_ = encode_consumer(std::move(subscription));
  }

  base::Result<Report> run() {
    for (int i = 0; i < load_.members; ++i)
      members_.push_back({.caller = TRY(Caller::open(target_.broker)), .id = ""});
    TRY(prepare_groups(members_.front().caller));
    TRY(meet());
    std::vector<double> times;
    const auto cpu_before = TRY(cpu_time_of(target_.broker_process));
    for (int i = 0; i < load_.rebalances; ++i) times.push_back(TRY(rebalance()));
    const std::chrono::duration<double, std::milli> cpu =
        TRY(cpu_time_of(target_.broker_process)) - cpu_before;
    std::ranges::sort(times);
    return Report{{"p50_ms", times[times.size() / 2]},
                  {"max_ms", times.back()},
                  {"broker_cpu_ms_per_rebalance", cpu.count() / load_.rebalances}};
  }

 private:
  /// All get their ids, and come together while the group waits for its first members.
  base::Result<> meet() {
    for (auto& member : members_) TRY(send_join(member));
    for (auto& member : members_) {
      const auto answer = TRY(member.caller.receive<JoinGroupRequest>(kJoinGroup));
      if (answer.error_code != ErrorCode::member_id_required)
        TRY(expect_none("JoinGroup without an id", answer.error_code));
      member.id = answer.member_id;
    }
    for (auto& member : members_) TRY(send_join(member));
    TRY(complete());
    return {};
  }

  /// From when the last member has asked to join till the last has its share, in ms.
  base::Result<double> rebalance() {
    TRY(send_join(members_[leader_]));  // Of all members only the leader's coming again matters.
    for (std::size_t i = 0; i < members_.size(); ++i)
      if (i != leader_) TRY(hear_of_rebalance(members_[i]));
    for (std::size_t i = 0; i < members_.size(); ++i)
      if (i != leader_) TRY(send_join(members_[i]));
    const auto begin = clock_.monotonic();
    TRY(complete());
    const std::chrono::duration<double, std::milli> time = clock_.monotonic() - begin;
    return time.count();
  }

  base::Result<> send_join(Member& member) {
    JoinGroupRequest request;
    request.group_id = group_;
    request.session_timeout_ms = kSessionTimeoutMs;
    request.rebalance_timeout_ms = kSessionTimeoutMs;
    request.member_id = member.id;
    request.protocol_type = "consumer";
    request.protocols.push_back({.name = "range", .metadata = subscription_});
    return member.caller.send(std::move(request), kJoinGroup);
  }

  base::Result<> hear_of_rebalance(Member& member) {
    for (int i = 0; i < kHeartbeatsMax; ++i) {
      HeartbeatRequest request;
      request.group_id = group_;
      request.generation_id = generation_;
      request.member_id = member.id;
      const auto answer = TRY(member.caller.call(std::move(request), kHeartbeat));
      if (answer.error_code == ErrorCode::rebalance_in_progress) return {};
      TRY(expect_none("Heartbeat", answer.error_code));
    }
    return base::fail(base::Fault::missing, "a member does not hear of the rebalance");
  }

  /// Everybody has asked to join: takes the answers, and syncs.
  base::Result<> complete() {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      auto& member = members_[i];
      const auto joined = TRY(member.caller.receive<JoinGroupRequest>(kJoinGroup));
      TRY(expect_none("JoinGroup", joined.error_code));
      SyncGroupRequest sync;
      sync.group_id = group_;
      sync.generation_id = joined.generation_id;
      sync.member_id = joined.member_id;
      sync.protocol_type = joined.protocol_type;
      sync.protocol_name = joined.protocol_name;
      if (joined.leader == joined.member_id) {
        if (joined.members.size() != members_.size())
          return base::fail(base::Fault::corruption, "not all members are in the generation");
        leader_ = i;
        generation_ = joined.generation_id;
        sync.assignments = share_out(joined);
      }
      TRY(member.caller.send(std::move(sync), kSyncGroup));
    }
    std::vector<SyncGroupResponse> shares;
    for (auto& member : members_) {
      shares.push_back(TRY(member.caller.receive<SyncGroupRequest>(kSyncGroup)));
      TRY(expect_none("SyncGroup", shares.back().error_code));
    }
    return verify(shares);
  }

  std::vector<SyncGroupRequest::Assignment> share_out(const JoinGroupResponse& joined) const {
    std::vector<SyncGroupRequest::Assignment> assignments;
    for (std::size_t i = 0; i < joined.members.size(); ++i) {
      protocol::ConsumerProtocolAssignment share;
      auto& of = share.assigned_partitions.emplace_back();
      of.topic = target_.topic;
      for (auto p = static_cast<std::int32_t>(i); p < load_.partitions; p += load_.members)
        of.partitions.push_back(p);
      assignments.push_back({.member_id = joined.members[i].member_id,
                             .assignment = encode_consumer(std::move(share))});
    }
    return assignments;
  }

  /// Every partition has exactly one reader.
  base::Result<> verify(const std::vector<SyncGroupResponse>& shares) const {
    std::vector<std::int32_t> read;
    for (const auto& share : shares)
      for (const auto& of : TRY(protocol::decode_assignment(share.assignment)).assigned_partitions)
        read.insert(read.end(), of.partitions.begin(), of.partitions.end());
    std::ranges::sort(read);
    const auto twice = std::ranges::adjacent_find(read);
    if (twice == read.end() && std::cmp_equal(read.size(), load_.partitions)) return {};
    return base::fail(base::Fault::corruption, "the shares are not what the leader gave out");
  }

  const Target& target_;
  const RebalanceLoad& load_;
  const std::string group_;
  base::SharedBytes subscription_;
  base::SystemClock clock_;
  std::vector<Member> members_;
  std::size_t leader_ = 0;
  std::int32_t generation_ = -1;
};

}  // namespace

base::Result<Report> run_rebalance(const Target& target, const RebalanceLoad& load) {
  return Run(target, load).run();
}

}  // namespace bench
