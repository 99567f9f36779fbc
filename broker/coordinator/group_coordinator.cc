#include "broker/coordinator/group_coordinator.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <utility>

#include "broker/coordinator/java_hash.h"

namespace broker {

using protocol::ErrorCode;
using protocol::JoinGroupRequest;
using protocol::JoinGroupResponse;
using protocol::ListGroupsRequest;
using protocol::ListGroupsResponse;
using protocol::SyncGroupRequest;
using protocol::SyncGroupResponse;

namespace {

GroupLimits limits_of(const config::BrokerConfig& config) {
  GroupLimits limits;
  limits.initial_rebalance_delay =
      std::chrono::milliseconds(config.group_initial_rebalance_delay_ms);
  limits.session_timeout_min_ms = config.group_min_session_timeout_ms;
  limits.session_timeout_max_ms = config.group_max_session_timeout_ms;
  limits.members_max = static_cast<std::size_t>(config.group_max_size);
  limits.metadata_bytes_max = static_cast<std::size_t>(config.offset_metadata_max_bytes);
  limits.offsets_retention = std::chrono::minutes(config.offsets_retention_minutes);
  return limits;
}

}  // namespace

std::int32_t offsets_partition(std::string_view group_id, std::int32_t partitions) {
  const auto hash = java_hash(group_id);
  // Java's smallest int has no absolute value; Kafka takes 0.
  if (hash == std::numeric_limits<std::int32_t>::min()) return 0;
  return std::abs(hash) % partitions;
}

GroupCoordinator::GroupCoordinator(const config::BrokerConfig& config, TopicStore& topics,
                                   WorkerPool& workers, std::uint64_t seed, Say say)
    : config_(config),
      topics_(topics),
      workers_(workers),
      seed_(seed),
      say_(std::move(say)),
      memory_(static_cast<std::size_t>(config.request_memory_bytes) / 2) {
  shards_.set(std::make_shared<const Shards>());
}

GroupCoordinator::~GroupCoordinator() = default;

void GroupCoordinator::start() { shards(); }

void GroupCoordinator::stop() {
  const std::scoped_lock lock(making_);
  stopped_ = true;
  for (const auto& shard : shards_.get()->by_partition)
    shard->loop().post([shard] { shard->stop(); });
}

GroupCore::IsGone GroupCoordinator::is_topic_gone() {
  return [this](std::string_view name, const base::Uuid& id) {
    const auto image = topics_.image();
    const auto* topic = image->named(name);
    return topic == nullptr || (!id.is_zero() && topic->id != id);
  };
}

GroupShardServices GroupCoordinator::shard_services() {
  auto limits = limits_of(config_);
  limits.memory = memory_;
  return {.workers = workers_,
          .limits = std::move(limits),
          .expiry_check_interval =
              std::chrono::milliseconds(config_.offsets_retention_check_interval_ms),
          .is_topic_gone = is_topic_gone(),
          .on_short_of_memory = [this] { make_room(); },
          .say = say_};
}

void GroupCoordinator::make_room() {
  if (making_room_->exchange(true)) return;
  // Held by the jobs: until the last one has run, or will not any more.
  const std::shared_ptr<std::atomic<bool>> busy(
      making_room_.get(), [keep = making_room_](auto* making) { *making = false; });
  for (const auto& shard : shards_.get()->by_partition)
    shard->loop().post([shard, busy] { shard->make_room(); });
}

std::shared_ptr<GroupShard> GroupCoordinator::make_shard(
    const std::shared_ptr<Partition>& partition) {
  auto& loop = partition->loop();
  const auto seed = seed_ + static_cast<std::uint64_t>(partition->id().partition);
  // It dies on its loop, whoever lets go of it last; see TopicStore::make_partition.
  std::shared_ptr<GroupShard> shard(
      new GroupShard(partition, shard_services(), seed),
      [&loop](GroupShard* gone) { loop.post([owned = std::unique_ptr<GroupShard>(gone)] {}); });
  loop.post([shard] { shard->load(); });
  return shard;
}

std::shared_ptr<const GroupCoordinator::Shards> GroupCoordinator::shards() {
  const auto image = topics_.image();
  const auto* topic = image->named(kOffsetsTopic);
  const auto topic_id = topic == nullptr ? base::Uuid{} : topic->id;
  auto known = shards_.get();
  if (known->topic_id == topic_id) return known;
  const std::scoped_lock lock(making_);
  known = shards_.get();
  if (known->topic_id == topic_id || stopped_) return known;
  for (const auto& shard : known->by_partition) shard->loop().post([shard] { shard->stop(); });
  auto made = std::make_shared<Shards>();
  made->topic_id = topic_id;
  if (topic != nullptr)
    for (const auto& partition : topic->partitions)
      made->by_partition.push_back(make_shard(partition));
  shards_.set(made);
  return made;
}

std::shared_ptr<GroupShard> GroupCoordinator::shard_of(std::string_view group_id) {
  const auto all = shards();
  if (all->by_partition.empty()) return nullptr;
  const auto index =
      offsets_partition(group_id, static_cast<std::int32_t>(all->by_partition.size()));
  return all->by_partition[static_cast<std::size_t>(index)];
}

Task<ErrorCode> GroupCoordinator::prepare(Loop& home) {
  if (topics_.image()->named(kOffsetsTopic) == nullptr) {
    NewTopic topic{
        .name = std::string(kOffsetsTopic),
        .num_partitions = config_.offsets_topic_num_partitions,
        .assignments = {},
        .configs = {{"cleanup.policy", "compact"},
                    {"compression.type", "producer"},
                    {"segment.bytes", std::to_string(config_.offsets_topic_segment_bytes)}}};
    std::vector<NewTopic> wanted;
    wanted.push_back(std::move(topic));
    // Somebody else may be quicker; then it is there all the same.
    const auto decisions = co_await topics_.create(home, std::move(wanted), false);
    if (topics_.image()->named(kOffsetsTopic) == nullptr) {
      say_("the topic __consumer_offsets cannot be made: " + decisions.front().message);
      co_return kUnavailable;
    }
  }
  shards();
  co_return ErrorCode::none;
}

Task<GroupAnswer<JoinGroupResponse>> GroupCoordinator::join(Loop& home, JoinGroupRequest request,
                                                            JoiningClient client) {
  const auto shard = shard_of(request.group_id);
  if (!shard) co_return std::unexpected(kUnavailable);
  co_await hop_to(shard->loop());
  auto answer = co_await shard->join(std::move(request), std::move(client));
  co_await hop_to(home);
  co_return answer;
}

Task<GroupAnswer<SyncGroupResponse>> GroupCoordinator::sync(Loop& home, SyncGroupRequest request) {
  const auto shard = shard_of(request.group_id);
  if (!shard) co_return std::unexpected(kUnavailable);
  co_await hop_to(shard->loop());
  auto answer = co_await shard->sync(std::move(request));
  co_await hop_to(home);
  co_return answer;
}

Task<ListGroupsResponse> GroupCoordinator::list(Loop& home, ListGroupsRequest request) {
  ListGroupsResponse response;
  const auto all = shards();
  for (const auto& shard : all->by_partition) {
    co_await hop_to(shard->loop());
    const auto list = [&request](GroupCore& core, Now /*now*/, Step& /*step*/) {
      ListGroupsResponse part;
      core.list(request, part);
      return part;
    };
    auto part = co_await shard->run(list);
    if (!part) {
      response.groups.clear();
      response.error_code = part.error();
      break;
    }
    std::ranges::move(part->groups, std::back_inserter(response.groups));
  }
  co_await hop_to(home);
  co_return response;
}

Task<> GroupCoordinator::forget_removed_topics(Loop& home) {
  const auto all = shards();
  for (const auto& shard : all->by_partition) {
    co_await hop_to(shard->loop());
    co_await shard->forget_topics();
  }
  co_await hop_to(home);
}

}  // namespace broker
