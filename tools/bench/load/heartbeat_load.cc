#include <deque>
#include <vector>

#include <fmt/format.h>

#include "protocol/base/clock.h"
#include "protocol/messages/heartbeat.h"
#include "protocol/messages/join_group.h"
#include "protocol/messages/sync_group.h"
#include "tools/bench/common/field_reader.h"
#include "tools/bench/load/groups.h"
#include "tools/bench/load/loads.h"
#include "tools/bench/load/machine.h"
#include "tools/bench/load/poller.h"
#include "tools/bench/load/request_ring.h"
#include "tools/bench/load/samples.h"

namespace bench {
namespace {

using Time = base::MonotonicTime;

constexpr std::chrono::seconds kPatience(30);
constexpr std::int32_t kSessionTimeoutMs = 45'000;
/// The last in which a member may come without asking for its id first.
constexpr protocol::ApiVersion kJoinGroup = 3;
constexpr protocol::ApiVersion kSyncGroup = 2;
constexpr protocol::ApiVersion kHeartbeat = 4;

protocol::JoinGroupRequest join_of(const std::string& group) {
  protocol::JoinGroupRequest request;
  request.group_id = group;
  request.session_timeout_ms = kSessionTimeoutMs;
  request.rebalance_timeout_ms = kSessionTimeoutMs;
  request.protocol_type = "bench";
  request.protocols.push_back({.name = "bench", .metadata = {}});
  return request;
}

/// The only member of a group.
struct Member {
  std::string group;
  std::string id;
  std::int32_t generation = 0;
};

base::Result<> check_answer(base::BytesView frame) {
  FieldReader answer(frame);
  answer.integer<std::int32_t>();  // Correlation id.
  answer.uvarint();                // No tagged fields.
  answer.integer<std::int32_t>();  // Throttle time.
  const auto error = answer.integer<std::int16_t>();
  if (answer.bad()) return base::fail(base::Fault::corruption, "an answer is cut short");
  return expect_none("Heartbeat", static_cast<protocol::ErrorCode>(error));
}

/// Group `i` is on connection `i % connections`, and its beat `n` is due at
/// begin + (n * groups + i) * interval / groups.
class Run {
 public:
  Run(const Target& target, const HeartbeatLoad& load)
      : target_(target),
        load_(load),
        gap_(std::chrono::nanoseconds(load.interval) / load.groups),
        due_of_(static_cast<std::size_t>(load.connections)) {}

  base::Result<Report> run() {
    for (int i = 0; i < load_.connections; ++i) {
      connections_.push_back(TRY(Caller::open(target_.broker)));
      TRY(poller_.add(connections_.back().connection(), static_cast<std::uint32_t>(i)));
    }
    TRY(prepare_groups(connections_.front()));
    TRY(join_all());
    begin_ = clock_.monotonic() + gap_;
    const auto warm = target_.warm_up / gap_;
    const auto last = warm + target_.duration / gap_;
    TRY(beat_until(warm));
    measure_from_ = due_at(warm);
    const auto cpu_before = TRY(cpu_time_of(target_.broker_process));
    const auto measured_from = clock_.monotonic();
    TRY(beat_until(last));
    const auto seconds = std::chrono::duration<double>(clock_.monotonic() - measured_from).count();
    const auto cpu =
        std::chrono::duration<double>(TRY(cpu_time_of(target_.broker_process)) - cpu_before)
            .count();
    TRY(await_answers(last));
    const auto beats = static_cast<double>(last - warm);
    return Report{{"seconds", seconds},
                  {"requests_per_s", beats / seconds},
                  {"p50_us", samples_.percentile(0.5)},
                  {"p99_us", samples_.percentile(0.99)},
                  {"broker_cpu_us_per_request", cpu * 1e6 / beats},
                  {"broker_core_percent", cpu / seconds * 100}};
  }

