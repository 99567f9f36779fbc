#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/handlers/dispatcher.h"
#include "broker/partition/disk_guard.h"
#include "broker/startup.h"
#include "broker/topics/topic_store.h"
#include "tests/support/batches.h"
#include "tests/support/manual_loop.h"
#include "tests/support/requests.h"
#include "tests/support/sim_file_system.h"
#include "tests/support/started.h"

namespace test_support {

/// A whole broker except its sockets, on one loop stepped by hand over a disk in memory. It dies as
/// a killed process does: nothing is finished. stop() is the clean way.
///
/// Thread: the test's.
class BrokerBench {
 public:
  /// What a test may change before the broker starts.
  static config::BrokerConfig usual_config() {
    config::BrokerConfig config;
    config.data_dir = "/data";
    return config;
  }

  explicit BrokerBench(storage::FileSystem& files, config::BrokerConfig with = usual_config())
      : config(std::move(with)), files_(files), committer(files, [this](const base::Error&) {
          ++failed_syncs;
          loop.post([] {});  // Whoever waits on the loop for an answer must look again.
        }) {
    info.loop = &loop;
    info.advertised_host = "localhost";
    info.advertised_port = 9092;
    start();
  }
  BrokerBench(const BrokerBench&) = delete;
  BrokerBench& operator=(const BrokerBench&) = delete;
  ~BrokerBench() = default;

  /// Why the broker did not start, if it did not.
  const std::optional<base::Error>& refused() const { return refused_; }

  /// Goes on until `done` says so; false when nothing happens any more: the power is off, a sync
  /// has failed.
  bool run_until(const std::function<bool()>& done) {
    for (;;) {
      loop.run_ready();
      if (done()) return true;
      if (pool.run_one()) continue;
      if (failed_syncs > 0 || broken_logs > 0) return false;
      // Either the committer posts something or it fails.
      if (!loop.run_until([&] { return done() || pool.posted() > 0 || failed_syncs > 0; }))
        return false;
    }
  }
  /// The value of a task, or nothing if it never ends.
  template <class T>
  std::optional<T> result_of(broker::Task<T> task) {
    Started<T> started(std::move(task));
    if (!run_until([&] { return started.done(); })) return std::nullopt;
    return std::move(started.value());
  }

  /// One request through the dispatcher, encoded and decoded as on a socket.
  template <class Request>
  using Response = typename Request::Response;

  broker::Task<broker::Answer> begin(std::vector<std::byte> frame) {
    return dispatcher->handle(info, shared(std::move(frame)));
  }
  template <class Request>
  std::vector<std::byte> frame_of(Request request, protocol::ApiVersion version) const {
    return test_support::frame_of(std::move(request), version, client_id);
  }
  template <class Request>
  broker::Task<broker::Answer> begin(Request request, protocol::ApiVersion version) {
    return begin(frame_of(std::move(request), version));
  }
  template <class Request>
  Response<Request> decoded(const broker::Answer& answer, protocol::ApiVersion version) const {
    return test_support::decoded<Request>(answer, version);
  }
  template <class Request>
  Response<Request> ask(Request request, protocol::ApiVersion version) {
    auto answer = result_of(begin(std::move(request), version));
    ASSERT(answer.has_value(), "the request ends");
    return decoded<Request>(*answer, version);
  }

  /// The topic, or null.
  const broker::Topic* topic(const std::string& name) {
    image_ = topics->image();
    return image_->named(name);
  }
  /// A topic with so many partitions, created if need be.
  const broker::Topic& make_topic(const std::string& name, int partitions = 1,
                                  std::vector<std::pair<std::string, std::string>> configs = {}) {
    broker::NewTopic wanted{.name = name, .num_partitions = partitions};
    for (auto& [key, value] : configs) wanted.configs.emplace_back(key, value);
    const auto decisions = result_of(topics->create(loop, {wanted}, false));
    ASSERT(decisions && !decisions->front().refused(), "the topic is created");
    return *topic(name);
  }
  /// The values of all records of a partition that readers may see.
  std::vector<std::string> values(const std::string& name, std::int32_t index = 0) {
    return values_of(*topic(name)->partition(index)->view());
  }

