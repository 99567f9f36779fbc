#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "broker/coordinator/group_core.h"
#include "broker/coordinator/group_loader.h"
#include "broker/partition/partition.h"
#include "broker/runtime/loop.h"
#include "broker/runtime/task.h"

namespace broker {

/// What all shards share; everything here outlives them.
struct GroupShardServices {
  WorkerPool& workers;
  GroupLimits limits;
  std::chrono::milliseconds expiry_check_interval{600'000};  // offsets.retention.check.interval.ms
  GroupCore::IsGone is_topic_gone;
  /// Somebody was turned away for want of memory: all shards should forget newcomers.
  std::function<void()> on_short_of_memory;
  /// Gets one line for everything that an operator should know.
  std::function<void(const std::string&)> say;
};

/// An answer, or why the coordinator cannot give any: COORDINATOR_LOAD_IN_PROGRESS or
/// COORDINATOR_NOT_AVAILABLE, after both of which clients ask again.
template <class Response>
using GroupAnswer = std::expected<Response, protocol::ErrorCode>;

/// One partition of __consumer_offsets with the groups in it: a shell around GroupCore. The core
/// decides, the shard appends what it decided, and no answer leaves before the log is committed up
/// to the last record it could have seen. If an append fails, the state is thrown away and folded
/// from the log again.
///
/// Thread: the loop of its partition.
class GroupShard : public std::enable_shared_from_this<GroupShard> {
 public:
  GroupShard(std::shared_ptr<Partition> partition, GroupShardServices services, std::uint64_t seed);
  /// Whoever waits for an answer keeps it alive: what is still listed here has died before.
  ~GroupShard() = default;
  GroupShard(const GroupShard&) = delete;
  GroupShard& operator=(const GroupShard&) = delete;

  Loop& loop() const { return partition_->loop(); }

  /// Reads the log on a worker. Until that is done, every answer is COORDINATOR_LOAD_IN_PROGRESS.
  void load();
  /// Answers everybody who is parked with COORDINATOR_NOT_AVAILABLE, and everybody else from now
  /// on.
  void stop();

  /// Forgets some of those whom the log does not know.
  void make_room();

  Task<GroupAnswer<protocol::JoinGroupResponse>> join(protocol::JoinGroupRequest request,
                                                      JoiningClient client);
  Task<GroupAnswer<protocol::SyncGroupResponse>> sync(protocol::SyncGroupRequest request);

  /// Drops the offsets of topics that are gone; once they are loaded, if they are not yet.
  Task<> forget_topics();

  /// For what is answered at once: `decide(core, now, step)` gives the answer.
  template <class Decide, class Response = std::invoke_result_t<Decide&, GroupCore&, Now, Step&>>
  Task<GroupAnswer<Response>> run(Decide decide) {
    assert_on_loop();
    if (state_ != State::ready) co_return std::unexpected(refusal());
    Step step;
    GroupAnswer<Response> response = decide(*core_, now(), step);
    carry_out(std::move(step));
    OneShot<bool> committed;
    after_commit([&committed](bool is_committed) { committed.set(is_committed); });
    if (!co_await committed) response = std::unexpected(kUnavailable);
    co_return response;
  }

 private:
  enum class State : std::uint8_t {
    loading,
    ready,
    unavailable
  };
  using AnyResponse = std::variant<protocol::JoinGroupResponse, protocol::SyncGroupResponse>;
  using Parked = OneShot<GroupAnswer<AnyResponse>>;
  using AfterCommit = std::move_only_function<void(bool)>;

  static constexpr auto kUnavailable = protocol::ErrorCode::coordinator_not_available;

  void assert_on_loop() const {
    ASSERT(loop().on_this_thread(), "a shard is touched on its loop only");
  }
  protocol::ErrorCode refusal() const;
  Now now() const;
  template <class Response, class Ask>
  Task<GroupAnswer<Response>> park(Ask ask);

  void adopt(base::Result<LoadedGroups> loaded);
  void carry_out(Step step);
  std::size_t batch_bytes_max() const;
  void append(const std::vector<EncodedRecord>& records);
  void append_batch(std::vector<std::byte> batch);
  void appended(const ProduceOutcome& outcome);
  /// Now if nothing is under way; `done(false)` if what is under way is lost.
  void after_commit(AfterCommit done);
  void lose_state(std::string_view why);
  void give_up_waiting();
  void arm();
  void on_time();
  void expire_at(base::MonotonicTime when);
  void expire();

  const std::shared_ptr<Partition> partition_;
  const GroupShardServices services_;
  const std::uint64_t seed_;
  State state_ = State::loading;
  std::unique_ptr<GroupCore> core_;
  std::uint64_t appends_ = 0;                                  // Batches handed to the partition,
  std::uint64_t outcomes_ = 0;                                 // ...and those it has answered.
  std::deque<std::pair<std::uint64_t, AfterCommit>> waiting_;  // For so many outcomes; in order.
  std::map<AnswerTo, Parked*> parked_;
  AnswerTo next_answer_ = 0;
  std::unique_ptr<TimerHandle> timer_;
  base::MonotonicTime timer_at_ = base::MonotonicTime::max();
  OffsetSweep expiry_;
  bool sweep_when_loaded_ = true;
  std::unique_ptr<TimerHandle> expiry_timer_;
  std::unique_ptr<TimerHandle> reload_timer_;
};

}  // namespace broker
