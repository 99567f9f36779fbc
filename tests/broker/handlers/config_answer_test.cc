#include "broker/handlers/config_answer.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "config/known_names.h"

namespace {

using broker::ConfigAnswer;
using broker::ConfigSource;

const ConfigAnswer& find(const std::vector<ConfigAnswer>& answers, std::string_view name) {
  const auto found = std::ranges::find(answers, name, &ConfigAnswer::name);
  INFO(name);
  REQUIRE(found != answers.end());
  return *found;
}

/// "value@source [name=value@source, ...]", as the numbers of DescribeConfigs.
std::string summary(const ConfigAnswer& answer) {
  const auto text = [](const std::optional<std::string>& value, ConfigSource source) {
    return fmt::format("{}@{}", value.value_or("null"), static_cast<int>(source));
  };
  auto line = text(answer.value, answer.source) + " [";
  for (const auto& layer : answer.synonyms)
    line += (line.ends_with('[') ? "" : ", ") + layer.name + "=" + text(layer.value, layer.source);
  return line + "]";
}

/// A broker that was given these settings of topics.
config::BrokerConfig broker_with(const config::TopicOverrides& given) {
  config::BrokerConfig config;
  config.topic_keys_given = given;
  config.topic_defaults = config::resolve({}, given);
  return config;
}

TEST_CASE("a topic's setting has the layers it could come from, nearest first") {
  // As Apache Kafka 4.3.1 shows them.
  const auto config = broker_with({{"cleanup.policy", "compact,delete"},
                                   {"compression.type", "gzip"},
                                   {"retention.ms", "6000000"}});
  const auto answers =
      broker::describe_topic_configs(config, {},
                                     {{"compression.type", " snappy "},
                                      {"segment.ms", "007"},
                                      {"preallocate", "TRUE"},
                                      {"leader.replication.throttled.replicas", "0:1, 1:2"}});
  const auto shown = [&](std::string_view name) { return summary(find(answers, name)); };

  CHECK(shown("compression.type") ==
        "snappy@1 [compression.type=snappy@1, compression.type=gzip@4, "
        "compression.type=producer@5]");
  CHECK(shown("cleanup.policy") ==
        "compact,delete@4 [log.cleanup.policy=compact,delete@4, "
        "log.cleanup.policy=delete@5]");
  CHECK(shown("max.message.bytes") == "1048588@5 [message.max.bytes=1048588@5]");
  CHECK(shown("preallocate") == "true@1 [preallocate=true@1, log.preallocate=false@5]");
  // Kafka's broker has no value of its own for these unless it is given one.
  CHECK(shown("segment.ms") == "7@1 [segment.ms=7@1]");
  CHECK(shown("flush.ms") == "9223372036854775807@5 []");
  CHECK(shown("retention.ms") == "6000000@4 [log.retention.ms=6000000@4]");
  // There is nothing a broker could say about these.
  CHECK(shown("remote.storage.enable") == "false@5 []");
  CHECK(shown("leader.replication.throttled.replicas") ==
        "0:1,1:2@1 [leader.replication.throttled.replicas=0:1,1:2@1]");
}

TEST_CASE("a topic has every setting, in order, and none is read-only") {
  const auto answers = broker::describe_topic_configs({}, {}, {});
  CHECK(std::ranges::is_sorted(answers, {}, &ConfigAnswer::name));
  CHECK(answers.size() == 34);
  for (const auto& answer : answers) {
    INFO(answer.name);
    CHECK_FALSE(answer.read_only);
    CHECK_FALSE(answer.sensitive);
    CHECK(answer.value.has_value());
    CHECK(answer.source == ConfigSource::defaults);
    CHECK(answer.type != config::KeyType::unknown);
    CHECK_FALSE(answer.documentation.empty());
  }
}

TEST_CASE("what Kafka hides or has not any more is shown where it is set") {
  const auto answers = broker::describe_topic_configs(
      {}, {}, {{"message.format.version", "2.8"}, {"internal.segment.bytes", "4096"}});
  CHECK(answers.size() == 36);
  CHECK(summary(find(answers, "message.format.version")) == "2.8@1 [message.format.version=2.8@1]");
  CHECK(summary(find(answers, "internal.segment.bytes")) ==
        "4096@1 [internal.segment.bytes=4096@1]");
}

TEST_CASE("the broker shows its own settings and the defaults of topics") {
  auto config = broker_with({{"retention.ms", "1000"}});
  config.data_dir = "/d";
  config.num_partitions = 3;
  config.keys_given = {"data.dir", "num.partitions", "listeners"};
  config.listeners = {{.name = "A", .host = "::1", .port = 9092}, {.name = "B", .port = 1}};
  const auto answers = broker::describe_broker_configs(config, {});
  const auto shown = [&](std::string_view name) { return summary(find(answers, name)); };

  CHECK(std::ranges::is_sorted(answers, {}, &ConfigAnswer::name));
  CHECK(shown("log.dirs") == "/d@4 [log.dirs=/d@4, log.dirs=stele-data@5]");
  CHECK(shown("num.partitions") == "3@4 [num.partitions=3@4, num.partitions=1@5]");
  CHECK(shown("node.id") == "1@5 [node.id=1@5]");
  CHECK(shown("cluster.id") == "null@5 []");
  CHECK(shown("listeners") ==
        "A://[::1]:9092,B://:1@4 [listeners=A://[::1]:9092,B://:1@4, "
        "listeners=@5]");
  CHECK(shown("log.retention.ms") == "1000@4 [log.retention.ms=1000@4]");
  CHECK(shown("message.max.bytes") == "1048588@5 [message.max.bytes=1048588@5]");
  for (const auto& answer : answers) {
    INFO(answer.name);
    // The defaults of topics can be changed while it runs.
    CHECK(answer.read_only == (config::find_topic_default(answer.name) == nullptr));
    CHECK(config::find_known_name(answer.name) != nullptr);  // It could be set by this name.
  }
}

TEST_CASE("what was changed while brokers run stands above their files") {
  const auto config = broker_with({{"retention.ms", "4"}});
  const broker::BrokerOverrides changed{
      .own = {{"log.retention.ms", " 2 "}},
      .of_all = {{"log.retention.ms", "3"}, {"message.max.bytes", "5"}, {"newer.key", "1"}}};
  const auto topic = broker::describe_topic_configs(config, changed, {{"retention.ms", "1"}});
  CHECK(summary(find(topic, "retention.ms")) ==
        "1@1 [retention.ms=1@1, log.retention.ms=2@2, log.retention.ms=3@3, "
        "log.retention.ms=4@4]");
  const auto of_broker = broker::describe_broker_configs(config, changed);
  CHECK(summary(find(of_broker, "message.max.bytes")) ==
        "5@3 [message.max.bytes=5@3, message.max.bytes=1048588@5]");
  const auto of_all = broker::describe_changes_of_all_brokers(changed);
  REQUIRE(of_all.size() == 2);
  CHECK(summary(of_all[0]) == "3@3 [log.retention.ms=3@3]");
  CHECK(summary(of_all[1]) == "5@3 [message.max.bytes=5@3]");
}

}  // namespace
