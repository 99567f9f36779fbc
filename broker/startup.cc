#include "broker/startup.h"

#include <condition_variable>
#include <mutex>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "broker/partition/committer.h"
#include "broker/topics/metadata_log.h"
#include "broker/topics/topic_log_config.h"
#include "protocol/base/random.h"

namespace broker {
namespace {

using Say = std::function<void(const std::string&)>;
using storage::kMetadataPartition;

/// One partition to open, and what became of it.
struct Opening {
  base::TopicIdPartition id;
  std::string name;  // "orders-3", for lines.
  storage::Path path;
  config::LogConfig config;
  storage::LogOpening how;
  base::Offset clean_end = -1;
  storage::RecoveryReport report;
  base::Result<std::unique_ptr<storage::Log>> log;
};

class Starter {
 public:
  Starter(storage::FileSystem& files, const config::BrokerConfig& config, WorkerPool& workers,
          const base::Clock& clock, const Say& say)
      : files_(files), config_(config), workers_(workers), clock_(clock), say_(say) {}

  base::Result<OpenedData> run() {
    data_.directory = TRY(storage::DataDirectory::open(files_, config_.data_dir));
    ends_ = TRY(data_.directory->take_clean_marker());
    data_.recovery_points = TRY(data_.directory->read_recovery_points());
    data_.start_offsets = TRY(data_.directory->read_start_offsets());
    TRY(open_metadata_log());
    TRY(name_cluster());
    auto openings = TRY(reconcile());
    open_all(openings);
    for (auto& opening : openings) {
      tell(opening);
      if (!opening.log) {
        auto error = opening.log.error();
        error.detail = fmt::format("partition {}: {}", opening.name, error.detail);
        return std::unexpected(std::move(error));
      }
      data_.logs.emplace(opening.id, std::move(*opening.log));
    }
    return std::move(data_);
  }

 private:
  Opening opening_of(const base::TopicIdPartition& id, std::string name,
                     const config::LogConfig& config) const {
    Opening opening{.id = id,
                    .name = std::move(name),
                    .path = data_.directory->path_of(id),
                    .config = config,
                    .how = {.now = clock_.wall_ms()},
                    .log = base::fail(base::Fault::closed, "not opened yet")};
    if (const auto point = data_.recovery_points.find(id); point != data_.recovery_points.end())
      opening.how.recovery_point = point->second;
    if (const auto start = data_.start_offsets.find(id); start != data_.start_offsets.end())
      opening.how.start_offset = start->second;
    if (ends_) {
      const auto end = ends_->find(id);
      opening.how.clean = end != ends_->end();
      if (opening.how.clean) opening.clean_end = end->second;
    }
    return opening;
  }

  void open(Opening& opening) const {
    opening.log =
        storage::Log::open(files_, opening.path, opening.config, opening.how, opening.report);
    if (!opening.log || !opening.how.clean) return;
    if ((*opening.log)->end_offset() == opening.clean_end) return;
    // The marker does not speak of this log: trust nothing and scan.
    opening.how.clean = false;
    opening.report = {};
    opening.log =
        storage::Log::open(files_, opening.path, opening.config, opening.how, opening.report);
  }

  void tell(const Opening& opening) const {
    const auto& report = opening.report;
    if (report.bytes_cut > 0)
      say_(fmt::format("partition {}: cut {} bytes that no sync had covered, kept in {}",
                       opening.name, report.bytes_cut, report.quarantine));
    for (const auto& note : report.notes) say_(fmt::format("partition {}: {}", opening.name, note));
  }

  base::Result<> open_metadata_log() {
    auto opening = opening_of(kMetadataPartition, "__cluster_metadata-0", *metadata_log_config());
    if (TRY(files_.exists(opening.path))) {
      open(opening);
      tell(opening);
      if (opening.log && (*opening.log)->end_offset() == 0) TRY(check_is_new(opening));
    } else {
      TRY(check_is_new(opening));
      opening.log = storage::Log::create(files_, opening.path, opening.config, clock_.wall_ms());
      if (opening.log) TRY(data_.directory->write_partition_metadata(kMetadataPartition));
    }
    data_.metadata_log = TRY(std::move(opening.log));
    return replay_metadata(*data_.metadata_log->view(),
                           [this](const auto& record) { return data_.catalog.apply(record); });
  }

  /// The metadata log and the cluster's name in it come before everything else, so a directory
  /// without them is new or has lost them: then every topic would seem to be nobody's.
  base::Result<> check_is_new(const Opening& metadata) const {
    const auto listing = TRY(data_.directory->list());
    if (listing.partitions.empty() && !data_.recovery_points.contains(metadata.id)) return {};
    return base::fail(base::Fault::missing,
                      fmt::format("{} is missing or empty, and with it the knowledge which topics "
                                  "there are. Put its files back",
                                  metadata.path.string()));
  }

