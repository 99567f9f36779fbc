#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "broker/coordinator/group_shard.h"
#include "broker/topics/topic_store.h"
#include "config/broker_config.h"
#include "protocol/base/published.h"

namespace broker {

/// The topic in which groups and their offsets are kept.
inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";

/// The partition that keeps a group: Kafka's GroupCoordinatorService.partitionFor, which takes the
/// hash that Java gives to the text. `group_id` is UTF-8; what is not hashes as Java's replacement
/// character would.
std::int32_t offsets_partition(std::string_view group_id, std::int32_t partitions);

/// Finds the shard that keeps a group and asks it, on its loop. The topic is made when somebody
/// first looks for a coordinator.
///
/// Thread: any; every task ends on `home`, where it was called.
class GroupCoordinator {
 public:
  using Say = std::function<void(const std::string&)>;

  GroupCoordinator(const config::BrokerConfig& config, TopicStore& topics, WorkerPool& workers,
                   std::uint64_t seed, Say say);
  ~GroupCoordinator();
  GroupCoordinator(const GroupCoordinator&) = delete;
  GroupCoordinator& operator=(const GroupCoordinator&) = delete;

  /// Begins to load what is on disk. Start-up, once topics are published.
  void start();
  /// Parked members are answered, and nobody is parked from now on. Tells every shard by a post.
  void stop();

  /// Makes the topic if it is not there. COORDINATOR_NOT_AVAILABLE if that failed.
  Task<protocol::ErrorCode> prepare(Loop& home);

  Task<GroupAnswer<protocol::JoinGroupResponse>> join(Loop& home,
                                                      protocol::JoinGroupRequest request,
                                                      JoiningClient client);
  Task<GroupAnswer<protocol::SyncGroupResponse>> sync(Loop& home,
                                                      protocol::SyncGroupRequest request);

  /// Asks the shard of one group: `decide(core, now, step)` runs on its loop.
  template <class Decide, class Response = std::invoke_result_t<Decide&, GroupCore&, Now, Step&>>
  Task<GroupAnswer<Response>> ask(Loop& home, std::string group_id, Decide decide) {
    const auto shard = shard_of(group_id);
    if (!shard) co_return std::unexpected(kUnavailable);
    co_await hop_to(shard->loop());
    auto answer = co_await shard->run(std::move(decide));
    co_await hop_to(home);
    co_return answer;
  }

  /// All groups. An error of a shard is the answer of all: a list with gaps would mislead.
  Task<protocol::ListGroupsResponse> list(Loop& home, protocol::ListGroupsRequest request);
  /// Offsets of topics that are gone are gone too.
  Task<> forget_removed_topics(Loop& home);

 private:
  struct Shards {
    base::Uuid topic_id;
    std::vector<std::shared_ptr<GroupShard>> by_partition;
  };
  static constexpr auto kUnavailable = protocol::ErrorCode::coordinator_not_available;

  /// Those of the topic as it is now; new ones begin to load.
  std::shared_ptr<const Shards> shards();
  /// Null if there is no topic.
  std::shared_ptr<GroupShard> shard_of(std::string_view group_id);
  std::shared_ptr<GroupShard> make_shard(const std::shared_ptr<Partition>& partition);
  GroupShardServices shard_services();
  /// Has all shards forget some newcomers. Any thread; once at a time.
  void make_room();
  /// For any thread.
  GroupCore::IsGone is_topic_gone();

  const config::BrokerConfig& config_;
  TopicStore& topics_;
  WorkerPool& workers_;
  const std::uint64_t seed_;
  const Say say_;
  const GroupMemory memory_;
  const std::shared_ptr<std::atomic<bool>> making_room_ =
      std::make_shared<std::atomic<bool>>(false);
  std::mutex making_;     // Of shards_; taken when the topic has changed only.
  bool stopped_ = false;  // Under making_.
  base::Published<Shards> shards_;
};

}  // namespace broker
