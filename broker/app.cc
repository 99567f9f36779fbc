#include "broker/app.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "broker/handlers/dispatcher.h"
#include "broker/housekeeping/checkpointer.h"
#include "broker/housekeeping/disk_watch.h"
#include "broker/housekeeping/producer_expiry.h"
#include "broker/housekeeping/retention.h"
#include "broker/net/network.h"
#include "broker/net/rate_limited_log.h"
#include "broker/partition/disk_guard.h"
#include "broker/runtime/asio_loop.h"
#include "broker/runtime/logging.h"
#include "broker/runtime/usable_cores.h"
#include "broker/runtime/worker_pool.h"
#include "broker/startup.h"
#include "broker/topics/topic_store.h"
#include "storage/file/posix_file_system.h"

namespace broker {
namespace {

using std::chrono::milliseconds;

/// Two cores are served best by one loop: a hop between threads costs more than a request
/// (docs/threads.md).
std::size_t loop_count(const config::BrokerConfig& config) {
  if (config.threads > 0) return static_cast<std::size_t>(config.threads);
  const auto cores = usable_cores();
  return cores <= 2 ? 1 : std::min<std::size_t>(cores, 8);
}

std::size_t worker_count() { return std::clamp<std::size_t>(usable_cores(), 2, 4); }

/// Half of the descriptors, so that clients cannot take those that files need.
std::size_t connections_share() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<std::size_t>::max();
  return std::max<std::size_t>(limit.rlim_cur / 2, 1);
}

NetConfig net_config(const config::BrokerConfig& config) {
  NetConfig net;
  net.request_bytes_max = static_cast<std::size_t>(config.socket_request_max_bytes);
  net.idle_max = milliseconds(config.connections_max_idle_ms);
  net.connections_max =
      std::min(static_cast<std::size_t>(config.max_connections), connections_share());
  if (config.socket_send_buffer_bytes >= 0) net.send_buffer_bytes = config.socket_send_buffer_bytes;
  if (config.socket_receive_buffer_bytes >= 0)
    net.receive_buffer_bytes = config.socket_receive_buffer_bytes;
  net.backlog = config.socket_listen_backlog_size;
  net.budget_bytes = static_cast<std::size_t>(config.request_memory_bytes);
  net.small_share_bytes = net.budget_bytes / 4;
  return net;
}

/// As many descriptors as the system lets us have: a connection and a segment take one each.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    log_warning("the limit of open files stays at its default");
}

/// After a failed write or sync nothing more may be acknowledged, so nothing more is done: not even
/// destructors run (DESIGN.md section 4).
[[noreturn]] void stop_at_once(const base::Error& error) {
  log_critical(
      fmt::format("the disk has failed: {}. Nothing that it may have lost was acknowledged; the "
                  "broker stops now. Check the disk and start again",
                  error.detail));
  flush_log();
  std::_Exit(kDiskFailed);
}

void left_behind(const base::Error& error) {
  log_warning(fmt::format("left behind: {}. The next start removes it", error.detail));
}

/// Everything the broker is made of, in the order it is made; torn down in reverse.
class App {
 public:
  App(const config::BrokerConfig& config, std::string_view version)
      : config_(config),
        version_(version),
        began_(clock_.monotonic()),
        guard_(static_cast<std::uint64_t>(config.disk_reserve_bytes)),
        workers_(worker_count()),
        committer_(files_, stop_at_once),
        loops_(loop_count(config), clock_) {}

  base::Result<> start() {
    auto data = TRY(open_data(files_, config_, workers_, clock_, log_warning));
    make_topics(data);
    directory_ = std::move(data.directory);
    if (const auto space = files_.space(config_.data_dir)) guard_.note_available(space->available);
    groups_->start();
    make_housekeeping(data);
    for (auto& path : data.deletions) finish_deletion(std::move(path));
    network_ = std::make_unique<Network>(net_config(config_), loops_, *dispatcher_);
    for (const auto& listener : config_.listeners)
      bound_.push_back(TRY(network_->listen(listener)));
    return {};
  }

