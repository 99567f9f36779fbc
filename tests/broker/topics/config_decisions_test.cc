#include "broker/topics/config_decisions.h"

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

using broker::ConfigChange;
using broker::ConfigOperation;
using broker::TopicCatalog;
using protocol::ErrorCode;
using Op = ConfigOperation;

namespace {

constexpr std::int32_t kNode = 1;

struct Bench {
  Bench() {
    for (const auto* name : {"t", "u"}) {
      protocol::TopicRecord topic;
      topic.name = name;
      topic.topic_id.bytes.back() = static_cast<std::byte>(*name);
      REQUIRE(catalog.apply(topic));
    }
  }

  /// A refusal, or the changes: "retention.ms=1 flush.ms- ".
  std::string decide(ConfigChange change) {
    const auto decision = broker::decide_configs(catalog, kNode, {std::move(change)}).at(0);
    if (decision.refused())
      return fmt::format("{}: {}", static_cast<int>(decision.error),
                         decision.message.value_or("null"));
    CHECK_FALSE(decision.message);
    std::string text;
    for (const auto& any : decision.records) {
      REQUIRE(catalog.apply(any));
      const auto& record = std::get<protocol::ConfigRecord>(any);
      text += record.value ? fmt::format("{}={} ", record.name, *record.value)
                           : fmt::format("{}- ", record.name);
    }
    return text.empty() ? "nothing" : text;
  }
  std::string topic(std::vector<Op> operations, std::string name = "t") {
    return decide({broker::kTopicResource, std::move(name), std::move(operations)});
  }
  std::string of_broker(std::vector<Op> operations, std::string name = "") {
    return decide({broker::kBrokerResource, std::move(name), std::move(operations)});
  }

  TopicCatalog catalog;
};

Op set(std::string name, std::optional<std::string> value) {
  return {std::move(name), Op::kSet, std::move(value)};
}
Op append(std::string name, std::optional<std::string> value) {
  return {std::move(name), Op::kAppend, std::move(value)};
}
Op subtract(std::string name, std::optional<std::string> value) {
  return {std::move(name), Op::kSubtract, std::move(value)};
}
Op unset(std::string name) { return {std::move(name), Op::kDelete, std::nullopt}; }

}  // namespace

TEST_CASE("settings are set and deleted, and only what changes is written", "[configs]") {
  Bench bench;
  CHECK(bench.topic({set("retention.ms", "1"), set("flush.ms", "2")}) ==
        "flush.ms=2 retention.ms=1 ");
  CHECK(bench.topic({set("retention.ms", "1")}) == "nothing");
  CHECK(bench.topic({unset("retention.ms"), set("flush.ms", "3")}) == "retention.ms- flush.ms=3 ");
  CHECK(bench.topic({unset("retention.ms")}) == "nothing");
  CHECK(bench.topic({unset("no.such.key")}) == "nothing");
  CHECK(bench.topic({}) == "nothing");
  CHECK(bench.decide({broker::kTopicResource, "t", {set("retention.ms", "5")}, true}) ==
        "flush.ms- retention.ms=5 ");
  CHECK(bench.decide({broker::kTopicResource, "t", {}, true}) == "retention.ms- ");
}

TEST_CASE("lists gain and lose elements", "[configs]") {
  Bench bench;
  CHECK(bench.topic({append("cleanup.policy", "compact")}) == "cleanup.policy=delete,compact ");
  CHECK(bench.topic({append("cleanup.policy", "compact")}) == "nothing");
  CHECK(bench.topic({subtract("cleanup.policy", "delete,other")}) == "cleanup.policy=compact ");
  CHECK(bench.topic({subtract("cleanup.policy", "delete")}) == "nothing");
  CHECK(bench.topic({append("retention.ms", "1")}) ==
        "40: Can't APPEND to key retention.ms because its type is not LIST.");
  CHECK(bench.topic({subtract("no.such.key", "1")}) ==
        "40: Can't SUBTRACT to key no.such.key because its type is not LIST.");
  CHECK(bench.of_broker({append("log.cleanup.policy", "compact")}) ==
        "log.cleanup.policy=delete,compact ");
}

TEST_CASE("what is wrong is refused in Kafka's words, and nothing of the resource changes",
          "[configs]") {
  Bench bench;
  CHECK(bench.topic({set("retention.ms", "1")}, "none") == "3: The topic 'none' does not exist.");
  CHECK(bench.topic({set("retention.ms", "1")}, "") ==
        "42: Default topic resources are not allowed.");
  CHECK(bench.topic({set("retention.ms", "1")}, "a b").starts_with("17: "));
  CHECK(bench.topic({set("no.such.key", "1")}) == "40: Unknown topic config name: no.such.key");
  CHECK(bench.topic({set("flush.ms", "1"), set("retention.ms", "soon")}).starts_with("40: "));
  CHECK(bench.topic({set("flush.ms", "1"), unset("flush.ms")}) ==
        "42: Error due to duplicate config keys");
  CHECK(bench.topic({set("flush.ms", std::nullopt)}) ==
        "42: Null value not supported for : flush.ms");
  CHECK(bench.topic({{"flush.ms", 4, "1"}}) == "-1: null");
  CHECK(bench.topic({set("min.compaction.lag.ms", "10"), set("max.compaction.lag.ms", "5")})
            .starts_with("40: conflict"));
  CHECK(bench.decide({3, "t", {}}) == "42: Unknown resource type 3");
  CHECK(bench.catalog.named("t")->configs.empty());
}

TEST_CASE("a broker takes the defaults of its topics, and knows its number", "[configs]") {
  Bench bench;
  CHECK(bench.of_broker({set("log.retention.ms", "5000")}) == "log.retention.ms=5000 ");
  CHECK(bench.of_broker({set("log.retention.ms", "6000")}, "1") == "log.retention.ms=6000 ");
  CHECK(bench.of_broker({set("log.retention.ms", "1")}, "77") ==
        "42: Unexpected broker id, expected 1, but received 77");
  CHECK(bench.of_broker({set("log.retention.ms", "1")}, "x") ==
        "42: Node id must be an integer, but it is: x");
  CHECK(bench.of_broker({set("node.id", "7")}) ==
        "42: Cannot update these configs dynamically: [node.id]");
  CHECK(bench.of_broker({set("log.retention.ms", "soon")}).starts_with("42: Invalid value soon"));
  CHECK(bench.catalog.broker_configs().at("").at("log.retention.ms") == "5000");
}

TEST_CASE("a resource that is named twice is refused each time, others are changed", "[configs]") {
  const Bench bench;
  const std::vector<ConfigChange> changes{
      {broker::kTopicResource, "t", {set("retention.ms", "1")}},
      {broker::kTopicResource, "u", {set("retention.ms", "2")}},
      {broker::kTopicResource, "t", {set("retention.ms", "3")}}};
  const auto decisions = broker::decide_configs(bench.catalog, kNode, changes);
  REQUIRE(decisions.size() == 3);
  CHECK(decisions[0].error == ErrorCode::invalid_request);
  CHECK(decisions[0].message == "Each resource must appear at most once.");
  CHECK(decisions[1].records.size() == 1);
  CHECK(decisions[2].error == ErrorCode::invalid_request);
}
