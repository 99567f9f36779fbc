#include "protocol/messages/describe_configs.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "config/topic_config.h"
#include "protocol/messages/create_topics.h"
#include "tests/support/broker_bench.h"

namespace {

using protocol::DescribeConfigsRequest;
using protocol::DescribeConfigsResponse;
using protocol::ErrorCode;
using test_support::BrokerBench;

constexpr std::int8_t kTopic = 2;
constexpr std::int8_t kBroker = 4;

struct Bench {
  static config::BrokerConfig usual_config() {
    auto usual = BrokerBench::usual_config();
    usual.node_id = 7;
    usual.topic_keys_given = {{"segment.ms", "1000"}};
    usual.topic_defaults = config::resolve({}, usual.topic_keys_given);
    return usual;
  }
  Bench() { broker.make_topic("orders", 1, {{"retention.ms", " 60000 "}}); }

  DescribeConfigsResponse::Result ask(std::int8_t type, const std::string& name,
                                      std::optional<std::vector<std::string>> keys = std::nullopt,
                                      protocol::ApiVersion version = 4) {
    DescribeConfigsRequest request;
    request.include_synonyms = include_synonyms;
    request.include_documentation = include_documentation;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = type;
    resource.resource_name = name;
    resource.configuration_keys = std::move(keys);
    auto response = broker.ask(std::move(request), version);
    REQUIRE(response.results.size() == 1);
    CHECK(response.results[0].resource_type == type);
    CHECK(response.results[0].resource_name == name);
    return response.results[0];
  }