  /// Serves until told to stop.
  void serve() {
    const SignalWaiter signals(loops_, [this] { begin_stop(); });
    auto& home = loops_.loop(0);
    home.post([this] {
      checkpointer_->start();
      disk_watch_->start();
      producer_expiry_->start();
      retention_->start();
    });
    network_->start();
    announce();
    loops_.run_until_stopped();
  }

  /// All loops have ended: writes down what a clean start needs.
  base::Result<> close() {
    committer_.stop();
    workers_.stop();
    storage::PartitionOffsets ends;
    for (const auto& partition : topics_->all_partitions()) {
      for (const auto& note : TRY(partition->log().close())) log_warning(note);
      ends[partition->id()] = partition->log().end_offset();
    }
    TRY(directory_->write_recovery_points(ends));
    return directory_->write_clean_marker(ends);
  }

 private:
  PartitionServices partition_services() {
    return {.workers = workers_,
            .committer = committer_,
            .may_append = [this] { return guard_.may_append(); },
            .on_broken_log = stop_at_once,
            .on_disk_full =
                [this] {
                  guard_.note_full();
                  trouble_.warn("full", "the disk is full: records were refused");
                },
            .on_leftover = left_behind,
            .on_trouble =
                [this](std::string_view what, const base::Error& error) {
                  trouble_.warn(what, fmt::format("{}: {}", what, error.detail));
                }};
  }

  void make_topics(OpenedData& data) {
    // What the broker writes for itself goes on when the disk is nearly full: deleting a topic is
    // how it gets room again, and consumers go on committing.
    auto for_itself = partition_services();
    for_itself.may_append = [] { return true; };
    TopicStoreServices services{.files = files_,
                                .directory = *data.directory,
                                .loops = {},
                                .workers = workers_,
                                .config = config_,
                                .partition = partition_services(),
                                .internal_partition = for_itself};
    for (std::size_t i = 0; i < loops_.size(); ++i) services.loops.push_back(&loops_.loop(i));
    auto metadata = std::make_shared<Partition>(storage::kMetadataPartition, loops_.loop(0),
                                                std::move(data.metadata_log), metadata_log_config(),
                                                std::move(for_itself));
    topics_ = std::make_unique<TopicStore>(std::move(services),
                                           std::make_unique<MetadataLog>(std::move(metadata)),
                                           std::move(data.catalog), std::random_device{}());
    for (auto& [id, log] : data.logs) topics_->adopt(id.topic_id, id.partition, std::move(log));
    topics_->publish();
    groups_ = std::make_unique<GroupCoordinator>(config_, *topics_, workers_,
                                                 std::random_device{}(), log_warning);
    starts_ = std::make_unique<LogStarts>(LogStarts::Services{.files = files_,
                                                              .directory = *data.directory,
                                                              .topics = *topics_,
                                                              .workers = workers_,
                                                              .home = loops_.loop(0),
                                                              .segments = segments_,
                                                              .on_failure = stop_at_once,
                                                              .on_leftover = left_behind},
                                          std::move(data.start_offsets));
    services_ = std::make_unique<Services>(config_, *topics_, *groups_, *starts_, workers_);
    dispatcher_ = std::make_unique<Dispatcher>(*services_);
  }

  void make_housekeeping(OpenedData& data) {
    auto& home = loops_.loop(0);
    retention_ = std::make_unique<Retention>(
        Retention::Services{.topics = *topics_,
                            .starts = *starts_,
                            .home = home,
                            .say = log_info,
                            .on_broken_log = stop_at_once,
                            .on_trouble =
                                [this](const base::Error& error) {
                                  trouble_.warn(
                                      "retention",
                                      fmt::format("old records stay for now: {}", error.detail));
                                }},
        milliseconds(config_.log_retention_check_interval_ms));
    checkpointer_ = std::make_unique<Checkpointer>(
        Checkpointer::Services{.files = files_,
                               .directory = *directory_,
                               .topics = *topics_,
                               .workers = workers_,
                               .home = home,
                               .segments = segments_,
                               .on_failure = stop_at_once,
                               .say = log_warning},
        Checkpointer::Policy{.bytes = static_cast<std::uint64_t>(config_.checkpoint_bytes),
                             .interval = milliseconds(config_.checkpoint_interval_ms)},
        std::move(data.recovery_points));
    disk_watch_ =
        std::make_unique<DiskWatch>(files_, config_.data_dir, workers_, home, guard_, log_warning);
    producer_expiry_ = std::make_unique<ProducerExpiry>(
        *topics_, home, milliseconds(config_.producer_id_expiration_ms));
  }

