#pragma once

#include <string>
#include <vector>

#include "protocol/messages/fetch.h"
#include "tests/support/broker_bench.h"
#include "tests/support/held_syncs.h"

namespace test_support {

inline constexpr protocol::ApiVersion kNewestFetch = 18;

/// Appends a batch to partition `index` and waits until it is acknowledged.
inline void produce(BrokerBench& bench, const std::string& topic, const Wish& wish,
                    std::int32_t index = 0) {
  bool answered = false;
  bench.topic(topic)->partition(index)->produce(
      batch_of(wish), broker::AckWhen::committed, [&](const broker::ProduceOutcome& outcome) {
        ASSERT(outcome.error == protocol::ErrorCode::none, "a good batch is taken");
        answered = true;
      });
  ASSERT(bench.run_until([&] { return answered; }), "a produce is answered");
}

/// A fetch of one partition.
struct FetchWish {
  std::int32_t partition = 0;
  base::Offset offset = 0;
  std::int32_t partition_max_bytes = 1 << 20;
  std::int32_t current_leader_epoch = -1;
  std::int32_t last_fetched_epoch = -1;
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
};

inline void add_partition(protocol::FetchRequest& request, const broker::Topic& topic,
                          const FetchWish& wish) {
  auto& wanted = request.topics.emplace_back();
  wanted.topic = topic.name;
  wanted.topic_id = topic.id;
  auto& partition = wanted.partitions.emplace_back();
  partition.partition = wish.partition;
  partition.fetch_offset = wish.offset;
  partition.partition_max_bytes = wish.partition_max_bytes;
  partition.current_leader_epoch = wish.current_leader_epoch;
  partition.last_fetched_epoch = wish.last_fetched_epoch;
}

inline protocol::FetchRequest fetch_of(const broker::Topic& topic, const FetchWish& wish = {}) {
  protocol::FetchRequest request;
  request.replica_id = -1;
  request.max_wait_ms = wish.max_wait_ms;
  request.min_bytes = wish.min_bytes;
  request.max_bytes = 50 << 20;
  request.session_epoch = -1;
  add_partition(request, topic, wish);
  return request;
}

inline protocol::FetchResponse::Partition first(const protocol::FetchResponse& response) {
  ASSERT(response.responses.size() == 1, "one topic was asked for");
  ASSERT(response.responses[0].partitions.size() == 1, "one partition was asked for");
  return response.responses[0].partitions[0];
}

inline std::vector<std::string> fetched_values(const protocol::FetchResponse::Partition& answer) {
  ASSERT(answer.records.has_value(), "clients crash on null");
  return values_of(answer.records->view);
}

/// A topic "t" with two records of epoch 0, the log of which was torn behind them: epoch 1.
inline base::Uuid make_epochs(test::SimFileSystem& disk) {
  base::Uuid id;
  {
    BrokerBench bench(disk);
    id = bench.make_topic("t").id;
    produce(bench, "t", {.name = "old", .records = 2});
    const auto half = batch_bytes({.name = "half"});
    const auto path = bench.directory->path_of({id, 0}) / "00000000000000000000.log";
    const auto file = disk.open(path, storage::OpenMode::read_write).value();
    const auto end = bench.topic("t")->partition(0)->log().size_bytes();
    const auto written = file->write_at(end, base::BytesView(half).first(half.size() - 1));
    ASSERT(written.has_value(), "the disk is well");
  }
  base::Random random(1);
  disk.crash(random, test::SimFileSystem::Loss::nothing);
  const BrokerBench bench(disk);
  ASSERT(!bench.refused(), "the tail is cut");
  return id;
}

}  // namespace test_support
