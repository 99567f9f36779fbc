#include "broker/topics/topic_decisions.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using broker::NewTopic;
using broker::TopicCatalog;
using broker::TopicDecision;
using broker::TopicDefaults;
using protocol::ErrorCode;

namespace {

using Assignments = std::vector<std::vector<std::int32_t>>;

/// Decides and applies, as a store does.
struct Bench {
  TopicCatalog catalog;
  TopicDefaults defaults{.node_id = 1, .num_partitions = 4};
  base::Random random{3};

  TopicDecision decide(const NewTopic& wanted) {
    return broker::decide_create(catalog, defaults, wanted, random);
  }
  ErrorCode error_of(const NewTopic& wanted) { return decide(wanted).error; }
  TopicDecision take(const TopicDecision& decision) {
    REQUIRE(decision.error == ErrorCode::none);
    for (const auto& record : decision.records) REQUIRE(catalog.apply(record));
    return decision;
  }
  TopicDecision create(const NewTopic& wanted) { return take(decide(wanted)); }
  TopicDecision grow(const std::string& name, std::int32_t count,
                     const std::optional<Assignments>& assignments = std::nullopt) {
    return broker::decide_grow(catalog, defaults, name, count, assignments);
  }
};

}  // namespace

TEST_CASE("a topic is created as its records say", "[topics]") {
  Bench bench;
  const auto decision =
      bench.create({.name = "orders",
                    .num_partitions = 3,
                    .replication_factor = 1,
                    .configs = {{"retention.ms", "-1"}, {"cleanup.policy", "compact"}}});
  CHECK(decision.first_partition == 0);
  CHECK(decision.end_partition == 3);
  CHECK_FALSE(decision.topic_id.is_zero());
  const auto* topic = bench.catalog.named("orders");
  REQUIRE(topic != nullptr);
  CHECK(topic->id == decision.topic_id);
  CHECK(topic->partitions == 3);
  CHECK(topic->configs ==
        TopicCatalog::Configs{{"cleanup.policy", "compact"}, {"retention.ms", "-1"}});
  const auto& last = std::get<protocol::PartitionRecord>(decision.records.back());
  CHECK(last.replicas == std::vector{1});
  CHECK(last.isr == std::vector{1});
  CHECK(last.leader == 1);
}

TEST_CASE("-1 asks for the broker's defaults", "[topics]") {
  Bench bench;
  CHECK(bench.create({.name = "a"}).end_partition == 4);
  CHECK(bench.create({.name = "b", .num_partitions = 2}).end_partition == 2);
  CHECK(bench.create({.name = "c", .replication_factor = 1}).end_partition == 4);
}

TEST_CASE("every topic has an id of its own", "[topics]") {
  Bench bench;
  const auto first = bench.create({.name = "a"});
  bench.take(broker::decide_delete(bench.catalog, first.topic_id));
  const auto second = bench.create({.name = "a"});
  CHECK(first.topic_id != second.topic_id);
}

TEST_CASE("names are refused as Kafka refuses them", "[topics]") {
  Bench bench;
  bench.create({.name = "a.b"});
  CHECK(bench.error_of({.name = ""}) == ErrorCode::invalid_topic_exception);
  CHECK(bench.error_of({.name = ".."}) == ErrorCode::invalid_topic_exception);
  CHECK(bench.error_of({.name = "x y"}) == ErrorCode::invalid_topic_exception);
  CHECK(bench.error_of({.name = std::string(250, 'x')}) == ErrorCode::invalid_topic_exception);
  CHECK(bench.error_of({.name = "a.b"}) == ErrorCode::topic_already_exists);
  CHECK(bench.error_of({.name = "a_b"}) == ErrorCode::invalid_topic_exception);
  CHECK(bench.decide({.name = "a_b"}).message == "Topic 'a_b' collides with existing topic: a.b");
  CHECK(bench.error_of({.name = "__cluster_metadata"}) != ErrorCode::none);
}