  /// What broker/app.cc does at a clean stop.
  base::Result<> stop() {
    run_until([&] { return loop.posted() == 0 && pool.posted() == 0; });
    committer.stop();
    loop.run_ready();
    storage::PartitionOffsets ends;
    for (const auto& partition : topics->all_partitions()) {
      TRY(partition->log().close());
      ends[partition->id()] = partition->log().end_offset();
    }
    TRY(directory->write_recovery_points(ends));
    return directory->write_clean_marker(ends);
  }

  storage::FileSystem& files() { return files_; }

  ManualLoop loop;
  ManualPool pool;
  broker::Gate segments{loop};
  config::BrokerConfig config;
  std::string client_id = "test";
  broker::ConnectionInfo info;
  std::vector<std::string> said;  // Lines for the operator.
  bool may_append = true;
  int broken_logs = 0;
  int full_disks = 0;
  std::vector<std::string> leftovers;
  std::vector<std::string> troubles;  // Said of files, by their fixed texts.
  std::atomic<int> failed_syncs{0};

 private:
  /// Runs jobs inside post(): start-up waits for its workers.
  class InlinePool final : public broker::WorkerPool {
   public:
    void post(broker::Job job) override { job(); }
  };

  broker::PartitionServices partition_services() {
    return {.workers = pool,
            .committer = committer,
            .may_append = [this] { return may_append; },
            .on_broken_log = [this](const base::Error&) { ++broken_logs; },
            .on_disk_full = [this] { ++full_disks; },
            .on_leftover = [this](const base::Error& error) { leftovers.push_back(error.detail); },
            .on_trouble = [this](std::string_view what,
                                 const base::Error&) { troubles.emplace_back(what); }};
  }

  void start() {
    static std::uint64_t lives = 0;  // No two starts give topics the same ids.
    auto opened = broker::open_data(files_, config, at_once_, loop.clock(),
                                    [this](const std::string& line) { said.push_back(line); });
    if (!opened) {
      refused_ = opened.error();
      return;
    }
    directory = std::move(opened->directory);
    deletions = std::move(opened->deletions);
    recovery_points = std::move(opened->recovery_points);
    auto for_itself = partition_services();
    for_itself.may_append = [] { return true; };
    auto metadata = std::make_shared<broker::Partition>(storage::kMetadataPartition, loop,
                                                        std::move(opened->metadata_log),
                                                        broker::metadata_log_config(), for_itself);
    topics = std::make_unique<broker::TopicStore>(
        broker::TopicStoreServices{.files = files_,
                                   .directory = *directory,
                                   .loops = {&loop},
                                   .workers = pool,
                                   .config = config,
                                   .partition = partition_services(),
                                   .internal_partition = for_itself},
        std::make_unique<broker::MetadataLog>(std::move(metadata)), std::move(opened->catalog),
        ++lives);
    for (auto& [id, log] : opened->logs) topics->adopt(id.topic_id, id.partition, std::move(log));
    topics->publish();
    groups = std::make_unique<broker::GroupCoordinator>(
        config, *topics, pool, lives, [this](const std::string& line) { said.push_back(line); });
    groups->start();
    starts = std::make_unique<broker::LogStarts>(
        broker::LogStarts::Services{
            .files = files_,
            .directory = *directory,
            .topics = *topics,
            .workers = pool,
            .home = loop,
            .segments = segments,
            .on_failure = [this](const base::Error&) { ++broken_logs; },
            .on_leftover = [this](const base::Error& error) { leftovers.push_back(error.detail); }},
        std::move(opened->start_offsets));
    services = std::make_unique<broker::Services>(config, *topics, *groups, *starts, pool);
    dispatcher = std::make_unique<broker::Dispatcher>(*services);
    for (const auto& path : deletions)
      pool.post([this, path] { static_cast<void>(directory->finish_delete(path)); });
  }

  storage::FileSystem& files_;
  InlinePool at_once_;
  std::optional<base::Error> refused_;

 public:
  broker::Committer committer;
  std::unique_ptr<storage::DataDirectory> directory;
  std::vector<storage::Path> deletions;
  storage::PartitionOffsets recovery_points;
  std::unique_ptr<broker::TopicStore> topics;
  std::unique_ptr<broker::GroupCoordinator> groups;
  std::unique_ptr<broker::LogStarts> starts;
  std::unique_ptr<broker::Services> services;
  std::unique_ptr<broker::Dispatcher> dispatcher;

 private:
  std::shared_ptr<const broker::TopicsImage> image_;  // Keeps what topic() returned.
};

}  // namespace test_support
