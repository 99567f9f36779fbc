#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "protocol/messages/create_partitions.h"
#include "protocol/messages/create_topics.h"
#include "protocol/messages/delete_topics.h"
#include "protocol/messages/describe_topic_partitions.h"
#include "tests/support/broker_bench.h"

using protocol::CreatePartitionsRequest;
using protocol::CreateTopicsRequest;
using protocol::DeleteTopicsRequest;
using protocol::DescribeTopicPartitionsRequest;
using protocol::DescribeTopicPartitionsResponse;
using protocol::ErrorCode;
using test::SimFileSystem;
using test_support::BrokerBench;

namespace {

CreateTopicsRequest::Topic topic(const std::string& name, std::int32_t partitions = 1,
                                 std::int16_t replicas = 1) {
  CreateTopicsRequest::Topic wanted;
  wanted.name = name;
  wanted.num_partitions = partitions;
  wanted.replication_factor = replicas;
  return wanted;
}

CreateTopicsRequest creation(std::vector<CreateTopicsRequest::Topic> topics) {
  CreateTopicsRequest request;
  request.topics = std::move(topics);
  return request;
}

DeleteTopicsRequest deletion(const std::string& name) {
  DeleteTopicsRequest request;
  request.topic_names = {name};
  request.topics.emplace_back().name = name;
  return request;
}

DeleteTopicsRequest deletion(const base::Uuid& id) {
  DeleteTopicsRequest request;
  request.topics.emplace_back().topic_id = id;
  return request;
}

CreatePartitionsRequest growth(const std::string& name, std::int32_t count) {
  CreatePartitionsRequest request;
  auto& wanted = request.topics.emplace_back();
  wanted.name = name;
  wanted.count = count;
  return request;
}

DescribeTopicPartitionsRequest description(const std::vector<std::string>& names,
                                           std::int32_t limit = 2000) {
  DescribeTopicPartitionsRequest request;
  for (const auto& name : names) request.topics.emplace_back().name = name;
  request.response_partition_limit = limit;
  return request;
}

/// "name:first-last" for each topic, then "> name:partition" for the cursor.
std::vector<std::string> outline(const DescribeTopicPartitionsResponse& response) {
  std::vector<std::string> lines;
  for (const auto& described : response.topics) {
    auto line = *described.name + ":";
    if (!described.partitions.empty())
      line += fmt::format("{}-{}", described.partitions.front().partition_index,
                          described.partitions.back().partition_index);
    lines.push_back(line);
  }
  if (response.next_cursor)
    lines.push_back(fmt::format("> {}:{}", response.next_cursor->topic_name,
                                response.next_cursor->partition_index));
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("CreateTopics creates in every version", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  for (protocol::ApiVersion version = 0; version <= 7; ++version) {
    CAPTURE(version);
    const auto name = "t" + std::to_string(version);
    auto wanted = topic(name, 2);
    wanted.configs.push_back({.name = "retention.ms", .value = "1000"});
    const auto response = bench.ask(creation({wanted}), version);
    REQUIRE(response.topics.size() == 1);
    const auto& answer = response.topics[0];
    CHECK(answer.name == name);
    CHECK(answer.error_code == ErrorCode::none);
    CHECK_FALSE(answer.error_message);
    const auto* created = bench.topic(name);
    REQUIRE(created != nullptr);
    CHECK(created->partitions.size() == 2);
    if (version >= 7) CHECK(answer.topic_id == created->id);
    if (version < 5) continue;
    CHECK(answer.num_partitions == 2);
    CHECK(answer.replication_factor == 1);
    REQUIRE(answer.configs);
    CHECK(std::ranges::is_sorted(*answer.configs, {}, [](const auto& c) { return c.name; }));
    const auto retention =
        std::ranges::find(*answer.configs, "retention.ms", [](const auto& c) { return c.name; });
    REQUIRE(retention != answer.configs->end());
    CHECK(retention->value == "1000");
    CHECK(retention->config_source == 1);
    CHECK(answer.configs->size() > 20);
  }
}

TEST_CASE("topics of one CreateTopics are created and refused by themselves", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("there");
  auto bad_config = topic("config");
  bad_config.configs.push_back({.name = "retention.ms", .value = std::nullopt});
  const auto response = bench.ask(
      creation({topic("good"), topic("there"), topic("x y"), topic("none", 0), topic("far", 1, 3),
                topic("twice"), bad_config, topic("twice"), topic("also", -1, -1)}),
      7);
  const auto error_of = [&](const std::string& name) {
    const auto found =
        std::ranges::find(response.topics, name, [](const auto& t) { return t.name; });
    REQUIRE(found != response.topics.end());
    CHECK(found->error_message.has_value() == (found->error_code != ErrorCode::none));
    if (found->error_code != ErrorCode::none) {
      CHECK(found->topic_id.is_zero());
      CHECK(found->num_partitions == -1);
    }
    return found->error_code;
  };
  CHECK(response.topics.size() == 8);
  CHECK(error_of("good") == ErrorCode::none);
  CHECK(error_of("there") == ErrorCode::topic_already_exists);
  CHECK(error_of("x y") == ErrorCode::invalid_topic_exception);
  CHECK(error_of("none") == ErrorCode::invalid_partitions);
  CHECK(error_of("far") == ErrorCode::invalid_replication_factor);
  CHECK(error_of("twice") == ErrorCode::invalid_request);
  CHECK(error_of("config") == ErrorCode::invalid_config);
  CHECK(error_of("also") == ErrorCode::none);
  CHECK(bench.topics->image()->by_name.size() == 3);
}

TEST_CASE("a creation that is only validated creates nothing", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  auto request = creation({topic("t"), topic("none", 0)});
  request.validate_only = true;
  const auto response = bench.ask(request, 7);
  CHECK(response.topics[0].error_code == ErrorCode::none);
  CHECK(response.topics[0].num_partitions == 1);
  CHECK(response.topics[1].error_code == ErrorCode::invalid_partitions);
  CHECK(bench.topic("t") == nullptr);
}

TEST_CASE("a topic may be created by assigning its partitions", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  auto wanted = topic("t", -1, -1);
  wanted.assignments.push_back({.partition_index = 0, .broker_ids = {1}});
  wanted.assignments.push_back({.partition_index = 1, .broker_ids = {1}});
  auto far = wanted;
  far.name = "far";
  far.assignments[1].broker_ids = {2};
  const auto response = bench.ask(creation({wanted, far}), 7);
  CHECK(response.topics[0].error_code == ErrorCode::none);
  CHECK(response.topics[0].num_partitions == 2);
  CHECK(response.topics[1].error_code == ErrorCode::invalid_replica_assignment);
}

TEST_CASE("DeleteTopics deletes in every version, by name and by id", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  for (protocol::ApiVersion version = 0; version <= 6; ++version) {
    CAPTURE(version);
    const auto id = bench.make_topic("t").id;
    const auto response = bench.ask(deletion("t"), version);
    REQUIRE(response.responses.size() == 1);
    CHECK(response.responses[0].error_code == ErrorCode::none);
    CHECK(response.responses[0].name == "t");
    if (version >= 6) CHECK(response.responses[0].topic_id == id);
    CHECK(bench.topic("t") == nullptr);
    CHECK(bench.ask(deletion("t"), version).responses[0].error_code ==
          ErrorCode::unknown_topic_or_partition);
  }
  const auto id = bench.make_topic("t").id;
  const auto response = bench.ask(deletion(id), 6);
  CHECK(response.responses[0].error_code == ErrorCode::none);
  CHECK(response.responses[0].name == "t");
  const auto again = bench.ask(deletion(id), 6);
  CHECK(again.responses[0].error_code == ErrorCode::unknown_topic_id);
  CHECK_FALSE(again.responses[0].name);
  CHECK(again.responses[0].error_message == "This server does not host this topic ID.");
}

TEST_CASE("a topic that is named in two ways or twice is not deleted", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto id = bench.make_topic("t").id;
  bench.make_topic("other");
  const auto error_of = [&](const DeleteTopicsRequest& request) {
    return bench.ask(request, 6).responses[0].error_code;
  };
  auto both = deletion("t");
  both.topics[0].topic_id = id;
  CHECK(error_of(both) == ErrorCode::invalid_request);
  DeleteTopicsRequest neither;
  neither.topics.emplace_back();
  CHECK(error_of(neither) == ErrorCode::invalid_request);

  auto twice = deletion("t");
  twice.topics.emplace_back().topic_id = id;
  twice.topics.emplace_back().name = "other";
  const auto response = bench.ask(twice, 6);
  REQUIRE(response.responses.size() == 3);
  CHECK(response.responses[0].error_code == ErrorCode::invalid_request);
  CHECK(response.responses[1].error_code == ErrorCode::invalid_request);
  CHECK(response.responses[2].error_code == ErrorCode::none);
  CHECK(bench.topic("t") != nullptr);
  CHECK(bench.topic("other") == nullptr);
}

TEST_CASE("topics are not deleted where deletion is disabled", "[handlers]") {
  SimFileSystem disk;
  auto config = BrokerBench::usual_config();
  config.delete_topic_enable = false;
  BrokerBench bench(disk, config);
  bench.make_topic("t");
  CHECK(bench.ask(deletion("t"), 6).responses[0].error_code == ErrorCode::topic_deletion_disabled);
  CHECK(bench.ask(deletion("t"), 3).responses[0].error_code == ErrorCode::topic_deletion_disabled);
  CHECK(bench.ask(deletion("t"), 2).responses[0].error_code == ErrorCode::invalid_request);
  CHECK(bench.topic("t") != nullptr);
}

TEST_CASE("CreatePartitions grows a topic, in every version", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("t", 1);
  for (protocol::ApiVersion version = 0; version <= 3; ++version) {
    CAPTURE(version);
    const auto count = version + 2;
    const auto response = bench.ask(growth("t", count), version);
    REQUIRE(response.results.size() == 1);
    CHECK(response.results[0].name == "t");
    CHECK(response.results[0].error_code == ErrorCode::none);
    CHECK_FALSE(response.results[0].error_message);
    CHECK(std::ssize(bench.topic("t")->partitions) == count);
  }
}

TEST_CASE("CreatePartitions refuses as Kafka does, topic by topic", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("t", 3);
  bench.make_topic("u", 1);
  const auto error_of = [&](const CreatePartitionsRequest& request) {
    return bench.ask(request, 3).results[0].error_code;
  };
  CHECK(error_of(growth("nothing", 2)) == ErrorCode::unknown_topic_or_partition);
  CHECK(error_of(growth("t", 3)) == ErrorCode::invalid_partitions);
  CHECK(error_of(growth("t", 2)) == ErrorCode::invalid_partitions);
  auto assigned = growth("t", 5);
  assigned.topics[0].assignments.emplace();
  assigned.topics[0].assignments->push_back({.broker_ids = {1}});
  CHECK(error_of(assigned) == ErrorCode::invalid_replica_assignment);  // Two are needed.
  assigned.topics[0].assignments->push_back({.broker_ids = {9}});
  CHECK(error_of(assigned) == ErrorCode::invalid_replica_assignment);
  assigned.topics[0].assignments->back().broker_ids = {1};
  assigned.validate_only = true;
  CHECK(error_of(assigned) == ErrorCode::none);
  CHECK(bench.topic("t")->partitions.size() == 3);

  auto several = growth("t", 4);
  several.topics.push_back(growth("u", 2).topics[0]);
  several.topics.push_back(growth("t", 5).topics[0]);
  const auto response = bench.ask(several, 3);
  REQUIRE(response.results.size() == 2);
  CHECK(response.results[0].error_code == ErrorCode::invalid_request);  // Named twice.
  CHECK(response.results[1].error_code == ErrorCode::none);
  CHECK(bench.topic("t")->partitions.size() == 3);
  CHECK(bench.topic("u")->partitions.size() == 2);
}

TEST_CASE("DescribeTopicPartitions describes topics in order of name", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto id = bench.make_topic("b", 2).id;
  bench.make_topic("a", 1);
  const auto response = bench.ask(description({"b", "nothing", "a", "b", "x y"}), 0);
  CHECK(outline(response) == Lines{"a:0-0", "b:0-1", "nothing:", "x y:"});
  const auto& b = response.topics[1];
  CHECK(b.error_code == ErrorCode::none);
  CHECK(b.topic_id == id);
  CHECK(b.partitions[1].leader_id == 1);
  CHECK(b.partitions[1].leader_epoch == 0);
  CHECK(b.partitions[1].replica_nodes == std::vector{1});
  CHECK(b.partitions[1].isr_nodes == std::vector{1});
  CHECK(b.partitions[1].offline_replicas.empty());
  CHECK(response.topics[2].error_code == ErrorCode::unknown_topic_or_partition);
  CHECK(response.topics[3].error_code == ErrorCode::invalid_topic_exception);
  CHECK(outline(bench.ask(description({}), 0)) == Lines{"a:0-0", "b:0-1"});
}

TEST_CASE("a long description comes in pieces, and the cursor joins them", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("a", 3);
  bench.make_topic("b", 1);
  bench.make_topic("c", 4);
  auto request = description({"a", "b", "c"}, 2);
  Lines all;
  for (int pieces = 0;; ++pieces) {
    REQUIRE(pieces < 10);
    const auto response = bench.ask(request, 0);
    const auto lines = outline(response);
    all.insert(all.end(), lines.begin(), lines.end());
    if (!response.next_cursor) break;
    request.cursor = DescribeTopicPartitionsRequest::Cursor{};
    request.cursor->topic_name = response.next_cursor->topic_name;
    request.cursor->partition_index = response.next_cursor->partition_index;
  }
  CHECK(all == Lines{"a:0-1", "> a:2", "a:2-2", "b:0-0", "> c:0", "c:0-1", "> c:2", "c:2-3"});
  // At least one, at most 2000.
  CHECK(outline(bench.ask(description({"a"}, 0), 0)) == Lines{"a:0-0", "> a:1"});
  CHECK(outline(bench.ask(description({"a"}, -5), 0)) == Lines{"a:0-0", "> a:1"});
}

TEST_CASE("a cursor that was not ours is refused, or finds nothing", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("a", 3);
  bench.make_topic("b", 1);
  const auto with_cursor = [&](const std::vector<std::string>& names, const std::string& name,
                               std::int32_t partition) {
    auto request = description(names);
    request.cursor = DescribeTopicPartitionsRequest::Cursor{};
    request.cursor->topic_name = name;
    request.cursor->partition_index = partition;
    return bench.ask(request, 0);
  };
  CHECK(with_cursor({"a"}, "b", 0).topics[0].error_code == ErrorCode::invalid_request);
  CHECK(with_cursor({"a"}, "a", -1).topics[0].error_code == ErrorCode::invalid_request);
  CHECK(with_cursor({}, "a", -1).topics.empty());
  // Of all topics, those from the cursor on, even if its own is gone.
  CHECK(outline(with_cursor({}, "aa", 0)) == Lines{"b:0-0"});
  CHECK(outline(with_cursor({}, "a", 2)) == Lines{"a:2-2", "b:0-0"});
  CHECK(outline(with_cursor({"a"}, "a", INT32_MAX)) == Lines{"a:"});
}
