#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/handlers/dispatcher.h"
#include "broker/runtime/asio_loop.h"
#include "broker/runtime/worker_pool.h"
#include "broker/startup.h"
#include "broker/topics/topic_store.h"
#include "protocol/messages/create_topics.h"
#include "protocol/messages/delete_records.h"
#include "protocol/messages/delete_topics.h"
#include "protocol/messages/fetch.h"
#include "protocol/messages/list_offsets.h"
#include "protocol/messages/produce.h"
#include "tests/support/requests.h"
#include "tests/support/sim_file_system.h"

using broker::Task;
using protocol::CreateTopicsRequest;
using protocol::DeleteRecordsRequest;
using protocol::DeleteTopicsRequest;
using protocol::ErrorCode;
using protocol::FetchRequest;
using protocol::FetchResponse;
using protocol::ListOffsetsRequest;
using protocol::ProduceRequest;

namespace {

constexpr int kPartitions = 4;
constexpr protocol::ApiVersion kByName = 12;
/// Half of what a fetch here would wait.
constexpr std::chrono::seconds kPatience{30};

/// A broker with real loops, workers and a committer, over a disk in memory.
class Bench {
 public:
  explicit Bench(std::size_t threads) : loops_(threads, clock_) {
    config_.data_dir = "/data";
    auto opened = broker::open_data(files_, config_, workers_, clock_, [](const std::string&) {});
    REQUIRE(opened);
    directory_ = std::move(opened->directory);
    auto metadata = std::make_shared<broker::Partition>(
        storage::kMetadataPartition, loops_.loop(0), std::move(opened->metadata_log),
        broker::metadata_log_config(), partition_services());
    broker::TopicStoreServices services{.files = files_,
                                        .directory = *directory_,
                                        .loops = {},
                                        .workers = workers_,
                                        .config = config_,
                                        .partition = partition_services(),
                                        .internal_partition = partition_services()};
    for (std::size_t i = 0; i < threads; ++i) services.loops.push_back(&loops_.loop(i));
    topics_ = std::make_unique<broker::TopicStore>(
        std::move(services), std::make_unique<broker::MetadataLog>(std::move(metadata)),
        std::move(opened->catalog), 1);
    topics_->publish();
    groups_ = std::make_unique<broker::GroupCoordinator>(config_, *topics_, workers_, 1,
                                                         [](const std::string&) {});
    const auto ignore = [](const base::Error&) {};
    starts_ =
        std::make_unique<broker::LogStarts>(broker::LogStarts::Services{.files = files_,
                                                                        .directory = *directory_,
                                                                        .topics = *topics_,
                                                                        .workers = workers_,
                                                                        .home = loops_.loop(0),
                                                                        .segments = segments_,
                                                                        .on_failure = ignore,
                                                                        .on_leftover = ignore},
                                            std::move(opened->start_offsets));
    services_ = std::make_unique<broker::Services>(config_, *topics_, *groups_, *starts_, workers_);
    dispatcher_ = std::make_unique<broker::Dispatcher>(*services_);
    loops_.start();
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  ~Bench() {
    loops_.stop();
    loops_.join();
    committer_.stop();
    workers_.stop();
  }

  broker::LoopGroup& loops() { return loops_; }
  int failures() const { return failures_; }

  /// One request on a connection; the answer comes on the connection's loop.
  template <class Request>
  Task<typename Request::Response> ask(broker::ConnectionInfo& connection, Request request,
                                       protocol::ApiVersion version) {
    auto frame = test_support::shared(test_support::frame_of(std::move(request), version));
    const auto answer = co_await dispatcher_->handle(connection, std::move(frame));
    ASSERT(connection.loop->on_this_thread(), "a request ends on the loop of its connection");
    co_return test_support::decoded<Request>(answer, version);
  }

 private:
  broker::PartitionServices partition_services() {
    const auto failed = [this](const base::Error&) { ++failures_; };
    return {.workers = workers_,
            .committer = committer_,
            .may_append = [] { return true; },
            .on_broken_log = failed,
            .on_disk_full = [this] { ++failures_; },
            .on_leftover = failed,
            .on_trouble = [this](std::string_view, const base::Error&) { ++failures_; }};
  }

  const base::SystemClock clock_;
  test::SimFileSystem files_;
  config::BrokerConfig config_;
  std::atomic<int> failures_{0};
  broker::ThreadPool workers_{2};
  broker::Committer committer_{files_, [this](const base::Error&) { ++failures_; }};
  std::unique_ptr<storage::DataDirectory> directory_;
  broker::LoopGroup loops_;
  std::unique_ptr<broker::TopicStore> topics_;
  std::unique_ptr<broker::GroupCoordinator> groups_;
  broker::Gate segments_{loops_.loop(0)};
  std::unique_ptr<broker::LogStarts> starts_;
  std::unique_ptr<broker::Services> services_;
  std::unique_ptr<broker::Dispatcher> dispatcher_;
};

CreateTopicsRequest creation(const std::string& name) {
  CreateTopicsRequest request;
  auto& topic = request.topics.emplace_back();
  topic.name = name;
  topic.num_partitions = kPartitions;
  topic.replication_factor = 1;
  return request;
}

DeleteTopicsRequest deletion(const std::string& name) {
  DeleteTopicsRequest request;
  request.topics.emplace_back().name = name;
  return request;
}

/// A batch for every partition; every other one is compressed and prepared on a worker.
ProduceRequest produce(const std::string& topic, const std::string& value) {
  ProduceRequest request;
  request.acks = -1;
  auto& data = request.topic_data.emplace_back();
  data.name = topic;
  for (std::int32_t index = 0; index < kPartitions; ++index) {
    auto& partition = data.partition_data.emplace_back();
    partition.index = index;
    partition.records = test_support::batch_of(
        index % 2 == 0 ? test_support::Wish{.name = value}
                       : test_support::Wish{.name = value + test_support::noise(20'000),
                                            .codec = record::Codec::lz4});
  }
  return request;
}

FetchRequest fetch(const std::string& topic, std::int32_t min_bytes, std::int32_t max_wait_ms) {
  FetchRequest request;
  request.replica_id = -1;
  request.max_wait_ms = max_wait_ms;
  request.min_bytes = min_bytes;
  request.max_bytes = 50 << 20;
  request.session_epoch = -1;
  auto& wanted = request.topics.emplace_back();
  wanted.topic = topic;
  for (std::int32_t index = 0; index < kPartitions; ++index) {
    auto& partition = wanted.partitions.emplace_back();
    partition.partition = index;
    partition.partition_max_bytes = 10 << 20;
  }
  return request;
}

/// How many rounds of produce() are in it, the least of all partitions; nothing if one holds other
/// records than these or in another order.
std::optional<int> rounds_in(const FetchResponse& response) {
  std::optional<int> least;
  for (const auto& partition : response.responses.at(0).partitions) {
    int rounds = 0;
    for (const auto& value : test_support::values_of(partition.records->view))
      if (std::stoi(value) != rounds++) return std::nullopt;  // Noise and its number follow.
    least = std::min(least.value_or(rounds), rounds);
  }
  return least;
}

std::int32_t bytes_of(const ProduceRequest& request) {
  std::size_t bytes = 0;
  for (const auto& partition : request.topic_data[0].partition_data)
    bytes += partition.records->view.size();
  return static_cast<std::int32_t>(bytes);
}

/// Waits for what the other connection produces, says when it has seen `rounds` of it, and waits
/// for more until the topic is deleted under it. True if it saw what was produced, and was told so.
Task<bool> read_along(Bench& bench, broker::ConnectionInfo& connection, std::string topic,
                      int rounds, std::promise<void>& seen) {
  bool good = true;
  int most = 0;
  std::int32_t min_bytes = 1;
  for (;;) {
    auto request = fetch(topic, min_bytes, 60'000);
    const auto response = co_await bench.ask(connection, std::move(request), kByName);
    const auto error = response.responses[0].partitions[0].error_code;
    if (error != ErrorCode::none) {
      // That its topic goes must be told soon, and not before it has gone.
      co_return good&& most == rounds&& error == ErrorCode::unknown_topic_or_partition;
    }
    const auto found = rounds_in(response);
    // What was seen once stays; an answer holds whatever a wait was for.
    good = good && found && *found >= most && *found <= rounds;
    if (found && most < rounds && *found == rounds) seen.set_value();
    most = std::max(most, found.value_or(0));
    min_bytes = 0;
    for (const auto& partition : response.responses[0].partitions)
      min_bytes += static_cast<std::int32_t>(partition.records->view.size());
    ++min_bytes;  // Something more than this time.
  }
}

/// Creates a topic, fills it, reads it and searches it. True if all went well.
Task<bool> live(Bench& bench, broker::ConnectionInfo& connection, std::string topic, int rounds,
                std::promise<void>& created) {
  auto create = creation(topic);
  const auto made = co_await bench.ask(connection, std::move(create), 7);
  bool good = made.topics[0].error_code == ErrorCode::none;
  created.set_value();
  std::int32_t bytes = 0;
  for (int round = 0; round < rounds; ++round) {
    auto batches = produce(topic, std::to_string(round));
    bytes += bytes_of(batches);
    const auto produced = co_await bench.ask(connection, std::move(batches), 9);
    for (const auto& partition : produced.responses[0].partition_responses)
      good = good && partition.error_code == ErrorCode::none && partition.base_offset == round;
  }
  auto whole = fetch(topic, bytes, 60'000);
  const auto fetched = co_await bench.ask(connection, std::move(whole), kByName);
  good = good && rounds_in(fetched) == rounds;
  ListOffsetsRequest search;
  auto& wanted = search.topics.emplace_back();
  wanted.name = topic;
  wanted.partitions.emplace_back().timestamp = test_support::kNow;
  const auto found = co_await bench.ask(connection, std::move(search), 7);
  co_return good&& found.topics[0].partitions[0].offset == 0;
}

/// Moves the beginning of each partition nowhere, which wakes those who read, and deletes the
/// topic. True if all went well.
Task<bool> remove(Bench& bench, broker::ConnectionInfo& connection, std::string topic) {
  DeleteRecordsRequest begin;
  auto& wanted = begin.topics.emplace_back();
  wanted.name = topic;
  for (std::int32_t index = 0; index < kPartitions; ++index)
    wanted.partitions.push_back({index, 0});
  const auto begun = co_await bench.ask(connection, std::move(begin), 2);
  bool good = begun.topics[0].partitions.size() == kPartitions;
  for (const auto& partition : begun.topics[0].partitions)
    good = good && partition.error_code == ErrorCode::none && partition.low_watermark == 0;
  auto remove = deletion(topic);
  const auto removed = co_await bench.ask(connection, std::move(remove), 6);
  co_return good&& removed.responses[0].error_code == ErrorCode::none;
}

/// A connection that lives on one of the loops.
broker::ConnectionInfo connection_on(Bench& bench, std::size_t loop) {
  broker::ConnectionInfo info;
  info.loop = &bench.loops().loop(loop % bench.loops().size());
  return info;
}

/// Runs it on the loop of its connection.
std::future<bool> run(const broker::ConnectionInfo& connection,
                      std::function<Task<bool>()> make_task) {
  const auto outcome = std::make_shared<std::promise<bool>>();
  connection.loop->post([outcome, make_task = std::move(make_task)] {
    broker::start(make_task(), [outcome](bool good) { outcome->set_value(good); });
  });
  return outcome->get_future();
}

/// A client that writes, and one that reads along on another loop.
struct Pair {
  Pair(Bench& bench, std::size_t number)
      : topic("topic-" + std::to_string(number)),
        writer(connection_on(bench, number)),
        reader(connection_on(bench, number + 1)) {}

  std::string topic;
  broker::ConnectionInfo writer;
  broker::ConnectionInfo reader;
  std::promise<void> created;
  std::promise<void> seen;  // By the reader: all.
  std::future<bool> lived;
  std::future<bool> read;
};

void run_clients(std::size_t threads, std::size_t clients, int rounds) {
  Bench bench(threads);
  std::vector<std::unique_ptr<Pair>> pairs;
  for (std::size_t i = 0; i < clients; ++i) {
    auto& pair = *pairs.emplace_back(std::make_unique<Pair>(bench, i));
    pair.lived = run(pair.writer, [&bench, &pair, rounds] {
      return live(bench, pair.writer, pair.topic, rounds, pair.created);
    });
    pair.created.get_future().wait();
    pair.read = run(pair.reader, [&bench, &pair, rounds] {
      return read_along(bench, pair.reader, pair.topic, rounds, pair.seen);
    });
  }
  // Each topic goes when its reader waits for more than there will ever be.
  std::vector<std::future<bool>> removed;
  for (const auto& pair : pairs) {
    CHECK(pair->lived.get());
    REQUIRE(pair->seen.get_future().wait_for(kPatience) == std::future_status::ready);
    removed.push_back(run(
        pair->writer, [&bench, &pair = *pair] { return remove(bench, pair.writer, pair.topic); }));
  }
  for (auto& gone : removed) CHECK(gone.get());
  for (const auto& pair : pairs) {
    REQUIRE(pair->read.wait_for(kPatience) == std::future_status::ready);
    CHECK(pair->read.get());
  }
  CHECK(bench.failures() == 0);
}

}  // namespace

TEST_CASE("clients on several loops create, fill, read and delete topics side by side", "[loops]") {
  run_clients(1, 4, 10);
  run_clients(2, 6, 10);
  run_clients(3, 6, 10);
}
