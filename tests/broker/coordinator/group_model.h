#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "broker/coordinator/group_core.h"
#include "broker/coordinator/group_loader.h"
#include "protocol/base/random.h"
#include "tests/broker/coordinator/group_difference.h"
#include "tests/support/batches.h"

namespace broker_tests {

/// One night of a group: clients that join, sync, heartbeat, commit, leave, die, come back and lie,
/// in any order; time-outs; a log that is behind with its syncs; crashes that lose what was not
/// synced. What must be true is checked after every step. The same seed gives the same night.
///
/// As in GroupShard, an answer is delivered when the log is synced up to what it could have seen.
///
/// Thread: the test's.
class GroupModel {
 public:
  explicit GroupModel(std::uint64_t seed) : random_(seed) {
    limits_.initial_rebalance_delay = std::chrono::milliseconds(one_in(2) ? 0 : 3000);
    // In some nights strangers take nearly all there is: newcomers are forgotten, or turned away.
    if (one_in(4)) limits_.memory = broker::GroupMemory(4000 + random_.below(12'000));
    limits_.members_max = 4;
    limits_.offsets_retention = std::chrono::minutes(5);
    for (int i = 0; i < 5; ++i) {
      auto& client = clients_.emplace_back();
      if (i < 2) client.instance_id = fmt::format("i{}", i);
      client.version = static_cast<protocol::ApiVersion>(i == 2 ? 3 : 9);
      client.rebalance_timeout_ms = one_in(8) ? 0 : kRebalanceMs;
    }
    restart();
  }

  /// The first thing that was not as it must be, if any.
  const std::optional<std::string>& wrong() const { return wrong_; }

  void live(int steps) {
    for (int i = 0; i < steps && !wrong_; ++i) step();
    if (!wrong_) everybody_leaves();
  }

 private:
  using Deliver = std::function<void()>;

  static constexpr std::int32_t kSessionMs = 10'000;
  static constexpr std::int32_t kRebalanceMs = 20'000;
  /// A parked join or sync is answered in this time: the rebalance time-out, and a turn of the
  /// initial delay.
  static constexpr std::chrono::milliseconds kParkedMax{kRebalanceMs + 3000};
  static constexpr std::int32_t kPartitions = 3;

  struct Client {
    std::optional<std::string> instance_id;
    protocol::ApiVersion version = 9;
    std::int32_t rebalance_timeout_ms = kRebalanceMs;
    std::string id;
    std::int32_t generation = -1;
    std::string metadata = "0";
    std::vector<std::string> to_assign;         // It leads these.
    bool has_joined = false;                    // ...and not synced.
    std::optional<broker::AnswerTo> waits_for;  // Join or sync.
  };
  struct Asked {
    std::size_t client;
    base::MonotonicTime at;
    std::int32_t generation = -1;  // Of a sync.
  };
  struct Undelivered {
    std::size_t log_end;
    Deliver deliver;
  };
  struct Commit {
    std::size_t log_end;
    std::int32_t partition;
    std::int64_t offset;  // -1: gone.
  };

  bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
  void expect(bool is_so, std::string what) {
    if (!is_so && !wrong_) wrong_ = std::move(what);
  }

  void step() {
    const auto i = random_.below(clients_.size());
    switch (random_.below(24)) {
      case 0:
      case 1:
        pass(std::chrono::milliseconds(random_.below(4000)));
        break;
      case 2:
        if (one_in(4)) pass(std::chrono::milliseconds(random_.below(40'000)));
        break;
      case 3:
      case 4:
      case 5:
        synced(durable_ + random_.below(log_.size() - durable_ + 1));
        if (one_in(2)) synced(log_.size());
        break;
      case 6:
        if (one_in(6)) crash();
        break;
      case 7:
        if (one_in(20)) clean_up();
        break;
      case 8:
        heartbeat(i);
        break;
      case 9:
      case 12:
      case 13:
      case 14:
        commit(i);
        break;
      case 10:
        if (one_in(5)) leave(i);
        break;
      case 11:
        if (one_in(4)) lie(i);
        break;
      default:
        go_on(i);
    }
    check();
  }

  /// What a client would do next.
  void go_on(std::size_t i) {
    auto& client = clients_[i];
    if (client.waits_for) {
      if (one_in(20)) client.waits_for.reset();  // Its connection was lost.
      return;
    }
    if (client.has_joined) return sync(i);
    if (client.generation < 0 || one_in(client.instance_id ? 4 : 8)) join(i);
  }

  void join(std::size_t i) {
    auto& client = clients_[i];
    if (one_in(6)) client.metadata = std::to_string(random_.below(3));
    if (client.instance_id && one_in(3)) client.id.clear();  // It was started again.
    protocol::JoinGroupRequest request;
    request.group_id = kGroup;
    request.session_timeout_ms = kSessionMs;
    request.rebalance_timeout_ms = client.rebalance_timeout_ms;
    request.member_id = client.id;
    request.group_instance_id = client.instance_id;
    request.protocol_type = "consumer";
    request.protocols.push_back({"range", bytes(client.metadata)});
    if (client.metadata != "0") request.protocols.push_back({"sticky", bytes(client.metadata)});
    const auto to = ask(i, -1);
    broker::Step step;
    core_->join(request, {.client_id = "c", .host = "/h", .version = client.version}, to, now_,
                step);
    carry_out(std::move(step));
  }

  void sync(std::size_t i) {
    auto& client = clients_[i];
    protocol::SyncGroupRequest request{.group_id = kGroup,
                                       .generation_id = client.generation,
                                       .member_id = client.id,
                                       .group_instance_id = client.instance_id,
                                       .protocol_type = {},
                                       .protocol_name = {},
                                       .assignments = {}};
    // Each partition has one owner in what a leader says; `plan` tells what leaders say apart.
    const auto plan = ++plans_;
    for (const auto& member : client.to_assign)
      request.assignments.push_back({member, bytes(std::to_string(plan))});
    client.has_joined = false;
    const auto to = ask(i, client.generation);
    broker::Step step;
    core_->sync(request, to, now_, step);
    carry_out(std::move(step));
  }

  void heartbeat(std::size_t i) {
    auto& client = clients_[i];
    if (client.generation < 0) return;
    const auto answer = core_->heartbeat({.group_id = kGroup,
                                          .generation_id = client.generation,
                                          .member_id = client.id,
                                          .group_instance_id = client.instance_id},
                                         now_);
    deliver_when_synced([this, i, error = answer.error_code] {
      auto& heartbeating = clients_[i];
      if (!heartbeating.waits_for && error != protocol::ErrorCode::none) lost(heartbeating, error);
    });
  }

  void commit(std::size_t i) {
    auto& client = clients_[i];
    if (client.generation >= 0 || one_in(8))
      commit_as(client.id, client.instance_id, client.generation);
  }
  void commit_as(const std::string& id, const std::optional<std::string>& instance_id,
                 std::int32_t generation) {
    protocol::OffsetCommitRequest request;
    request.group_id = kGroup;
    request.member_id = id;
    request.group_instance_id = instance_id;
    request.generation_id_or_member_epoch = generation;
    const auto partition = static_cast<std::int32_t>(random_.below(kPartitions));
    const auto offset = ++offsets_;
    auto& topic = request.topics.emplace_back();
    topic.name = kTopic;
    topic.partitions.push_back({.partition_index = partition, .committed_offset = offset});
    const auto* group = std::as_const(*core_).find(kGroup);
    const bool may = group == nullptr || group->members().empty()
                         ? generation < 0
                         : generation == group->generation && group->members().contains(id);
    broker::Step step;
    const auto answer = core_->commit(request, 9, now_, step);
    const bool accepted =
        answer.topics.at(0).partitions.at(0).error_code == protocol::ErrorCode::none;
    expect(may || !accepted, fmt::format("a commit of generation {} was taken", generation));
    expect(step.records.size() == (accepted ? 1U : 0U), "a commit is stored if it is taken");
    carry_out(std::move(step));
    if (!accepted) return;
    commits_.push_back({log_.size(), partition, offset});
    deliver_when_synced([this, partition, offset] { answered_[partition] = offset; });
  }

  void leave(std::size_t i) {
    auto& client = clients_[i];
    protocol::LeaveGroupRequest request{.group_id = kGroup, .member_id = "", .members = {}};
    request.members.push_back(
        {.member_id = client.id, .group_instance_id = client.instance_id, .reason = {}});
    broker::Step step;
    core_->leave(request, now_, step);
    carry_out(std::move(step));
    client.generation = -1;
    client.has_joined = false;
    if (!client.instance_id || one_in(2)) client.id.clear();
  }

  /// Somebody who knows what is not so any more, or never was.
  void lie(std::size_t i) {
    auto& client = clients_[i];
    const auto generation = client.generation + static_cast<std::int32_t>(random_.below(5)) - 2;
    const auto& other = clients_[random_.below(clients_.size())];
    switch (random_.below(3)) {
      case 0:
        return commit_as(other.id, client.instance_id, generation);
      case 1: {
        const Client honest = client;
        client.generation = generation;
        client.to_assign = {client.id, other.id};
        sync(i);
        client.generation = honest.generation;
        return;
      }
      default:
        client.id = other.id;
        return join(i);
    }
  }

  /// An administrator, and the hour for old offsets. Both are synced at once here.
  void clean_up() {
    broker::Step step;
    const bool deletes = one_in(2);
    if (deletes) {
      const auto* group = std::as_const(*core_).find(kGroup);
      const bool has_members = group != nullptr && group->state != broker::GroupState::empty;
      const auto error = core_->delete_group(kGroup, step).error_code;
      expect((error == protocol::ErrorCode::non_empty_group) == has_members,
             "a group is deleted if it is empty");
    } else {
      broker::OffsetSweep sweep;
      core_->expire_offsets(
          sweep, now_.wall, [](std::string_view, const base::Uuid&) { return false; }, step);
      expect(sweep.done, "so few offsets are looked at in one step");
    }
    carry_out(std::move(step));
    synced(log_.size());
    const auto* group = std::as_const(*core_).find(kGroup);
    for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
      const bool is_there = group != nullptr && group->offsets.contains(kTopic) &&
                            group->offsets.at(kTopic).contains(partition);
      if (!is_there) {
        commits_.push_back({log_.size(), partition, -1});
        answered_.erase(partition);
      }
    }
    if (group == nullptr) plan_of_.clear();  // Generations begin anew.
  }

  void pass(std::chrono::milliseconds by) {
    const auto end = now_.monotonic + by;
    int turns = 0;
    for (auto next = core_->next_deadline(); next && *next <= end; next = core_->next_deadline()) {
      if (*next > now_.monotonic) go_to(*next);
      broker::Step step;
      core_->on_time(now_, step);
      carry_out(std::move(step));
      if (++turns > 1000) return expect(false, "time does not go on");
      check();
    }
    go_to(end);
  }
  void go_to(base::MonotonicTime at) {
    now_.wall += std::chrono::duration_cast<std::chrono::milliseconds>(at - now_.monotonic).count();
    now_.monotonic = at;
  }

  void everybody_leaves() {
    synced(log_.size());
    const auto* group = std::as_const(*core_).find(kGroup);
    if (group == nullptr) return;
    protocol::LeaveGroupRequest request{.group_id = kGroup, .member_id = "", .members = {}};
    for (const auto& [id, member] : group->members())
      request.members.push_back(
          {.member_id = id, .group_instance_id = member.instance_id, .reason = {}});
    for (const auto& [id, pending] : group->pending)
      request.members.push_back({.member_id = id, .group_instance_id = {}, .reason = {}});
    broker::Step step;
    const auto answer = core_->leave(request, now_, step);
    carry_out(std::move(step));
    for (const auto& member : answer.members)
      expect(member.error_code == protocol::ErrorCode::none, "a member can leave");
    expect(asked_.empty(), "who leaves is answered");
    pass(kParkedMax);
    group = std::as_const(*core_).find(kGroup);
    expect(
        group == nullptr || (group->state == broker::GroupState::empty && group->members().empty()),
        "a group that all have left is empty");
    check();
  }

  // What the shell does.
  broker::AnswerTo ask(std::size_t i, std::int32_t generation) {
    const auto to = next_answer_++;
    asked_.emplace(to, Asked{i, now_.monotonic, generation});
    clients_[i].waits_for = to;
    return to;
  }
  void deliver_when_synced(Deliver deliver) {
    if (durable_ == log_.size()) return deliver();
    undelivered_.push_back({log_.size(), std::move(deliver)});
  }
  void carry_out(broker::Step step) {
    for (auto& record : step.records) {
      fold(*shadow_, record);
      log_.push_back(std::move(record));
    }
    for (auto& answer : step.answers) {
      const auto asked = asked_.extract(answer.to);
      if (asked.empty()) return expect(false, "nobody is answered twice");
      deliver_when_synced([this, asked = asked.mapped(), answer = std::move(answer)] {
        auto& client = clients_[asked.client];
        const auto* joined = std::get_if<protocol::JoinGroupResponse>(&answer.response);
        if (joined == nullptr)
          check_share(asked, std::get<protocol::SyncGroupResponse>(answer.response));
        if (client.waits_for != answer.to) return;  // It has given up.
        client.waits_for.reset();
        if (joined != nullptr) return hear(client, *joined);
        const auto& shared = std::get<protocol::SyncGroupResponse>(answer.response);
        if (shared.error_code != protocol::ErrorCode::none) lost(client, shared.error_code);
      });
    }
  }
  void synced(std::size_t up_to) {
    durable_ = std::max(durable_, up_to);
    while (!undelivered_.empty() && undelivered_.front().log_end <= durable_) {
      const auto deliver = std::move(undelivered_.front().deliver);
      undelivered_.pop_front();
      deliver();
    }
  }
  /// Power cut: what was not synced is there in part, and what was not delivered never is.
  void crash() {
    log_.resize(durable_ + random_.below(log_.size() - durable_ + 1));
    std::erase_if(commits_, [this](const Commit& each) { return each.log_end > log_.size(); });
    durable_ = log_.size();
    restart();
    for (auto& client : clients_) client.waits_for.reset();
  }
  void restart() {
    core_ = std::make_unique<broker::GroupCore>(limits_, ++starts_);
    shadow_ = std::make_unique<broker::GroupCore>(limits_, 0);
    for (const auto& record : log_) {
      fold(*core_, record);
      fold(*shadow_, record);
    }
    core_->loaded(now_);
    asked_.clear();
    undelivered_.clear();
  }
  static void fold(broker::GroupCore& core, const broker::EncodedRecord& record) {
    const auto folded = broker::fold_record(
        core, {.key = record.key,
               .value = record.value ? std::optional<base::BytesView>(*record.value) : std::nullopt,
               .headers = {}});
    REQUIRE(folded);
  }
  static base::SharedBytes bytes(const std::string& text) {
    const auto view = base::as_bytes(text);
    return test_support::shared({view.begin(), view.end()});
  }

  // What clients make of their answers.
  static void lost(Client& client, protocol::ErrorCode error) {
    client.has_joined = false;
    client.generation = -1;
    client.to_assign.clear();
    if (error == protocol::ErrorCode::unknown_member_id ||
        error == protocol::ErrorCode::fenced_instance_id)
      client.id.clear();
  }
  void hear(Client& client, const protocol::JoinGroupResponse& joined) {
    if (joined.error_code != protocol::ErrorCode::none) {
      lost(client, joined.error_code);
      if (joined.error_code == protocol::ErrorCode::member_id_required)
        client.id = joined.member_id;
      return;
    }
    client.id = joined.member_id;
    client.generation = joined.generation_id;
    client.has_joined = true;
    client.to_assign.clear();
    if (joined.skip_assignment) return;
    for (const auto& member : joined.members) client.to_assign.push_back(member.member_id);
    expect(joined.members.empty() || joined.leader == joined.member_id,
           "only the leader is told of the members");
  }

  // What must be true.
  /// One generation has one plan, so a partition has one owner in it.
  void check_share(const Asked& asked, const protocol::SyncGroupResponse& shared) {
    if (shared.error_code != protocol::ErrorCode::none || shared.assignment.view.empty()) return;
    const std::string plan(base::as_text(shared.assignment.view));
    const auto known = plan_of_.try_emplace(asked.generation, plan).first->second;
    expect(known == plan,
           fmt::format("generation {} has the plans {} and {}", asked.generation, known, plan));
  }

  void check() {
    for (const auto& [to, asked] : asked_)
      expect(now_.monotonic - asked.at <= kParkedMax, fmt::format("answer {} never comes", to));
    const auto* live = std::as_const(*core_).find(kGroup);
    const auto* stored = std::as_const(*shadow_).find(kGroup);
    check_offsets(live);
    if (live == nullptr || stored == nullptr) {
      expect(stored == nullptr, "a group that is stored is there");
      expect(live == nullptr || !live->stored, "a group that is there is stored");
      return;
    }
    expect(same_offsets(live->offsets, stored->offsets), "offsets are as they are stored");
    expect(live->generation >= stored->generation, "generations only grow");
    using enum broker::GroupState;
    if (live->state != empty && live->state != stable) return;
    if (const auto difference = difference_to_stored(*live, *stored)) expect(false, *difference);
  }

  void check_offsets(const broker::Group* group) {
    std::map<std::int32_t, std::int64_t> last;
    for (const auto& each : commits_) last[each.partition] = each.offset;
    for (std::int32_t partition = 0; partition < kPartitions; ++partition) {
      std::int64_t offset = -1;
      if (group != nullptr && group->offsets.contains(kTopic) &&
          group->offsets.at(kTopic).contains(partition))
        offset = group->offsets.at(kTopic).at(partition).offset;
      const auto taken = last.contains(partition) ? last[partition] : -1;
      expect(offset == taken, fmt::format("offset {} instead of {}", offset, taken));
      const auto answered = answered_.find(partition);
      expect(answered == answered_.end() || offset >= answered->second,
             "an answered commit is lost");
    }
  }

  static inline const std::string kGroup = "g";
  static inline const std::string kTopic = "t";

  base::Random random_;
  broker::GroupLimits limits_;
  std::uint64_t starts_ = 0;
  std::unique_ptr<broker::GroupCore> core_;
  std::unique_ptr<broker::GroupCore> shadow_;  // Folds every record as it is written.
  broker::Now now_{.monotonic = base::MonotonicTime(std::chrono::hours(1)),
                   .wall = test_support::kNow};
  std::vector<broker::EncodedRecord> log_;
  std::size_t durable_ = 0;  // So many of them are synced.
  std::deque<Undelivered> undelivered_;

  std::vector<Client> clients_;
  std::map<broker::AnswerTo, Asked> asked_;
  broker::AnswerTo next_answer_ = 1;
  std::int64_t plans_ = 0;
  std::int64_t offsets_ = 0;
  std::map<std::int32_t, std::string> plan_of_;  // By generation; delivered.
  std::vector<Commit> commits_;                  // That were taken, in order.
  std::map<std::int32_t, std::int64_t> answered_;
  std::optional<std::string> wrong_;
};

}  // namespace broker_tests
