#include "broker/topics/topic_store.h"

#include <set>
#include <utility>

#include "broker/errors.h"
#include "broker/topics/topic_log_config.h"
#include "broker/topics/topic_name.h"

namespace broker {
namespace {

constexpr base::ProducerId kProducerIdBlock = 1000;

void refuse(TopicDecision& decision, const base::Error& error) {
  decision.error = error_code(error.fault);
  decision.message = error.detail;
}

base::Result<> delete_directory(storage::DataDirectory& directory,
                                const base::TopicIdPartition& partition) {
  return directory.finish_delete(TRY(directory.begin_delete(partition)));
}

}  // namespace

TopicStore::TopicStore(TopicStoreServices services, std::unique_ptr<MetadataLog> log,
                       TopicCatalog catalog, std::uint64_t seed)
    : services_(std::move(services)),
      log_(std::move(log)),
      catalog_(std::move(catalog)),
      topic_defaults_(topic_defaults(services_.config.topic_defaults,
                                     broker_overrides(catalog_, services_.config.node_id))),
      random_(seed),
      gate_(log_->loop()),
      next_producer_id_(catalog_.next_producer_id()),
      producer_ids_end_(next_producer_id_),
      cluster_id_(catalog_.cluster_id()) {
  image_.set(std::make_shared<const TopicsImage>());
}

TopicStore::~TopicStore() = default;

TopicDefaults TopicStore::defaults() const {
  return {.node_id = services_.config.node_id,
          .num_partitions = services_.config.num_partitions,
          .clamp_replication_factor = services_.config.clamp_replication_factor};
}

std::shared_ptr<const config::LogConfig> TopicStore::config_of(
    const TopicCatalog::Entry& topic) const {
  return std::make_shared<const config::LogConfig>(
      topic_log_config(topic_defaults_, topic.name, topic.configs));
}

std::shared_ptr<Partition> TopicStore::make_partition(base::TopicIdPartition id,
                                                      std::unique_ptr<storage::Log> log) {
  auto& loop = *services_.loops[next_loop_++ % services_.loops.size()];
  const auto* topic = catalog_.with_id(id.topic_id);
  ASSERT(topic != nullptr, "a partition is made for a topic of the catalog");
  // It dies on its loop, whoever lets go of it last, and never inside a call of its own: what it
  // answers may be what holds it. Owned by the job: one that never runs deletes it all the same.
  const auto& services =
      is_internal_topic(topic->name) ? services_.internal_partition : services_.partition;
  return {new Partition(id, loop, std::move(log), config_of(*topic), services),
          [&loop](Partition* partition) {
            loop.post([gone = std::unique_ptr<Partition>(partition)] {});
          }};
}

void TopicStore::adopt(const base::Uuid& topic_id, std::int32_t index,
                       std::unique_ptr<storage::Log> log) {
  auto& partitions = partitions_[topic_id];
  const auto place = static_cast<std::size_t>(index);
  if (partitions.size() <= place) partitions.resize(place + 1);
  partitions[place] = make_partition({topic_id, index}, std::move(log));
}

void TopicStore::publish() {
  auto image = std::make_shared<TopicsImage>();
  image->broker_overrides = broker_overrides(catalog_, services_.config.node_id);
  const auto before = image_.get();
  const bool same_defaults = before->broker_overrides == image->broker_overrides;
  for (const auto& [name, entry] : catalog_.topics()) {
    // Unchanged topics are shared with the image before, so that a thousand of them cost pointers.
    const auto known = before->by_id.find(entry.id);
    const bool same = same_defaults && known != before->by_id.end() &&
                      std::cmp_equal(known->second->partitions.size(), entry.partitions) &&
                      known->second->overrides == entry.configs;
    const auto shown = same ? known->second : show(entry);
    image->by_name.emplace(name, shown);
    image->by_id.emplace(entry.id, shown);
  }
  image_.set(std::move(image));
}

std::shared_ptr<const Topic> TopicStore::show(const TopicCatalog::Entry& entry) const {
  const auto topic = std::make_shared<Topic>();
  topic->id = entry.id;
  topic->name = entry.name;
  topic->internal = is_internal_topic(entry.name);
  topic->overrides = entry.configs;
  topic->config = config_of(entry);
  if (const auto found = partitions_.find(entry.id); found != partitions_.end())
    topic->partitions = found->second;
  return topic;
}

std::vector<std::shared_ptr<Partition>> TopicStore::all_partitions() const {
  std::vector<std::shared_ptr<Partition>> all{log_->partition()};
  const auto shown = image();
  for (const auto& [name, topic] : shown->by_name)
    all.insert(all.end(), topic->partitions.begin(), topic->partitions.end());
  return all;
}

Task<base::Result<>> TopicStore::commit(const std::vector<protocol::MetadataRecord>& records) {
  auto committed = co_await log_->append(records);
  if (!committed) co_return committed;
  for (const auto& record : records) {
    const auto applied = catalog_.apply(record);
    ASSERT(applied.has_value(), "what was decided on this state applies to it");
  }
  co_return base::Result<>{};
}

base::Result<std::unique_ptr<storage::Log>> TopicStore::create_log(
    base::TopicIdPartition id, const config::LogConfig& config) const {
  auto& directory = services_.directory;
  const auto path = directory.path_of(id);
  // Left by an attempt to grow the topic that failed before its record was written.
  if (TRY(services_.files.exists(path))) TRY(directory.set_aside(path));
  const auto now = log_->loop().clock().wall_ms();
  auto log = storage::Log::create(services_.files, path, config, now);
  if (log) {
    if (auto named = directory.write_partition_metadata(id); !named)
      log = std::unexpected(std::move(named).error());
  }
  if (!log) discard(id);
  return log;
}

/// Removes what a failed creation has made: no record names it and none will.
void TopicStore::discard(base::TopicIdPartition id) const {
  const auto gone = delete_directory(services_.directory, id);
  if (!gone && gone.error().fault != base::Fault::missing)
    services_.partition.on_leftover(gone.error());
}

base::Result<std::vector<std::unique_ptr<storage::Log>>> TopicStore::create_logs(
    const TopicDecision& decision) const {
  const auto config = topic_log_config(topic_defaults_, decision.name, decision.configs);
  std::vector<std::unique_ptr<storage::Log>> logs;
  for (auto index = decision.first_partition; index < decision.end_partition; ++index) {
    auto log = create_log({decision.topic_id, index}, config);
    if (!log) {
      while (index-- > decision.first_partition) discard({decision.topic_id, index});
      return std::unexpected(std::move(log).error());
    }
    logs.push_back(std::move(*log));
  }
  return logs;
}

/// The directories come first and the record makes them real: a crash between the two leaves
/// directories that no record names, which the next start sets aside.
Task<base::Result<>> TopicStore::add_partitions(const TopicDecision& decision) {
  auto create = [this, &decision] { return create_logs(decision); };
  auto created = co_await run_on(services_.workers, log_->loop(), std::move(create));
  if (!created) co_return std::unexpected(created.error());
  auto committed = co_await commit(decision.records);
  if (!committed) co_return committed;
  auto index = decision.first_partition;
  for (auto& log : *created) adopt(decision.topic_id, index++, std::move(log));
  publish();
  co_return base::Result<>{};
}

Task<> TopicStore::apply_creation(TopicDecision& decision, bool validate_only) {
  if (decision.refused() || validate_only) co_return;
  if (!services_.partition.may_append()) {
    const base::Error full{base::Fault::full, "the disk of the broker is full"};
    refuse(decision, full);
    co_return;
  }
  const auto added = co_await add_partitions(decision);
  if (!added) refuse(decision, added.error());
}

Task<std::vector<TopicDecision>> TopicStore::create(Loop& home, std::vector<NewTopic> wanted,
                                                    bool validate_only) {
  co_await hop_to(log_->loop());
  co_await gate_.enter();
  std::vector<TopicDecision> decisions;
  decisions.reserve(wanted.size());
  for (const auto& topic : wanted) {
    auto& decision = decisions.emplace_back(decide_create(catalog_, defaults(), topic, random_));
    co_await apply_creation(decision, validate_only);
  }
  gate_.leave();
  co_await hop_to(home);
  co_return decisions;
}

Task<TopicDecision> TopicStore::grow(
    Loop& home, std::string name, std::int32_t count,
    std::optional<std::vector<std::vector<std::int32_t>>> assignments, bool validate_only) {
  co_await hop_to(log_->loop());
  co_await gate_.enter();
  auto decision = decide_grow(catalog_, defaults(), name, count, assignments);
  co_await apply_creation(decision, validate_only);
  gate_.leave();
  co_await hop_to(home);
  co_return decision;
}

Task<TopicDecision> TopicStore::remove(Loop& home, base::Uuid topic_id) {
  co_await hop_to(log_->loop());
  co_await gate_.enter();
  auto decision = decide_delete(catalog_, topic_id);
  if (!decision.refused()) {
    const auto committed = co_await commit(decision.records);
    if (!committed) {
      refuse(decision, committed.error());
    } else {
      const auto partitions = std::exchange(partitions_[topic_id], {});
      partitions_.erase(topic_id);
      publish();
      for (const auto& partition : partitions) {
        co_await hop_to(partition->loop());
        partition->mark_deleted();
      }
      co_await hop_to(log_->loop());
      // Readers that still hold a slice keep their mapping; the names go now.
      services_.workers.post([directory = &services_.directory, topic_id,
                              count = decision.end_partition,
                              report = services_.partition.on_leftover] {
        for (std::int32_t index = 0; index < count; ++index) {
          const auto gone = delete_directory(*directory, {topic_id, index});
          if (!gone) report(gone.error());
        }
      });
    }
  }
  gate_.leave();
  co_await hop_to(home);
  co_return decision;
}

Task<std::vector<ConfigDecision>> TopicStore::configure(Loop& home,
                                                        std::vector<ConfigChange> changes,
                                                        bool validate_only) {
  co_await hop_to(log_->loop());
  co_await gate_.enter();
  auto decisions = decide_configs(catalog_, services_.config.node_id, changes);
  if (!validate_only) {
    for (auto& decision : decisions) {
      if (decision.records.empty()) continue;
      const auto committed = co_await commit(decision.records);
      if (!committed)
        decision = {.error = error_code(committed.error().fault),
                    .message = committed.error().detail};
    }
    co_await apply_changes(changes, decisions);
  }
  gate_.leave();
  co_await hop_to(home);
  co_return decisions;
}

Task<> TopicStore::apply_changes(const std::vector<ConfigChange>& changes,
                                 const std::vector<ConfigDecision>& decisions) {
  bool of_broker = false;
  std::set<std::string_view> topics;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (decisions[i].records.empty()) continue;
    if (changes[i].resource_type == kTopicResource)
      topics.insert(changes[i].resource_name);
    else
      of_broker = true;
  }
  if (topics.empty() && !of_broker) co_return;
  topic_defaults_ = topic_defaults(services_.config.topic_defaults,
                                   broker_overrides(catalog_, services_.config.node_id));
  publish();
  const auto shown = image();
  for (const auto& [name, topic] : shown->by_name) {
    if (!of_broker && !topics.contains(name)) continue;
    for (const auto& partition : topic->partitions) {
      co_await hop_to(partition->loop());
      partition->configure(topic->config);
    }
  }
  co_await hop_to(log_->loop());
}

Task<base::Result<base::ProducerId>> TopicStore::new_producer_id(Loop& home) {
  co_await hop_to(log_->loop());
  co_await gate_.enter();
  base::Result<> committed;
  if (next_producer_id_ == producer_ids_end_) {
    protocol::ProducerIdsRecord record;
    record.broker_id = services_.config.node_id;
    record.next_producer_id = producer_ids_end_ + kProducerIdBlock;
    const std::vector<protocol::MetadataRecord> records{record};
    committed = co_await commit(records);
    if (committed) producer_ids_end_ += kProducerIdBlock;
  }
  base::Result<base::ProducerId> id = next_producer_id_;
  if (committed) {
    ++next_producer_id_;
  } else {
    id = std::unexpected(committed.error());
  }
  gate_.leave();
  co_await hop_to(home);
  co_return id;
}

}  // namespace broker