  test::SimFileSystem files;
  BrokerBench broker{files, usual_config()};
  bool include_synonyms = false;
  bool include_documentation = false;
};

TEST_CASE("a resource that is named again is described once, with all keys") {
  Bench bench;
  DescribeConfigsRequest request;
  const auto want = [&request](std::int8_t type, std::string name,
                               std::optional<std::vector<std::string>> keys) {
    request.resources.push_back({type, std::move(name), std::move(keys)});
  };
  using Keys = std::vector<std::string>;
  want(kTopic, "orders", Keys{"retention.ms", "segment.ms"});
  want(kBroker, "7", Keys{"log.retention.ms"});
  want(kTopic, "orders", Keys{"retention.bytes", "retention.ms"});
  want(kBroker, "7", std::nullopt);
  want(kTopic, "7", Keys{});
  want(kBroker, "7", Keys{"log.retention.ms"});
  const auto response = bench.broker.ask(request, 4);
  REQUIRE(response.results.size() == 3);
  CHECK(response.results[0].resource_name == "orders");
  CHECK(response.results[0].configs.size() == 3);
  CHECK(response.results[1].resource_type == kBroker);
  CHECK(response.results[1].configs.size() == bench.ask(kBroker, "7").configs.size());
  CHECK(response.results[2].resource_type == kTopic);
}

TEST_CASE("no keys mean all of them, and keys mean those") {
  Bench bench;
  CHECK(bench.ask(kTopic, "orders").configs.size() == 34);
  CHECK(bench.ask(kTopic, "orders", std::vector<std::string>{}).configs.size() == 34);
  const auto two = bench.ask(kTopic, "orders",
                             std::vector<std::string>{"retention.ms", "no.such", "cleanup.policy"});
  CHECK(two.error_code == ErrorCode::none);
  CHECK(two.error_message == "");
  REQUIRE(two.configs.size() == 2);
  CHECK(two.configs[0].name == "cleanup.policy");
  CHECK(two.configs[1].name == "retention.ms");
  CHECK(two.configs[1].value == "60000");
  CHECK(two.configs[1].config_source == 1);
  CHECK(two.configs[1].config_type == 5);
}

TEST_CASE("CreateTopics repeats what it was given, DescribeConfigs shows what it means") {
  Bench bench;
  protocol::CreateTopicsRequest request;
  auto& topic = request.topics.emplace_back();
  topic.name = "new";
  topic.num_partitions = 1;
  topic.replication_factor = 1;
  auto& given = topic.configs.emplace_back();
  given.name = "retention.ms";
  given.value = " +7 ";
  const auto answer = bench.broker.ask(std::move(request), 7).topics.at(0);
  REQUIRE(answer.error_code == ErrorCode::none);
  REQUIRE(answer.configs);
  CHECK(answer.configs->size() == 34);
  const auto repeated = std::ranges::find(*answer.configs, "retention.ms",
                                          &protocol::CreateTopicsResponse::Config::name);
  REQUIRE(repeated != answer.configs->end());
  CHECK(repeated->value == " +7 ");
  CHECK(repeated->config_source == 1);
  CHECK(bench.ask(kTopic, "new", std::vector<std::string>{"retention.ms"}).configs.at(0).value ==
        "7");
}

TEST_CASE("synonyms and documentation come when they are asked for") {
  Bench bench;
  const std::vector<std::string> key{"retention.ms"};
  auto config = bench.ask(kTopic, "orders", key).configs.at(0);
  CHECK(config.synonyms.empty());
  CHECK_FALSE(config.documentation);
  bench.include_synonyms = true;
  bench.include_documentation = true;
  config = bench.ask(kTopic, "orders", key).configs.at(0);
  REQUIRE(config.synonyms.size() == 1);
  CHECK(config.synonyms[0].name == "retention.ms");
  CHECK(config.synonyms[0].value == "60000");
  CHECK(config.synonyms[0].source == 1);
  CHECK(config.documentation.value_or("").size() > 10);
}

TEST_CASE("v0 says only whether a value is the default") {
  Bench bench;
  const std::vector<std::string> keys{"flush.ms", "retention.ms", "segment.ms"};
  const auto of_topic = bench.ask(kTopic, "orders", keys, 0).configs;
  REQUIRE(of_topic.size() == 3);
  CHECK(of_topic[0].is_default);
  CHECK_FALSE(of_topic[1].is_default);
  CHECK(of_topic[2].is_default);  // Not the topic's own.
  const auto of_broker =
      bench.ask(kBroker, "7", std::vector<std::string>{"log.roll.ms", "node.id"}, 0).configs;
  REQUIRE(of_broker.size() == 2);
  CHECK_FALSE(of_broker[0].is_default);
  CHECK(of_broker[1].is_default);
}

TEST_CASE("the broker answers for itself only") {
  Bench bench;
  const auto own = bench.ask(kBroker, "7");
  CHECK(own.error_code == ErrorCode::none);
  CHECK(std::ranges::count(own.configs, "node.id", &DescribeConfigsResponse::Config::name) == 1);

  // The default of all brokers is what was changed while they ran: nothing.
  const auto all = bench.ask(kBroker, "");
  CHECK(all.error_code == ErrorCode::none);
  CHECK(all.configs.empty());

  const auto other = bench.ask(kBroker, "8");
  CHECK(other.error_code == ErrorCode::invalid_request);
  CHECK(other.error_message == "Unexpected broker id, expected 7 or empty string, but received 8");
  CHECK(other.configs.empty());
  CHECK(bench.ask(kBroker, "7x").error_message == "Broker id must be an integer, but it is: 7x");
  CHECK(bench.ask(kBroker, "99999999999").error_code == ErrorCode::invalid_request);
}

TEST_CASE("what there is no configuration of is refused") {
  Bench bench;
  const auto unknown = bench.ask(kTopic, "nope");
  CHECK(unknown.error_code == ErrorCode::unknown_topic_or_partition);
  CHECK(unknown.error_message == "");
  CHECK(unknown.configs.empty());
  const auto illegal = bench.ask(kTopic, "bad!name");
  CHECK(illegal.error_code == ErrorCode::invalid_topic_exception);
  CHECK_THAT(illegal.error_message.value_or(""), Catch::Contains("'bad!name'"));
  CHECK(bench.ask(kTopic, "").error_code == ErrorCode::invalid_topic_exception);
  for (const int type : {0, 1, 3, 8, 16, 32, 127, -1}) {
    INFO(type);
    CHECK(bench.ask(static_cast<std::int8_t>(type), "7").error_code == ErrorCode::invalid_request);
  }
}

TEST_CASE("one resource's refusal leaves the others alone") {
  Bench bench;
  DescribeConfigsRequest request;
  for (const auto* name : {"nope", "orders"}) {
    auto& resource = request.resources.emplace_back();
    resource.resource_type = kTopic;
    resource.resource_name = name;
  }
  const auto results = bench.broker.ask(std::move(request), 1).results;
  REQUIRE(results.size() == 2);
  CHECK(results[0].error_code == ErrorCode::unknown_topic_or_partition);
  CHECK(results[1].configs.size() == 34);
}

}  // namespace