TEST_CASE("numbers of partitions and replicas are refused as Kafka refuses them", "[topics]") {
  Bench bench;
  CHECK(bench.error_of({.name = "t", .num_partitions = 0}) == ErrorCode::invalid_partitions);
  CHECK(bench.error_of({.name = "t", .num_partitions = -2}) == ErrorCode::invalid_partitions);
  CHECK(bench.error_of({.name = "t", .num_partitions = 10'001}) == ErrorCode::invalid_partitions);
  CHECK(bench.error_of({.name = "t", .replication_factor = 0}) ==
        ErrorCode::invalid_replication_factor);
  CHECK(bench.error_of({.name = "t", .replication_factor = -2}) ==
        ErrorCode::invalid_replication_factor);
  CHECK(bench.error_of({.name = "t", .replication_factor = 3}) ==
        ErrorCode::invalid_replication_factor);
  bench.defaults.clamp_replication_factor = true;
  CHECK(bench.error_of({.name = "t", .replication_factor = 3}) == ErrorCode::none);
  CHECK(bench.error_of({.name = "t", .replication_factor = 0}) ==
        ErrorCode::invalid_replication_factor);
}

TEST_CASE("manual assignments must name this broker, for partitions 0 to n-1", "[topics]") {
  Bench bench;
  const auto error_of = [&](std::vector<NewTopic::Assignment> assignments,
                            std::int32_t partitions = -1, std::int16_t replicas = -1) {
    return bench.error_of({.name = "t",
                           .num_partitions = partitions,
                           .replication_factor = replicas,
                           .assignments = std::move(assignments)});
  };
  CHECK(error_of({{0, {1}}, {1, {1}}}) == ErrorCode::none);
  CHECK(error_of({{1, {1}}, {0, {1}}}) == ErrorCode::none);
  CHECK(error_of({{0, {1}}}, 1) == ErrorCode::invalid_request);
  CHECK(error_of({{0, {1}}}, -1, 1) == ErrorCode::invalid_request);
  CHECK(error_of({{1, {1}}}) == ErrorCode::invalid_replica_assignment);
  CHECK(error_of({{0, {1}}, {2, {1}}}) == ErrorCode::invalid_replica_assignment);
  CHECK(error_of({{0, {1}}, {0, {1}}}) == ErrorCode::invalid_replica_assignment);
  CHECK(error_of({{-1, {1}}, {0, {1}}}) == ErrorCode::invalid_replica_assignment);
  CHECK(error_of({{0, {}}}) == ErrorCode::invalid_replica_assignment);
  CHECK(error_of({{0, {1, 1}}}) == ErrorCode::invalid_replica_assignment);
  CHECK(error_of({{0, {0}}}) == ErrorCode::invalid_replica_assignment);
  CHECK(bench.create({.name = "t", .assignments = {{0, {1}}, {1, {1}}}}).end_partition == 2);
}

TEST_CASE("settings that are wrong are INVALID_CONFIG", "[topics]") {
  Bench bench;
  CHECK(bench.error_of({.name = "t", .configs = {{"no.such.key", "1"}}}) ==
        ErrorCode::invalid_config);
  CHECK(bench.error_of({.name = "t", .configs = {{"retention.ms", "soon"}}}) ==
        ErrorCode::invalid_config);
  CHECK(bench.error_of({.name = "t", .configs = {{"retention.ms", std::nullopt}}}) ==
        ErrorCode::invalid_config);
  CHECK_FALSE(bench.decide({.name = "t", .configs = {{"retention.ms", "soon"}}}).message.empty());
}

TEST_CASE("a refusal makes no records", "[topics]") {
  Bench bench;
  CHECK(bench.decide({.name = "t", .num_partitions = 0}).records.empty());
  CHECK(bench.grow("t", 3).records.empty());
  CHECK(broker::decide_delete(bench.catalog, {}).records.empty());
}

TEST_CASE("a topic is deleted by its id", "[topics]") {
  Bench bench;
  const auto created = bench.create({.name = "t"});
  const auto decision = bench.take(broker::decide_delete(bench.catalog, created.topic_id));
  CHECK(decision.name == "t");
  CHECK(decision.first_partition == 0);
  CHECK(decision.end_partition == 4);
  CHECK(bench.catalog.named("t") == nullptr);
  CHECK(broker::decide_delete(bench.catalog, created.topic_id).error ==
        ErrorCode::unknown_topic_id);
}

TEST_CASE("a topic grows to a larger total", "[topics]") {
  Bench bench;
  const auto created =
      bench.create({.name = "t", .num_partitions = 2, .configs = {{"segment.bytes", "2097152"}}});
  const auto grown = bench.take(bench.grow("t", 5));
  CHECK(grown.topic_id == created.topic_id);
  CHECK(grown.first_partition == 2);
  CHECK(grown.end_partition == 5);
  CHECK(grown.configs == created.configs);  // The new logs are kept like the old ones.
  CHECK(bench.catalog.named("t")->partitions == 5);
}

TEST_CASE("a topic does not shrink, stay, or grow beyond all measure", "[topics]") {
  Bench bench;
  bench.create({.name = "t", .num_partitions = 3});
  CHECK(bench.grow("nothing", 3).error == ErrorCode::unknown_topic_or_partition);
  CHECK(bench.grow("t", 3).error == ErrorCode::invalid_partitions);
  CHECK(bench.grow("t", 3).message == "Topic already has 3 partition(s).");
  CHECK(bench.grow("t", 2).error == ErrorCode::invalid_partitions);
  CHECK(bench.grow("t", 2).message ==
        "The topic t currently has 3 partition(s); 2 would not be an increase.");
  CHECK(bench.grow("t", -1).error == ErrorCode::invalid_partitions);
  CHECK(bench.grow("t", 10'001).error == ErrorCode::invalid_partitions);
}

TEST_CASE("the topic that groups are kept in does not grow", "[topics]") {
  Bench bench;
  bench.create({.name = "__consumer_offsets", .num_partitions = 3});
  CHECK(bench.grow("__consumer_offsets", 4).error == ErrorCode::invalid_request);
}

TEST_CASE("assignments of new partitions are one for each, to this broker", "[topics]") {
  Bench bench;
  bench.create({.name = "t", .num_partitions = 1});
  CHECK(bench.grow("t", 3, Assignments{{1}, {1}}).error == ErrorCode::none);
  CHECK(bench.grow("t", 3, Assignments{{1}}).error == ErrorCode::invalid_replica_assignment);
  CHECK(bench.grow("t", 3, Assignments{}).error == ErrorCode::invalid_replica_assignment);
  CHECK(bench.grow("t", 2, Assignments{{}}).error == ErrorCode::invalid_replica_assignment);
  CHECK(bench.grow("t", 2, Assignments{{7}}).error == ErrorCode::invalid_replica_assignment);
}
