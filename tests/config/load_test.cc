#include "config/load.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "config/known_names.h"
#include "tests/config/temporary_file.h"

namespace {

using config::ListenerConfig;
using config::LoadedConfig;
using config::Sources;
using tests::TemporaryFile;

LoadedConfig good(const Sources& sources) {
  auto loaded = config::load(sources);
  if (!loaded) {
    for (const auto& problem : loaded.error()) UNSCOPED_INFO(problem.where << ": " << problem.what);
  }
  REQUIRE(loaded);
  return std::move(*loaded);
}

/// Problems as lines; a place in `file` without the file's directory and number.
std::vector<std::string> bad(const Sources& sources) {
  const auto loaded = config::load(sources);
  REQUIRE_FALSE(loaded);
  std::vector<std::string> lines;
  for (auto [where, what] : loaded.error()) {
    if (sources.file) {
      const auto path = sources.file->string();
      for (auto* text : {&where, &what}) {
        for (auto at = text->find(path); at != std::string::npos; at = text->find(path))
          text->replace(at, path.size(), "f");
      }
    }
    lines.push_back(fmt::format("{}: {}", where, what));
  }
  return lines;
}

using Lines = std::vector<std::string>;

Lines bad_yaml(std::string_view text) {
  const TemporaryFile file("stele.yaml", text);
  return bad({.file = file.path()});
}
Lines bad_properties(std::string_view text) {
  const TemporaryFile file("server.properties", text);
  return bad({.file = file.path()});
}
LoadedConfig good_yaml(std::string_view text) {
  const TemporaryFile file("stele.yaml", text);
  return good({.file = file.path()});
}
LoadedConfig good_properties(std::string_view text) {
  const TemporaryFile file("server.properties", text);
  return good({.file = file.path()});
}

TEST_CASE("nothing needs to be said") {
  const auto loaded = good({});
  CHECK(loaded.config.listeners ==
        std::vector<ListenerConfig>{{.name = "PLAINTEXT", .host = "127.0.0.1", .port = 9092}});
  CHECK(loaded.config.topic_defaults == config::LogConfig{});
  CHECK(loaded.config.keys_given.empty());
  CHECK(loaded.config.topic_keys_given.empty());
  CHECK(loaded.notes.empty());
  CHECK(loaded.origins.empty());
}

TEST_CASE("flags stand above the environment, and that above the file") {
  const TemporaryFile file("stele.yaml",
                           "node.id: 1\nthreads: 1\nnum.partitions: 1\nlog.level: debug\n");
  const auto loaded =
      good({.file = file.path(),
            .environment = {"STELE_THREADS=2", "STELE_NUM_PARTITIONS=2", "HOME=/root"},
            .flags = {{"--partitions", "num.partitions", "3"}}});
  CHECK(loaded.config.log_level == "debug");
  CHECK(loaded.config.node_id == 1);
  CHECK(loaded.config.threads == 2);
  CHECK(loaded.config.num_partitions == 3);
  CHECK(loaded.origins == std::map<std::string, std::string, std::less<>>{
                              {"log.level", file.path().string() + ":4:1"},
                              {"node.id", file.path().string() + ":1:1"},
                              {"num.partitions", "--partitions"},
                              {"threads", "STELE_THREADS"}});
  CHECK(loaded.config.keys_given ==
        std::set<std::string, std::less<>>{"log.level", "node.id", "num.partitions", "threads"});
}

TEST_CASE("each source can set everything, by any of its names") {
  const auto loaded = good_yaml(
      "data.dir: /d\n"
      "cluster.id: c\n"
      "auto.create.topics.enable: false\n"
      "connections: {max: {idle: {ms: 5m}}}\n"
      "request.memory.bytes: 64MiB\n"
      "log.retention.ms: 2h\n"
      "topics.defaults:\n"
      "  segment.bytes: 1MiB\n"
      "  cleanup.policy: [compact, delete]\n"
      "  min.cleanable.dirty.ratio: 0.25\n"
      "  unclean.leader.election.enable: true\n");
  CHECK(loaded.config.data_dir == "/d");
  CHECK(loaded.config.cluster_id == "c");
  CHECK_FALSE(loaded.config.auto_create_topics_enable);
  CHECK(loaded.config.connections_max_idle_ms == 300'000);
  CHECK(loaded.config.request_memory_bytes == 64 << 20);
  CHECK(loaded.config.topic_defaults.retention_ms == 7'200'000);
  CHECK(loaded.config.topic_defaults.segment_bytes == 1 << 20);
  CHECK(loaded.config.topic_defaults.cleanup_compact);
  CHECK(loaded.config.topic_keys_given == std::map<std::string, std::string, std::less<>>{
                                              {"cleanup.policy", "compact,delete"},
                                              {"min.cleanable.dirty.ratio", "0.25"},
                                              {"retention.ms", "7200000"},
                                              {"segment.bytes", "1048576"},
                                              {"unclean.leader.election.enable", "true"}});

  const auto from_environment = good(
      {.environment = {"STELE_LOG_DIRS=/e", "STELE_LOG_RETENTION_HOURS=1",
                       "STELE_TOPICS_DEFAULTS_FLUSH_MESSAGES=7", "STELE_LISTENERS=A://:1,B://:2"}});
  CHECK(from_environment.config.data_dir == "/e");
  CHECK(from_environment.config.topic_defaults.retention_ms == 3'600'000);
  CHECK(from_environment.config.topic_defaults.flush_messages == 7);
  CHECK(from_environment.config.listeners ==
        std::vector<ListenerConfig>{{.name = "A", .port = 1}, {.name = "B", .port = 2}});
}

TEST_CASE("a server.properties of Kafka's works") {
  // What Kafka 4's own config/server.properties sets, and more.
  const auto loaded = good_properties(
      "process.roles=broker,controller\n"
      "node.id=0\n"
      "controller.quorum.bootstrap.servers=localhost:9093\n"
      "listeners=PLAINTEXT://:9092,CONTROLLER://:9093\n"
      "inter.broker.listener.name=PLAINTEXT\n"
      "advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093\n"
      "controller.listener.names=CONTROLLER\n"
      "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL\n"
      "num.network.threads=3\n"
      "num.io.threads=8\n"
      "socket.send.buffer.bytes=102400\n"
      "socket.request.max.bytes=104857600\n"
      "log.dirs=/tmp/kraft-combined-logs\n"
      "num.partitions=1\n"
      "num.recovery.threads.per.data.dir=1\n"
      "offsets.topic.replication.factor=1\n"
      "offsets.topic.num.partitions=3\n"
      "group.initial.rebalance.delay.ms=0\n"
      "group.coordinator.rebalance.protocols=classic,consumer\n"
      "share.coordinator.state.topic.min.isr=1\n"
      "transaction.state.log.min.isr=1\n"
      "#log.flush.interval.messages=10000\n"
      "log.retention.hours=168\n"
      "log.segment.bytes=1073741824\n"
      "log.retention.check.interval.ms=300000\n"
      "message.max.bytes=2000000\n"
      "default.replication.factor=3\n"
      "zookeeper.connect=localhost:2181\n");
  CHECK(loaded.config.node_id == 0);
  CHECK(loaded.config.data_dir == "/tmp/kraft-combined-logs");
  CHECK(loaded.config.socket_send_buffer_bytes == 102'400);
  CHECK(loaded.config.listeners == std::vector<ListenerConfig>{{.name = "PLAINTEXT",
                                                                .host = "",
                                                                .port = 9092,
                                                                .advertised_host = "localhost",
                                                                .advertised_port = 9092}});
  CHECK(loaded.config.topic_defaults.retention_ms == 604'800'000);
  CHECK(loaded.config.topic_defaults.segment_bytes == 1 << 30);
  CHECK(loaded.config.topic_defaults.max_message_bytes == 2'000'000);
  CHECK(loaded.config.topic_defaults.flush_messages == 1);
  CHECK(loaded.config.offsets_topic_num_partitions == 3);
  CHECK(loaded.config.group_initial_rebalance_delay_ms == 0);
  REQUIRE(loaded.notes.size() == 2);
  CHECK(loaded.notes[0] ==
        "Settings of Kafka's that mean nothing here and are passed over: process.roles, "
        "controller.quorum.bootstrap.servers, inter.broker.listener.name, num.network.threads, "
        "num.io.threads, num.recovery.threads.per.data.dir, offsets.topic.replication.factor, "
        "group.coordinator.rebalance.protocols, share.coordinator.state.topic.min.isr, "
        "transaction.state.log.min.isr, default.replication.factor, zookeeper.connect");
  CHECK_THAT(loaded.notes[1], Catch::Contains("CONTROLLER is for Kafka's controllers"));
}

TEST_CASE("of several names for one setting Kafka's order decides, and a note says so") {
  const auto loaded = good_properties(
      "log.retention.ms=1000\nlog.retention.hours=2\nlog.retention.minutes=3\n"
      "log.dir=/a\nlog.dirs=/b\nbroker.id=4\nnode.id=5\nlog.roll.hours=1\nlog.roll.ms=7\n"
      "num.partitions=2\nnum.partitions=3\n");
  CHECK(loaded.config.topic_defaults.retention_ms == 1000);
  CHECK(loaded.config.data_dir == "/b");
  CHECK(loaded.config.node_id == 5);
  CHECK(loaded.config.num_partitions == 3);
  CHECK(loaded.notes.size() == 6);
  CHECK_THAT(loaded.notes[0], Catch::EndsWith("'log.retention.hours' has no effect beside "
                                              "'log.retention.ms' at " +
                                              loaded.origins.at("topics.defaults.retention.ms")));

  CHECK(good_properties("log.retention.minutes=3\nlog.retention.hours=2\n")
            .config.topic_defaults.retention_ms == 180'000);
  CHECK(good_properties("log.retention.hours=-1\n").config.topic_defaults.retention_ms == -1);
  CHECK(good_properties("log.roll.hours=2\nlog.roll.jitter.hours=1\n")
            .config.topic_defaults.segment_ms == 7'200'000);
  // A stronger source stands above a better name.
  const TemporaryFile file("server.properties", "log.retention.ms=1000\n");
  CHECK(good({.file = file.path(), .environment = {"STELE_LOG_RETENTION_HOURS=1"}})
            .config.topic_defaults.retention_ms == 3'600'000);
}

TEST_CASE("every problem is told at once, each with its place and what was meant") {
  const TemporaryFile file("stele.yaml",
                           "node.idd: 1\n"
                           "threads: many\n"
                           "topics:\n"
                           "  defaults:\n"
                           "    segment.bytes: 1k\n"
                           "    retention.ms: -2\n"
                           "retention.ms: 7d\n");
  // NOLINTBEGIN(bugprone-suspicious-missing-comma): lines longer than ours.
  CHECK(bad({.file = file.path(),
             .environment = {"STELE_QQ", "STELE_NODE_IDS=1", "STELE_NUM_PARTITIONS=0"},
             .flags = {{"--listen", "listeners", "localhost"}}}) ==
        Lines{"f:1:1: There is no setting 'node.idd'. Did you mean 'node.id'?",
              "f:2:1: Invalid value many for configuration threads: Not a number of type INT",
              "f:5:5: Invalid value 1k for configuration topics.defaults.segment.bytes: Not a "
              "size: write a number of bytes, or one with KiB, MiB, GiB, TiB (of 1024) or kB, MB, "
              "GB, TB (of 1000), as in 64MiB",
              "f:6:5: Invalid value -2 for configuration topics.defaults.retention.ms: Value must "
              "be at least -1",
              "f:7:1: 'retention.ms' is a setting of topics; for the default of all of them write "
              "'topics.defaults.retention.ms'",
              "STELE_NODE_IDS: There is no such setting. Did you mean 'STELE_NODE_ID'?",
              "STELE_QQ: There is no such setting",
              "STELE_NUM_PARTITIONS: Invalid value 0 for configuration num.partitions: Value must "
              "be at least 1",
              "--listen: 'localhost' has no port; write HOST:PORT, as in 127.0.0.1:9092"});
  // NOLINTEND(bugprone-suspicious-missing-comma)
}

TEST_CASE("unknown settings are told with the nearest that there is") {
  CHECK(bad_yaml("log.retntion.ms: 1") ==
        Lines{"f:1:1: There is no setting 'log.retntion.ms'. Did you mean 'log.retention.ms'?"});
  CHECK(bad_yaml("topics.defaults.retention: 1") ==
        Lines{"f:1:1: There is no setting 'topics.defaults.retention'. Did you mean "
              "'topics.defaults.retention.ms'?"});
  CHECK(bad_yaml("segmnet.bytes: 1") ==
        Lines{"f:1:1: There is no setting 'segmnet.bytes'. Did you mean "
              "'topics.defaults.segment.bytes'?"});
  CHECK(bad_yaml("xyzzy: 1") == Lines{"f:1:1: There is no setting 'xyzzy'"});
  CHECK(bad_yaml("leader.replication.throttled.replicas: '*'") ==
        Lines{"f:1:1: 'leader.replication.throttled.replicas' is a setting of topics and has no "
              "default for all "
              "of them"});
  CHECK(bad_properties("log.retention.houres=1") ==
        Lines{"f:1:1: There is no setting 'log.retention.houres'. Did you mean "
              "'log.retention.hours'?"});
  CHECK(bad_properties("group.max.sise=1") ==
        Lines{"f:1:1: There is no setting 'group.max.sise'. Did you mean 'group.max.size'?"});
  CHECK(bad({.flags = {{"--set", "node", "1"}}}).size() == 1);
}

TEST_CASE("settings of Kafka's without a meaning are refused outside of its own format") {
  CHECK(bad_yaml("num.io.threads: 8") ==
        Lines{"f:1:1: 'num.io.threads' is a setting of Kafka's that means nothing here; remove "
              "it"});
}

TEST_CASE("settings of Kafka's that somebody counts on are refused in any format") {
  CHECK(bad_properties("authorizer.class.name=org.apache.kafka...StandardAuthorizer") ==
        Lines{"f:1:1: There is no authorization in this version: any client may do anything. "
              "Remove the line to start all the same"});
  CHECK(good_properties("authorizer.class.name=\nsuper.users=User:admin\n").notes.size() == 1);
}

TEST_CASE("one directory holds everything") {
  CHECK(bad_properties("log.dirs=/a,/b") ==
        Lines{"f:1:1: 'log.dirs' names several directories (/a,/b). Everything is kept in one "
              "here: name that one"});
  CHECK(bad_yaml("data.dir: ''") ==
        Lines{"f:1:1: Invalid value  for configuration data.dir: It must not be empty"});
  CHECK(good_yaml("data.dir: '/odd, but a name'").config.data_dir == "/odd, but a name");
}

TEST_CASE("values out of range are refused") {
  const auto row = GENERATE(values<std::pair<std::string, std::string>>({
      {"node.id", "-1"},
      {"node.id", "2147483648"},
      {"num.partitions", "10001"},
      {"threads", "-1"},
      {"fetch.max.bytes", "1023"},
      {"socket.request.max.bytes", "2GiB"},
      {"max.connections", "0"},
      {"log.level", "verbose"},
      {"log.format", "xml"},
      {"auto.create.topics.enable", "yes"},
      {"producer.id.expiration.ms", "0"},
      {"request.memory.bytes", "1"},
      {"shutdown.timeout.ms", "-1"},
      {"cluster.id", "''"},
      {"group.initial.rebalance.delay.ms", "-1"},
      {"group.max.session.timeout.ms", "25d"},
      {"group.max.size", "0"},
      {"offset.metadata.max.bytes", "-1"},
      {"offsets.retention.minutes", "0"},
      {"offsets.topic.num.partitions", "10001"},
      {"offsets.topic.segment.bytes", "1023KiB"},
  }));
  INFO(row.first << ": " << row.second);
  CHECK(bad_yaml(row.first + ": " + row.second).size() == 1);
  CHECK(good_yaml("node.id: 0").config.node_id == 0);
  CHECK(good_yaml("node.id: 2147483647").config.node_id == 2'147'483'647);
}

TEST_CASE("topic defaults that contradict each other are refused") {
  CHECK(bad_yaml("topics.defaults:\n  max.compaction.lag.ms: 1s\n  min.compaction.lag.ms: 2s\n") ==
        Lines{"f:3:3: conflict topic config setting min.compaction.lag.ms (2000) > "
              "max.compaction.lag.ms (1000)"});
}

TEST_CASE("more replicas than one cannot be had, and a note says what that means") {
  const auto loaded = good_properties("min.insync.replicas=2");
  CHECK(loaded.config.topic_defaults.min_insync_replicas == 2);
  REQUIRE(loaded.notes.size() == 1);
  CHECK_THAT(loaded.notes[0], Catch::Contains("acks=all is refused"));
}

TEST_CASE("a file that cannot be read is a problem") {
  CHECK(bad({.file = "/nowhere/stele.yaml"}) == Lines{"f: There is no such file"});
  CHECK(bad({.file = "/nowhere/stele.conf"}) ==
        Lines{"f: is neither .yaml (or .yml) nor .properties; its name must say which it is"});
  CHECK(bad({.file = "/dev/zero"}).size() == 1);
  const TemporaryFile large("stele.yml", std::string((4 << 20) + 1, '#'));
  CHECK(bad({.file = large.path()}) == Lines{"f: is too large to be a configuration file"});
  CHECK(bad_yaml("a: [") == Lines{"f:1:1: is not YAML: end of sequence flow not found"});
}

TEST_CASE("no two settings have one name in the environment") {
  std::map<std::string, std::string> seen;
  for (const auto& known : config::known_names()) {
    const auto [other, is_new] = seen.emplace(config::environment_name(known.name), known.name);
    INFO(known.name << " and " << other->second);
    CHECK(is_new);
  }
  CHECK(config::environment_name("a-b.c") == "STELE_A_B_C");
}

TEST_CASE("what this process was given is read") {
  const auto entries = config::process_environment();
  CHECK(std::ranges::any_of(entries, [](const auto& e) { return e.starts_with("PATH="); }));
}

}  // namespace
