#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/runtime/gate.h"
#include "broker/runtime/loop.h"
#include "broker/runtime/task.h"
#include "broker/topics/config_decisions.h"
#include "broker/topics/metadata_log.h"
#include "broker/topics/topic_catalog.h"
#include "broker/topics/topic_decisions.h"
#include "broker/topics/topics_image.h"
#include "config/broker_config.h"
#include "protocol/base/published.h"
#include "protocol/base/random.h"
#include "storage/data_directory.h"

namespace broker {

/// Where partitions are put, and what they need. Everything outlives the store.
struct TopicStoreServices {
  storage::FileSystem& files;
  storage::DataDirectory& directory;
  std::vector<Loop*> loops;  // Partitions are spread over them and never move.
  WorkerPool& workers;
  const config::BrokerConfig& config;
  PartitionServices partition;
  PartitionServices internal_partition;  // Of the topics the broker itself writes to.
};

/// The topics of the broker: creates, grows and removes them, one change at a time, each on disk
/// before it is seen or answered (DESIGN.md section 6).
///
/// Thread: any. A change hops to the loop of the metadata log and ends where it was called from.
class TopicStore {
 public:
  TopicStore(TopicStoreServices services, std::unique_ptr<MetadataLog> log, TopicCatalog catalog,
             std::uint64_t seed);
  ~TopicStore();

  std::shared_ptr<const TopicsImage> image() const { return image_.get(); }
  const std::string& cluster_id() const { return cluster_id_; }
  MetadataLog& log() { return *log_; }
  /// Every partition there is, the metadata log's too.
  std::vector<std::shared_ptr<Partition>> all_partitions() const;

  /// Takes over a partition that was found on disk. Start-up only, before anything is served.
  void adopt(const base::Uuid& topic_id, std::int32_t index, std::unique_ptr<storage::Log> log);
  /// Shows what was adopted. Start-up only.
  void publish();

  /// Each topic by itself: a refused one does not stop the others. With `validate_only` nothing
  /// changes and `topic_id` means nothing.
  Task<std::vector<TopicDecision>> create(Loop& home, std::vector<NewTopic> wanted,
                                          bool validate_only);
  Task<TopicDecision> remove(Loop& home, base::Uuid topic_id);
  /// `count` is the new total number of partitions.
  Task<TopicDecision> grow(Loop& home, std::string name, std::int32_t count,
                           std::optional<std::vector<std::vector<std::int32_t>>> assignments,
                           bool validate_only);

  /// Changes settings of topics and of the broker: on disk when this is done, and in effect. With
  /// `validate_only` nothing changes.
  Task<std::vector<ConfigDecision>> configure(Loop& home, std::vector<ConfigChange> changes,
                                              bool validate_only);

  /// A producer id that was never given out and never will be again: blocks of 1000 are written
  /// down before their first id is used (Kafka's ProducerIdManager).
  Task<base::Result<base::ProducerId>> new_producer_id(Loop& home);

 private:
  using Partitions = std::vector<std::shared_ptr<Partition>>;

  TopicDefaults defaults() const;
  Task<base::Result<>> commit(const std::vector<protocol::MetadataRecord>& records);
  Task<base::Result<>> add_partitions(const TopicDecision& decision);
  Task<> apply_changes(const std::vector<ConfigChange>& changes,
                       const std::vector<ConfigDecision>& decisions);
  Task<> apply_creation(TopicDecision& decision, bool validate_only);
  base::Result<std::unique_ptr<storage::Log>> create_log(base::TopicIdPartition id,
                                                         const config::LogConfig& config) const;
  base::Result<std::vector<std::unique_ptr<storage::Log>>> create_logs(
      const TopicDecision& decision) const;
  void discard(base::TopicIdPartition id) const;
  std::shared_ptr<const Topic> show(const TopicCatalog::Entry& entry) const;
  std::shared_ptr<Partition> make_partition(base::TopicIdPartition id,
                                            std::unique_ptr<storage::Log> log);
  std::shared_ptr<const config::LogConfig> config_of(const TopicCatalog::Entry& topic) const;

  TopicStoreServices services_;
  std::unique_ptr<MetadataLog> log_;
  TopicCatalog catalog_;                                   // On the loop of log_ only.
  std::unordered_map<base::Uuid, Partitions> partitions_;  // Likewise.
  config::LogConfig topic_defaults_;                       // Likewise; those in effect.
  base::Random random_;                                    // Likewise.
  Gate gate_;                                              // Likewise.
  base::ProducerId next_producer_id_ = 0;  // Likewise; of the block that is on disk.
  base::ProducerId producer_ids_end_ = 0;
  std::size_t next_loop_ = 0;
  std::string cluster_id_;
  base::Published<TopicsImage> image_;
};

}  // namespace broker