  void finish_deletion(storage::Path path) {
    workers_.post([this, path = std::move(path)] {
      const auto gone = directory_->finish_delete(path);
      if (!gone) left_behind(gone.error());
    });
  }

  void announce() {
    const auto took = std::chrono::duration_cast<milliseconds>(clock_.monotonic() - began_).count();
    log_info(fmt::format(
        "stele {} · node {} · cluster {} · data {} · {} topic(s) · {} loop(s) · started "
        "in {} ms",
        version_, config_.node_id, topics_->cluster_id(), config_.data_dir.string(),
        topics_->image()->by_name.size(), loops_.size(), took));
    if (config_.topic_defaults.flush_messages == 1) {
      log_info("acknowledged = visible = on disk (flush.messages=1)");
    } else {
      log_warning(fmt::format("topics acknowledge before the disk has synced (flush.messages={})",
                              config_.topic_defaults.flush_messages));
    }
    if (const auto most = connections_share(); std::cmp_less(most, config_.max_connections))
      log_info(fmt::format(
          "at most {} connections, not max.connections={}: half of the file descriptors are for "
          "files (raise `ulimit -n`)",
          most, config_.max_connections));
    for (const auto& endpoint : bound_) {
      const auto line = fmt::format("stele ready on {}", to_string(endpoint));
      std::puts(line.c_str());
    }
    std::fflush(stdout);
  }

  /// On loop 0: no new clients, no new requests; what was begun is answered, up to a limit.
  void begin_stop() {
    log_info(fmt::format("stopping: {} connection(s) to finish", network_->connections()));
    auto& home = loops_.loop(0);
    const auto limit = home.clock().monotonic() + milliseconds(config_.shutdown_timeout_ms);
    drain_limit_ = home.call_at(limit, [this] { network_->close_all(); });
    network_->drain([this] {
      drain_limit_.reset();
      checkpointer_->stop([this] { retention_->stop([this] { loops_.stop(); }); });
    });
    wake_parked_fetches();
    groups_->stop();
  }

  /// They are answered with what there is, so that a consumer that waits for records does not hold
  /// the stop up. After drain() has told the connections, by the same way of posts.
  void wake_parked_fetches() {
    loops_.loop(0).post([this] {
      for (const auto& partition : topics_->all_partitions())
        partition->loop().post([partition] { partition->fetch_waiters().wake_all(); });
    });
  }

  const config::BrokerConfig& config_;
  const std::string version_;
  const base::SystemClock clock_;
  RateLimitedLog trouble_{clock_};
  const base::MonotonicTime began_;
  storage::PosixFileSystem files_;
  DiskGuard guard_;
  ThreadPool workers_;
  Committer committer_;
  std::unique_ptr<storage::DataDirectory> directory_;
  LoopGroup loops_;
  std::unique_ptr<TopicStore> topics_;
  std::unique_ptr<GroupCoordinator> groups_;
  Gate segments_{loops_.loop(0)};
  std::unique_ptr<LogStarts> starts_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<DiskWatch> disk_watch_;
  std::unique_ptr<ProducerExpiry> producer_expiry_;
  std::unique_ptr<Retention> retention_;
  std::unique_ptr<Network> network_;
  std::vector<Endpoint> bound_;
  std::unique_ptr<TimerHandle> drain_limit_;
};

}  // namespace

int run(const config::BrokerConfig& config, std::string_view version) {
  set_up_logging({.json = config.log_format == "json", .level = config.log_level});
  raise_descriptor_limit();
  App app(config, version);
  if (const auto started = app.start(); !started) {
    log_critical(fmt::format("could not start: {}", started.error().detail));
    return kCouldNotStart;
  }
  app.serve();
  if (const auto closed = app.close(); !closed) {
    log_critical(
        fmt::format("could not stop cleanly: {}. The next start recovers", closed.error().detail));
    return kDiskFailed;
  }
  log_info("stopped cleanly");
  return kStoppedCleanly;
}

}  // namespace broker
