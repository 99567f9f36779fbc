#include "protocol/messages/metadata.h"

#include <catch2/catch.hpp>
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

#include "protocol/messages/describe_cluster.h"
#include "protocol/messages/find_coordinator.h"
#include "tests/support/broker_bench.h"

using protocol::DescribeClusterRequest;
using protocol::ErrorCode;
using protocol::FindCoordinatorRequest;
using protocol::MetadataRequest;
using protocol::MetadataResponse;
using test::SimFileSystem;
using test_support::BrokerBench;

namespace {

constexpr auto kNotAsked = std::numeric_limits<std::int32_t>::min();

MetadataRequest about(const std::vector<std::string>& names, bool may_create = false) {
  MetadataRequest request;
  request.topics.emplace();
  for (const auto& name : names) request.topics->emplace_back().name = name;
  request.allow_auto_topic_creation = may_create;
  return request;
}

MetadataRequest about(const base::Uuid& id) {
  MetadataRequest request;
  request.topics.emplace();
  request.topics->emplace_back().topic_id = id;
  return request;
}

std::vector<std::string> names(const MetadataResponse& response) {
  std::vector<std::string> all;
  all.reserve(response.topics.size());
  for (const auto& topic : response.topics) all.push_back(topic.name.value_or("null"));
  return all;
}

}  // namespace

TEST_CASE("Metadata says where the broker and its topics are, in every version", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto id = bench.make_topic("orders", 3).id;
  for (protocol::ApiVersion version = 0; version <= 13; ++version) {
    CAPTURE(version);
    const auto response = bench.ask(about({"orders"}), version);
    CHECK(response.error_code == ErrorCode::none);
    REQUIRE(response.brokers.size() == 1);
    CHECK(response.brokers[0].node_id == 1);
    CHECK(response.brokers[0].host == "localhost");
    CHECK(response.brokers[0].port == 9092);
    CHECK_FALSE(response.brokers[0].rack);
    if (version >= 1) CHECK(response.controller_id == 1);
    if (version >= 2) CHECK(response.cluster_id == bench.topics->cluster_id());
    CHECK(response.cluster_authorized_operations == kNotAsked);
    REQUIRE(response.topics.size() == 1);
    const auto& topic = response.topics[0];
    CHECK(topic.error_code == ErrorCode::none);
    CHECK(topic.name == "orders");
    CHECK(topic.topic_id == (version >= 10 ? id : base::Uuid{}));
    CHECK_FALSE(topic.is_internal);
    CHECK(topic.topic_authorized_operations == kNotAsked);
    REQUIRE(topic.partitions.size() == 3);
    for (std::int32_t index = 0; index < 3; ++index) {
      const auto& partition = topic.partitions[static_cast<std::size_t>(index)];
      CHECK(partition.error_code == ErrorCode::none);
      CHECK(partition.partition_index == index);
      CHECK(partition.leader_id == 1);
      CHECK(partition.leader_epoch == (version >= 7 ? 0 : -1));
      CHECK(partition.replica_nodes == std::vector{1});
      CHECK(partition.isr_nodes == std::vector{1});
      CHECK(partition.offline_replicas.empty());
    }
  }
}

TEST_CASE("all topics are asked for by null, in v0 by nothing", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("b");
  bench.make_topic("a");
  const std::vector<std::string> all{"a", "b"};
  for (protocol::ApiVersion version = 0; version <= 13; ++version) {
    CAPTURE(version);
    CHECK(names(bench.ask(about(std::vector<std::string>{}), version)) ==
          (version == 0 ? all : std::vector<std::string>{}));
    if (version == 0) continue;
    CHECK(names(bench.ask(MetadataRequest{}, version)) == all);
  }
}

TEST_CASE("topics that are not there carry an error", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("orders");
  for (const auto version : std::initializer_list<protocol::ApiVersion>{4, 9, 13}) {
    CAPTURE(version);
    const auto response = bench.ask(about({"nothing", "a b", "orders", ""}), version);
    REQUIRE(response.topics.size() == 4);
    CHECK(response.topics[0].error_code == ErrorCode::unknown_topic_or_partition);
    CHECK(response.topics[0].name == "nothing");
    CHECK(response.topics[0].partitions.empty());
    CHECK(response.topics[1].error_code == ErrorCode::invalid_topic_exception);
    CHECK(response.topics[2].error_code == ErrorCode::none);
    CHECK(response.topics[3].error_code == ErrorCode::invalid_topic_exception);
  }
  CHECK(bench.topic("nothing") == nullptr);
}