  /// A cluster is named once, by its configuration or by chance, before anything else is in its
  /// log.
  base::Result<> name_cluster() {
    const auto& known = data_.catalog.cluster_id();
    if (!known.empty()) {
      if (!config_.cluster_id || *config_.cluster_id == known) return {};
      return base::fail(
          base::Fault::invalid,
          fmt::format("{} belongs to cluster {}, and cluster.id is {}. Remove cluster.id, or name "
                      "another data.dir",
                      config_.data_dir.string(), known, *config_.cluster_id));
    }
    base::Random random(std::random_device{}() * (std::uint64_t{1} << 32U) +
                        std::random_device{}());
    protocol::ClusterIdRecord record;
    record.cluster_id = config_.cluster_id.value_or(base::Uuid::make(random).to_text());
    const auto batch = TRY(metadata_batch({record}, clock_.wall_ms()));
    const auto header = *record::BatchHeader::read(batch);
    const storage::NewBatch fresh{
        .header = header, .records = base::BytesView(batch).subspan(record::BatchHeader::kSize)};
    auto& log = *data_.metadata_log;
    TRY(log.append({&fresh, 1}, clock_.wall_ms()));
    const auto ticket = log.sync_ticket();
    TRY(sync_all(files_, {&ticket, 1}));
    log.on_synced(ticket.end);
    log.set_high_watermark(ticket.end);
    return data_.catalog.apply(record);
  }

  /// What the log says there is, against what lies in the directory.
  base::Result<std::vector<Opening>> reconcile() {
    auto listing = TRY(data_.directory->list());
    for (const auto& problem : listing.problems)
      say_(fmt::format("{}: {}", problem.path.string(), problem.why));
    data_.deletions = std::move(listing.deletions);
    std::map<base::TopicIdPartition, const storage::PartitionDirectory*> found;
    for (const auto& directory : listing.partitions) {
      const auto* topic = data_.catalog.with_id(directory.partition.topic_id);
      if (topic != nullptr && directory.partition.partition < topic->partitions) {
        found.emplace(directory.partition, &directory);
      } else {
        TRY(dispose(directory));
      }
    }
    std::vector<Opening> openings;
    const auto defaults =
        topic_defaults(config_.topic_defaults, broker_overrides(data_.catalog, config_.node_id));
    for (const auto& [name, topic] : data_.catalog.topics()) {
      const auto config = topic_log_config(defaults, name, topic.configs);
      for (std::int32_t index = 0; index < topic.partitions; ++index) {
        const base::TopicIdPartition id{topic.id, index};
        auto label = fmt::format("{}-{}", name, index);
        const auto there = found.find(id);
        if (there == found.end())
          return base::fail(
              base::Fault::missing,
              fmt::format("partition {} has no directory {}: acknowledged records may be in it, "
                          "so the broker does not start without it. Put the directory back",
                          label, data_.directory->path_of(id).string()));
        if (!there->second->has_metadata) TRY(data_.directory->write_partition_metadata(id));
        openings.push_back(opening_of(id, std::move(label), config));
      }
    }
    return openings;
  }

  /// A partition's directory that the metadata log does not name.
  base::Result<> dispose(const storage::PartitionDirectory& directory) {
    if (data_.catalog.was_removed(directory.partition.topic_id)) {
      data_.deletions.push_back(TRY(data_.directory->begin_delete(directory.partition)));
      return {};
    }
    const auto aside = TRY(data_.directory->set_aside(directory.path));
    say_(
        fmt::format("{} belongs to no topic (its creation was never finished); it was set aside "
                    "as {}. Delete it if you do not miss anything",
                    directory.path.string(), aside.string()));
    return {};
  }

  void open_all(std::vector<Opening>& openings) const {
    std::mutex mutex;
    std::condition_variable all_done;
    std::size_t left = openings.size();
    for (auto& opening : openings) {
      workers_.post([&, this] {
        open(opening);
        const std::scoped_lock lock(mutex);
        if (--left == 0) all_done.notify_one();
      });
    }
    std::unique_lock lock(mutex);
    while (!all_done.wait_for(lock, kProgressEvery, [&] { return left == 0; })) {
      say_(fmt::format("recovering: {} of {} partitions done", openings.size() - left,
                       openings.size()));
    }
  }

  static constexpr std::chrono::seconds kProgressEvery{2};

  storage::FileSystem& files_;
  const config::BrokerConfig& config_;
  WorkerPool& workers_;
  const base::Clock& clock_;
  const Say& say_;
  OpenedData data_;
  std::optional<storage::PartitionOffsets> ends_;
};

}  // namespace

base::Result<OpenedData> open_data(storage::FileSystem& files, const config::BrokerConfig& config,
                                   WorkerPool& workers, const base::Clock& clock, const Say& say) {
  return Starter(files, config, workers, clock, say).run();
}

}  // namespace broker