 private:
  /// One group for each connection at a time.
  base::Result<> join_all() {
    std::vector<Member> members;
    for (int first = 0; first < load_.groups; first += load_.connections) {
      const auto count = std::min(load_.connections, load_.groups - first);
      members.clear();
      for (int i = 0; i < count; ++i) {
        members.push_back({.group = group_on((first + i) % kOffsetsPartitions, first + i)});
        TRY(connection(i).send(join_of(members.back().group), kJoinGroup));
      }
      for (int i = 0; i < count; ++i) {
        auto joined = TRY(connection(i).receive<protocol::JoinGroupRequest>(kJoinGroup));
        TRY(expect_none("JoinGroup", joined.error_code));
        auto& member = members[static_cast<std::size_t>(i)];
        member.id = std::move(joined.member_id);
        member.generation = joined.generation_id;
        protocol::SyncGroupRequest sync;
        sync.group_id = member.group;
        sync.generation_id = member.generation;
        sync.member_id = member.id;
        sync.assignments.push_back({.member_id = member.id, .assignment = {}});
        TRY(connection(i).send(std::move(sync), kSyncGroup));
      }
      for (int i = 0; i < count; ++i) {
        const auto synced = TRY(connection(i).receive<protocol::SyncGroupRequest>(kSyncGroup));
        TRY(expect_none("SyncGroup", synced.error_code));
        const auto& member = members[static_cast<std::size_t>(i)];
        protocol::HeartbeatRequest beat;
        beat.group_id = member.group;
        beat.generation_id = member.generation;
        beat.member_id = member.id;
        beats_.push_back(RequestRing::of(std::move(beat), kHeartbeat, 1));
      }
    }
    return {};
  }

  Caller& connection(std::int64_t beat) {
    return connections_[static_cast<std::size_t>(beat % load_.groups % load_.connections)];
  }
  Time due_at(std::int64_t beat) const { return begin_ + beat * gap_; }

  /// Never sleeps: over loopback the kernel would charge the broker for waking us up, and that
  /// costs several times what the heartbeat does.
  base::Result<> beat_until(std::int64_t end) {
    while (sent_ < end) {
      TRY(take_answers(Time{}));
      const auto now = clock_.monotonic();
      for (; sent_ < end && due_at(sent_) <= now; ++sent_) {
        auto& to = connection(sent_).connection();
        to.queue(beats_[static_cast<std::size_t>(sent_ % load_.groups)].request(0));
        TRY(to.send());
        due_of_[static_cast<std::size_t>(sent_ % load_.groups % load_.connections)].push_back(
            due_at(sent_));
      }
    }
    return {};
  }

  base::Result<> await_answers(std::int64_t count) {
    const auto until = clock_.monotonic() + kPatience;
    while (answered_ < count) {
      if (clock_.monotonic() > until)
        return base::fail(base::Fault::closed, "the last heartbeats are not answered");
      TRY(take_answers(until));
    }
    return {};
  }

  base::Result<> take_answers(Time until) {
    for (const auto& event : TRY(poller_.wait(until))) {
      auto& from = connections_[event.data.u32].connection();
      auto& due = due_of_[event.data.u32];
      TRY(from.send());
      TRY(from.receive());
      while (const auto frame = from.next_frame()) {
        if (due.empty()) return base::fail(base::Fault::corruption, "an answer nobody asked for");
        TRY(check_answer(*frame));
        if (due.front() >= measure_from_) samples_.add(clock_.monotonic() - due.front());
        due.pop_front();
        ++answered_;
      }
    }
    return {};
  }

  const Target& target_;
  const HeartbeatLoad& load_;
  const std::chrono::nanoseconds gap_;
  std::vector<Caller> connections_;
  std::vector<std::deque<Time>> due_of_;  // Beats under way, by connection.
  std::vector<RequestRing> beats_;        // By group.
  base::SystemClock clock_;
  Poller poller_;
  Time begin_;
  Time measure_from_ = Time::max();
  std::int64_t sent_ = 0;
  std::int64_t answered_ = 0;
  Samples samples_;
};

}  // namespace

base::Result<Report> run_heartbeat(const Target& target, const HeartbeatLoad& load) {
  return Run(target, load).run();
}

}  // namespace bench
