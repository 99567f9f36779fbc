#include "broker/topics/topic_catalog.h"

#include <catch2/catch.hpp>
#include <string>

#include "protocol/base/random.h"

using broker::TopicCatalog;
using protocol::ClusterIdRecord;
using protocol::ConfigRecord;
using protocol::PartitionRecord;
using protocol::ProducerIdsRecord;
using protocol::RemoveTopicRecord;
using protocol::TopicRecord;

namespace {

base::Uuid id(std::uint64_t seed) {
  base::Random random(seed);
  return base::Uuid::make(random);
}

TopicRecord topic(const std::string& name, const base::Uuid& topic_id) {
  TopicRecord record;
  record.name = name;
  record.topic_id = topic_id;
  return record;
}

PartitionRecord partition(const base::Uuid& topic_id, std::int32_t index) {
  PartitionRecord record;
  record.topic_id = topic_id;
  record.partition_id = index;
  return record;
}

ConfigRecord setting(const std::string& topic, const std::string& name,
                     std::optional<std::string> value) {
  ConfigRecord record;
  record.resource_type = 2;
  record.resource_name = topic;
  record.name = name;
  record.value = std::move(value);
  return record;
}

RemoveTopicRecord removal(const base::Uuid& topic_id) {
  RemoveTopicRecord record;
  record.topic_id = topic_id;
  return record;
}

bool contradicts(TopicCatalog& catalog, const protocol::MetadataRecord& record) {
  const auto applied = catalog.apply(record);
  return !applied && applied.error().fault == base::Fault::corruption;
}

}  // namespace

TEST_CASE("a catalog knows what its records say", "[topics]") {
  TopicCatalog catalog;
  REQUIRE(catalog.apply(topic("orders", id(1))));
  REQUIRE(catalog.apply(setting("orders", "retention.ms", "-1")));
  REQUIRE(catalog.apply(setting("orders", "segment.ms", "100000")));
  REQUIRE(catalog.apply(partition(id(1), 0)));
  REQUIRE(catalog.apply(partition(id(1), 1)));
  REQUIRE(catalog.apply(topic("bills", id(2))));
  REQUIRE(catalog.apply(partition(id(2), 0)));

  REQUIRE(catalog.named("orders") != nullptr);
  CHECK(catalog.named("orders")->id == id(1));
  CHECK(catalog.named("orders")->partitions == 2);
  CHECK(catalog.named("orders")->configs.at("retention.ms") == "-1");
  CHECK(catalog.with_id(id(2))->name == "bills");
  CHECK(catalog.topics().size() == 2);
  CHECK(catalog.named("nothing") == nullptr);
  CHECK(catalog.with_id(id(3)) == nullptr);

  REQUIRE(catalog.apply(setting("orders", "segment.ms", std::nullopt)));
  CHECK(catalog.named("orders")->configs.size() == 1);
  REQUIRE(catalog.apply(setting("orders", "retention.ms", "5")));
  CHECK(catalog.named("orders")->configs.at("retention.ms") == "5");
}

TEST_CASE("a removed topic is remembered, and its name is free", "[topics]") {
  TopicCatalog catalog;
  REQUIRE(catalog.apply(topic("orders", id(1))));
  REQUIRE(catalog.apply(setting("orders", "retention.ms", "-1")));
  REQUIRE(catalog.apply(partition(id(1), 0)));
  CHECK_FALSE(catalog.was_removed(id(1)));
  REQUIRE(catalog.apply(removal(id(1))));
  CHECK(catalog.was_removed(id(1)));
  CHECK(catalog.named("orders") == nullptr);
  CHECK(catalog.with_id(id(1)) == nullptr);

  REQUIRE(catalog.apply(topic("orders", id(2))));
  CHECK(catalog.named("orders")->id == id(2));
  CHECK(catalog.named("orders")->configs.empty());
  CHECK(catalog.was_removed(id(1)));
  CHECK_FALSE(catalog.was_removed(id(2)));
}

TEST_CASE("records that contradict what is known are refused", "[topics]") {
  TopicCatalog catalog;
  REQUIRE(catalog.apply(topic("orders", id(1))));
  REQUIRE(catalog.apply(partition(id(1), 0)));
  CHECK(contradicts(catalog, topic("orders", id(2))));
  CHECK(contradicts(catalog, topic("bills", id(1))));
  CHECK(contradicts(catalog, partition(id(2), 0)));
  CHECK(contradicts(catalog, partition(id(1), 0)));
  CHECK(contradicts(catalog, partition(id(1), 2)));
  CHECK(contradicts(catalog, setting("bills", "retention.ms", "1")));
  CHECK(contradicts(catalog, removal(id(2))));
  auto of_clients = setting("1", "interval.ms", "1");
  of_clients.resource_type = 16;  // Client metrics.
  CHECK(contradicts(catalog, of_clients));
  CHECK(catalog.topics().size() == 1);
  CHECK(catalog.named("orders")->partitions == 1);
}

TEST_CASE("producer ids only go up, and the cluster has one name", "[topics]") {
  TopicCatalog catalog;
  CHECK(catalog.next_producer_id() == 0);
  ProducerIdsRecord ids;
  ids.next_producer_id = 2000;
  REQUIRE(catalog.apply(ids));
  ids.next_producer_id = 1000;
  REQUIRE(catalog.apply(ids));
  CHECK(catalog.next_producer_id() == 2000);
  ClusterIdRecord name;
  name.cluster_id = "abc";
  REQUIRE(catalog.apply(name));
  CHECK(catalog.cluster_id() == "abc");
}

TEST_CASE("a name that differs in '.' and '_' only is found", "[topics]") {
  TopicCatalog catalog;
  REQUIRE(catalog.apply(topic("a.b_c", id(1))));
  REQUIRE(catalog.colliding_with("a_b.c") != nullptr);
  CHECK(catalog.colliding_with("a_b.c")->name == "a.b_c");
  CHECK(catalog.colliding_with("a.b_c") == nullptr);  // Itself.
  CHECK(catalog.colliding_with("a.b") == nullptr);
}