TEST_CASE("since v12 topics are asked for by id too", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto id = bench.make_topic("orders").id;
  base::Random random(77);
  const auto unknown = base::Uuid::make(random);
  for (const auto version : std::initializer_list<protocol::ApiVersion>{12, 13}) {
    CAPTURE(version);
    const auto known = bench.ask(about(id), version);
    REQUIRE(known.topics.size() == 1);
    CHECK(known.topics[0].error_code == ErrorCode::none);
    CHECK(known.topics[0].name == "orders");
    CHECK(known.topics[0].topic_id == id);
    const auto none = bench.ask(about(unknown), version);
    REQUIRE(none.topics.size() == 1);
    CHECK(none.topics[0].error_code == ErrorCode::unknown_topic_id);
    CHECK_FALSE(none.topics[0].name);
    CHECK(none.topics[0].topic_id == unknown);
  }
  // The field is there in v10, its meaning is not.
  for (const auto version : std::initializer_list<protocol::ApiVersion>{10, 11}) {
    CAPTURE(version);
    const auto response = bench.ask(about(id), version);
    REQUIRE(response.topics.size() == 1);
    CHECK(response.topics[0].error_code == ErrorCode::invalid_request);
    auto both = about({"orders"});
    both.topics->front().topic_id = id;
    CHECK(bench.ask(both, version).topics[0].error_code == ErrorCode::invalid_request);
  }
}

TEST_CASE("a missing topic is created when client and broker allow it", "[handlers]") {
  SimFileSystem disk;
  auto config = BrokerBench::usual_config();
  config.num_partitions = 4;
  BrokerBench bench(disk, config);
  CHECK(bench.ask(about({"no"}, false), 4).topics[0].error_code ==
        ErrorCode::unknown_topic_or_partition);
  const auto created = bench.ask(about({"yes", "yes", "also"}, true), 4);
  CHECK(names(created) == std::vector<std::string>{"yes", "also"});
  for (const auto& topic : created.topics) {
    CHECK(topic.error_code == ErrorCode::none);
    CHECK(topic.partitions.size() == 4);
  }
  // Versions before 4 have no flag and always meant yes.
  CHECK(bench.ask(about({"old"}, false), 3).topics[0].error_code == ErrorCode::none);
  CHECK(bench.ask(about({"v0"}, false), 0).topics[0].error_code == ErrorCode::none);
  CHECK(bench.topic("no") == nullptr);

  bench.config.auto_create_topics_enable = false;
  CHECK(bench.ask(about({"off"}, true), 4).topics[0].error_code ==
        ErrorCode::unknown_topic_or_partition);
}

