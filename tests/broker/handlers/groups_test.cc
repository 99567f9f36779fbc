#include <catch2/catch.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/messages/delete_groups.h"
#include "protocol/messages/describe_groups.h"
#include "protocol/messages/find_coordinator.h"
#include "protocol/messages/offset_commit.h"
#include "protocol/messages/offset_fetch.h"
#include "tests/support/broker_bench.h"

using protocol::DeleteGroupsRequest;
using protocol::DescribeGroupsRequest;
using protocol::ErrorCode;
using protocol::FindCoordinatorRequest;
using protocol::OffsetCommitRequest;
using protocol::OffsetFetchRequest;
using protocol::OffsetFetchResponse;
using test::SimFileSystem;
using test_support::BrokerBench;

namespace {

using Indexes = std::vector<std::int32_t>;

/// A broker with topics "t" and "u", of which group "g" has committed some.
struct Bench {
  Bench() {
    broker.make_topic("t", 4);
    broker.make_topic("u", 4);
    FindCoordinatorRequest first;  // Makes the topic that groups are kept in.
    first.key = "g";
    CHECK(broker.ask(first, 0).error_code == ErrorCode::none);
    OffsetCommitRequest commit;
    commit.group_id = "g";
    for (const auto* name : {"t", "u"}) {
      auto& topic = commit.topics.emplace_back();
      topic.name = name;
      for (std::int32_t index = 0; index < 3; ++index) {
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = index;
        partition.committed_offset = 10 + index;
        partition.committed_metadata = std::string(4000, 'm');
      }
    }
    // Until its groups are loaded the topic answers nobody.
    while (broker.pool.run_one() || broker.loop.posted() > 0) broker.loop.run_ready();
    const auto committed = broker.ask(commit, 8);
    REQUIRE(committed.topics.size() == 2);
    CHECK(committed.topics[0].partitions[0].error_code == ErrorCode::none);
  }

  SimFileSystem files;
  BrokerBench broker{files};
};

OffsetFetchRequest::Topic topic(const std::string& name, Indexes indexes) {
  OffsetFetchRequest::Topic topic;
  topic.name = name;
  topic.partition_indexes = std::move(indexes);
  return topic;
}

Indexes indexes_of(const OffsetFetchResponse::Topic& topic) {
  Indexes indexes;
  for (const auto& partition : topic.partitions) {
    indexes.push_back(partition.partition_index);
    CHECK(partition.error_code == ErrorCode::none);
    CHECK(partition.committed_offset ==
          (partition.partition_index < 3 ? 10 + partition.partition_index : -1));
  }
  return indexes;
}

}  // namespace

TEST_CASE("a group is described once, however often it is named", "[handlers]") {
  Bench bench;
  DescribeGroupsRequest request;
  request.groups = {"g", "none", "g", "g", "none"};
  const auto response = bench.broker.ask(request, 6);
  REQUIRE(response.groups.size() == 2);
  CHECK(response.groups[0].group_id == "g");
  CHECK(response.groups[0].error_code == ErrorCode::none);
  CHECK(response.groups[1].group_id == "none");
}

TEST_CASE("an offset is fetched once, however often it is asked for", "[handlers]") {
  Bench bench;
  OffsetFetchRequest request;
  request.group_id = "g";
  const Indexes many(100'000, 1);
  request.topics = {topic("t", many), topic("u", {2, 0}), topic("t", {3, 1, 0})};
  const auto response = bench.broker.ask(request, 7);
  REQUIRE(response.topics.size() == 2);
  CHECK(response.topics[0].name == "t");
  CHECK(indexes_of(response.topics[0]) == Indexes{0, 1, 3});
  CHECK(response.topics[1].name == "u");
  CHECK(indexes_of(response.topics[1]) == Indexes{2, 0});  // In the order asked for.
}

TEST_CASE("what is asked of one group is answered together", "[handlers]") {
  Bench bench;
  OffsetFetchRequest request;
  const auto want = [&request](const std::string& group,
                               std::optional<std::vector<OffsetFetchRequest::Topic>> topics) {
    auto& wanted = request.groups.emplace_back();
    wanted.group_id = group;
    wanted.topics = std::move(topics);
  };
  using Topics = std::vector<OffsetFetchRequest::Topic>;
  want("g", Topics{topic("t", {1})});
  want("none", std::nullopt);
  want("g", Topics{topic("u", {0}), topic("t", {1, 2})});
  const auto some = bench.broker.ask(request, 8);
  REQUIRE(some.groups.size() == 2);
  CHECK(some.groups[0].group_id == "g");
  REQUIRE(some.groups[0].topics.size() == 2);
  CHECK(indexes_of(some.groups[0].topics[0]) == Indexes{1, 2});
  CHECK(indexes_of(some.groups[0].topics[1]) == Indexes{0});
  CHECK(some.groups[1].group_id == "none");

  want("g", std::nullopt);  // All it has, then, and no less by what comes behind.
  want("g", Topics{topic("t", {1})});
  for (const auto version : std::initializer_list<protocol::ApiVersion>{8, 10}) {
    CAPTURE(version);
    if (version == 10) {
      for (auto& group : request.groups)
        if (group.topics) group.topics->clear();
    }
    const auto all = bench.broker.ask(request, version);
    REQUIRE(all.groups.size() == 2);
    REQUIRE(all.groups[0].topics.size() == 2);
    CHECK(indexes_of(all.groups[0].topics[0]) == Indexes{0, 1, 2});
    CHECK(indexes_of(all.groups[0].topics[1]) == Indexes{0, 1, 2});
  }
}

TEST_CASE("others have the loop while very many groups are asked for", "[handlers]") {
  Bench bench;
  constexpr int kNames = 1000;
  std::vector<std::string> names;
  names.reserve(kNames);
  for (int i = 0; i < kNames; ++i) names.push_back("nobody-" + std::to_string(i));
  DescribeGroupsRequest describe;
  describe.groups = names;
  OffsetFetchRequest fetch;
  for (const auto& name : names) fetch.groups.push_back({.group_id = name});
  DeleteGroupsRequest remove;
  remove.groups_names = names;
  const auto turns_of = [&bench](auto request, protocol::ApiVersion version) {
    const test_support::Started<broker::Answer> asked(
        bench.broker.begin(std::move(request), version));
    int turns = 0;
    for (; !asked.done(); ++turns) REQUIRE(bench.broker.loop.run_one());
    return turns;
  };
  CHECK(turns_of(describe, 6) >= 10);
  CHECK(turns_of(fetch, 8) >= 10);
  CHECK(turns_of(remove, 2) >= 10);
}