TEST_CASE("a topic is described once, however often it is named", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto id = bench.make_topic("orders", 100).id;
  const auto other = bench.make_topic("other").id;
  CHECK(names(bench.ask(about({"orders", "no", "orders", "other", "no", "orders"}), 9)) ==
        std::vector<std::string>{"orders", "no", "other"});
  const std::vector<std::string> many(100'000, "orders");
  CHECK(names(bench.ask(about(many), 0)) == std::vector<std::string>{"orders"});

  MetadataRequest by_id;
  by_id.topics.emplace();
  for (const auto& wanted : {id, other, id, id}) by_id.topics->emplace_back().topic_id = wanted;
  by_id.topics->back().name = "a name does not count beside an id";
  CHECK(names(bench.ask(by_id, 13)) == std::vector<std::string>{"orders", "other"});
}

TEST_CASE("what may not be created is not, and the answer says why it is not there", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("a.b");
  const auto response =
      bench.ask(about({"x y", "a_b", "__consumer_offsets", "__cluster_metadata", "good"}, true), 9);
  REQUIRE(response.topics.size() == 5);
  CHECK(response.topics[0].error_code == ErrorCode::invalid_topic_exception);
  CHECK(response.topics[1].error_code == ErrorCode::unknown_topic_or_partition);
  CHECK(response.topics[2].error_code == ErrorCode::unknown_topic_or_partition);
  CHECK(response.topics[3].error_code == ErrorCode::unknown_topic_or_partition);
  CHECK(response.topics[4].error_code == ErrorCode::none);
  CHECK(bench.topics->image()->by_name.size() == 2);
}

TEST_CASE("asking for all topics or by id creates none", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  base::Random random(77);
  auto request = about(base::Uuid::make(random));
  request.allow_auto_topic_creation = true;
  bench.ask(request, 13);
  bench.ask(MetadataRequest{}, 13);
  CHECK(bench.topics->image()->by_name.empty());
}

TEST_CASE("a client is sent back to the address it came in on", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.info.advertised_host = "broker.example";
  bench.info.advertised_port = 19092;
  const auto metadata = bench.ask(MetadataRequest{}, 13);
  CHECK(metadata.brokers[0].host == "broker.example");
  CHECK(metadata.brokers[0].port == 19092);
  const auto cluster = bench.ask(DescribeClusterRequest{}, 2);
  CHECK(cluster.brokers[0].host == "broker.example");
  CHECK(cluster.brokers[0].port == 19092);
  const auto coordinator = bench.ask(FindCoordinatorRequest{}, 0);
  CHECK(coordinator.host == "broker.example");
  CHECK(coordinator.port == 19092);
}

TEST_CASE("DescribeCluster describes one broker that is its own controller", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  for (protocol::ApiVersion version = 0; version <= 2; ++version) {
    CAPTURE(version);
    const auto response = bench.ask(DescribeClusterRequest{}, version);
    CHECK(response.error_code == ErrorCode::none);
    CHECK(response.cluster_id == bench.topics->cluster_id());
    CHECK(response.controller_id == 1);
    REQUIRE(response.brokers.size() == 1);
    CHECK(response.brokers[0].broker_id == 1);
    CHECK_FALSE(response.brokers[0].is_fenced);
    CHECK(response.cluster_authorized_operations == kNotAsked);
  }
  DescribeClusterRequest request;
  request.endpoint_type = 2;
  CHECK(bench.ask(request, 1).error_code == ErrorCode::mismatched_endpoint_type);
  request.endpoint_type = 3;
  CHECK(bench.ask(request, 1).error_code == ErrorCode::unsupported_endpoint_type);
}

TEST_CASE("FindCoordinator names this broker for every group", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  for (protocol::ApiVersion version = 0; version <= 6; ++version) {
    CAPTURE(version);
    FindCoordinatorRequest request;
    if (version < 4)
      request.key = "group";
    else
      request.coordinator_keys = {"group", "", "other"};
    const auto response = bench.ask(request, version);
    if (version < 4) {
      CHECK(response.error_code == ErrorCode::none);
      CHECK(response.node_id == 1);
      CHECK(response.host == "localhost");
      CHECK(response.port == 9092);
      continue;
    }
    REQUIRE(response.coordinators.size() == 3);
    CHECK(response.coordinators[2].key == "other");
    for (const auto& coordinator : response.coordinators) {
      CHECK(coordinator.error_code == ErrorCode::none);
      CHECK(coordinator.node_id == 1);
      CHECK(coordinator.port == 9092);
    }
  }
}

TEST_CASE("FindCoordinator answers a key once, however often it is named", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  FindCoordinatorRequest request;
  request.coordinator_keys = {"a", "b", "a", "", "b", ""};
  const auto response = bench.ask(request, 6);
  REQUIRE(response.coordinators.size() == 3);
  CHECK(response.coordinators[0].key == "a");
  CHECK(response.coordinators[1].key == "b");
  CHECK(response.coordinators[2].key.empty());
}

TEST_CASE("FindCoordinator refuses transactions at once and unknown types always", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  for (const auto version : std::initializer_list<protocol::ApiVersion>{1, 2, 3, 4, 5, 6}) {
    CAPTURE(version);
    const auto error_of = [&](std::int8_t type) {
      FindCoordinatorRequest request;
      request.key_type = type;
      if (version < 4)
        request.key = "t";
      else
        request.coordinator_keys = {"t"};
      const auto response = bench.ask(request, version);
      if (version < 4) {
        CHECK(response.node_id == -1);
        return response.error_code;
      }
      REQUIRE(response.coordinators.size() == 1);
      CHECK(response.coordinators[0].node_id == -1);
      CHECK(response.coordinators[0].key == "t");
      return response.coordinators[0].error_code;
    };
    CHECK(error_of(1) == ErrorCode::unsupported_version);
    CHECK(error_of(2) == ErrorCode::invalid_request);
    CHECK(error_of(9) == ErrorCode::invalid_request);
    CHECK(error_of(-1) == ErrorCode::invalid_request);
  }
}
