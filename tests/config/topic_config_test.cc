#include "config/topic_config.h"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace {

using config::TopicOverrides;

/// The sentence of the refusal; "" if there is none.
std::string refusal(const TopicOverrides& overrides) {
  const auto valid = config::validate_topic_configs(overrides);
  if (valid) return "";
  CHECK(valid.error().fault == base::Fault::invalid);
  return valid.error().detail;
}

std::string shown(std::string_view name, std::string_view text) {
  return config::read_topic_value(*config::find_topic_key(name), name, text).value();
}

TEST_CASE("every topic setting of Kafka 4.3.1 is there with its default") {
  // As kafka-configs.sh --describe --all shows them; flush.messages and segment.bytes differ on
  // purpose.
  const std::vector<std::pair<std::string, std::string>> defaults{
      {"cleanup.policy", "delete"},
      {"compression.gzip.level", "-1"},
      {"compression.lz4.level", "9"},
      {"compression.type", "producer"},
      {"compression.zstd.level", "3"},
      {"delete.retention.ms", "86400000"},
      {"file.delete.delay.ms", "60000"},
      {"flush.messages", "1"},
      {"flush.ms", "9223372036854775807"},
      {"follower.replication.throttled.replicas", ""},
      {"index.interval.bytes", "4096"},
      {"leader.replication.throttled.replicas", ""},
      {"local.retention.bytes", "-2"},
      {"local.retention.ms", "-2"},
      {"max.compaction.lag.ms", "9223372036854775807"},
      {"max.message.bytes", "1048588"},
      {"message.timestamp.after.max.ms", "3600000"},
      {"message.timestamp.before.max.ms", "9223372036854775807"},
      {"message.timestamp.type", "CreateTime"},
      {"min.cleanable.dirty.ratio", "0.5"},
      {"min.compaction.lag.ms", "0"},
      {"min.insync.replicas", "1"},
      {"preallocate", "false"},
      {"remote.log.copy.disable", "false"},
      {"remote.log.delete.on.disable", "false"},
      {"remote.storage.enable", "false"},
      {"retention.bytes", "-1"},
      {"retention.ms", "604800000"},
      {"segment.bytes", "268435456"},
      {"segment.index.bytes", "10485760"},
      {"segment.jitter.ms", "0"},
      {"segment.ms", "604800000"},
      {"stele.validate.compressed", "true"},
      {"unclean.leader.election.enable", "false"},
  };
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& key : config::topic_keys()) {
    CHECK(!key.documentation.empty());
    CHECK(key.type != config::KeyType::unknown);
    if (!key.shown_when_set_only) found.emplace_back(key.name, config::topic_value({}, key.name));
  }
  CHECK(found == defaults);
}

TEST_CASE("a topic's settings are refused in Kafka's words") {
  // Seen on Apache Kafka 4.3.1.
  struct Row {
    std::string name;
    std::string value;
    std::string why;
  };
  const auto row = GENERATE(values<Row>({
      {"compression.gzip.level", "0", "Value must be between 1 and 9 or equal to -1"},
      {"compression.gzip.level", "10", "Value must be between 1 and 9 or equal to -1"},
      {"compression.lz4.level", "0", "Value must be at least 1"},
      {"compression.lz4.level", "18", "Value must be no more than 17"},
      {"compression.zstd.level", "-131073", "Value must be at least -131072"},
      {"compression.zstd.level", "23", "Value must be no more than 22"},
      {"delete.retention.ms", "-1", "Value must be at least 0"},
      {"file.delete.delay.ms", "-1", "Value must be at least 0"},
      {"flush.messages", "0", "Value must be at least 1"},
      {"flush.ms", "-1", "Value must be at least 0"},
      {"index.interval.bytes", "-1", "Value must be at least 0"},
      {"local.retention.bytes", "-3", "Value must be at least -2"},
      {"local.retention.ms", "-3", "Value must be at least -2"},
      {"max.compaction.lag.ms", "0", "Value must be at least 1"},
      {"max.message.bytes", "-1", "Value must be at least 0"},
      {"message.timestamp.after.max.ms", "-1", "Value must be at least 0"},
      {"message.timestamp.before.max.ms", "-1", "Value must be at least 0"},
      {"min.compaction.lag.ms", "-1", "Value must be at least 0"},
      {"min.insync.replicas", "0", "Value must be at least 1"},
      {"retention.ms", "-2", "Value must be at least -1"},
      {"segment.bytes", "1048575", "Value must be at least 1048576"},
      {"segment.index.bytes", "3", "Value must be at least 4"},
      {"segment.jitter.ms", "-1", "Value must be at least 0"},
      {"segment.ms", "0", "Value must be at least 1"},
      {"segment.bytes", "2147483648", "Not a number of type INT"},
      {"segment.bytes", "64MiB", "Not a number of type INT"},
      {"retention.ms", "", "Not a number of type LONG"},
      {"retention.ms", "9223372036854775808", "Not a number of type LONG"},
      {"retention.ms", " 7d ", "Not a number of type LONG"},
      {"retention.ms", "+-5", "Not a number of type LONG"},
      {"min.cleanable.dirty.ratio", "", "Not a number of type DOUBLE"},
      {"min.cleanable.dirty.ratio", "inf", "Not a number of type DOUBLE"},
      {"min.cleanable.dirty.ratio", "0.5.1", "Not a number of type DOUBLE"},
      {"preallocate", "yes", "Expected value to be either true or false"},
      {"unclean.leader.election.enable", "1", "Expected value to be either true or false"},
      {"compression.type", "GZIP",
       "String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer"},
      {"message.timestamp.type", "createtime", "String must be one of: CreateTime, LogAppendTime"},
      {"cleanup.policy", "none", "String must be one of: compact, delete"},
  }));
  INFO(row.name << "=" << row.value);
  CHECK(refusal({{row.name, row.value}}) ==
        "Invalid value " + row.value + " for configuration " + row.name + ": " + row.why);
}

TEST_CASE("a refusal shows a value as it was read where it could be read") {
  CHECK(refusal({{"min.cleanable.dirty.ratio", "2e10"}}) ==
        "Invalid value 2.0E10 for configuration min.cleanable.dirty.ratio: Value must be no more "
        "than 1");
  CHECK(refusal({{"min.cleanable.dirty.ratio", "-1"}}) ==
        "Invalid value -1.0 for configuration min.cleanable.dirty.ratio: Value must be at least 0");
  CHECK(refusal({{"cleanup.policy", "delete , Foo,Bar"}}) ==
        "Invalid value Foo for configuration cleanup.policy: String must be one of: compact, "
        "delete");
  CHECK(refusal({{"cleanup.policy", "delete,"}}) ==
        "Configuration 'cleanup.policy' values must not be empty.");
  CHECK(refusal({{"leader.replication.throttled.replicas", "0:1, *"}}) ==
        "Invalid value [0:1, *] for configuration leader.replication.throttled.replicas: "
        "leader.replication.throttled.replicas must be the literal '*' or a list of replicas in "
        "the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...");
}

TEST_CASE("the ends of every range are in it") {
  const auto set = GENERATE(values<std::pair<std::string, std::string>>({
      {"compression.gzip.level", "-1"},
      {"compression.gzip.level", "9"},
      {"compression.lz4.level", "17"},
      {"compression.zstd.level", "-131072"},
      {"compression.zstd.level", "22"},
      {"retention.bytes", "-77"},  // Kafka has no lower bound.
      {"retention.ms", "-1"},
      {"retention.ms", "9223372036854775807"},
      {"segment.bytes", "1048576"},
      {"segment.bytes", "2147483647"},
      {"max.message.bytes", "0"},
      {"min.cleanable.dirty.ratio", "0"},
      {"min.cleanable.dirty.ratio", "1.0"},
      {"cleanup.policy", ""},
      {"cleanup.policy", "delete,delete"},
      {"leader.replication.throttled.replicas", "*"},
      {"follower.replication.throttled.replicas", "0:1,,1:2"},
      {"min.insync.replicas", "4"},
      {"remote.storage.enable", "false"},
      {"remote.log.copy.disable", "true"},
  }));
  INFO(set.first << "=" << set.second);
  CHECK(refusal({{set.first, set.second}}).empty());
}

TEST_CASE("settings that are unknown or contradict each other are refused") {
  CHECK(refusal({{"foo", "bar"}, {"retention.ms", "abc"}}) == "Unknown topic config name: foo");
  CHECK(refusal({{"Retention.ms", "5"}}) == "Unknown topic config name: Retention.ms");
  CHECK(refusal({{"remote.storage.enable", " TRUE "}}) ==
        "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with "
        "remote log storage.");
  CHECK(refusal({{"min.compaction.lag.ms", "10"}, {"max.compaction.lag.ms", "5"}}) ==
        "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)");
  CHECK(refusal({{"min.compaction.lag.ms", "5"}, {"max.compaction.lag.ms", "5"}}).empty());
}

TEST_CASE("settings that Kafka 4 removed are taken and mean nothing") {
  const TopicOverrides old{{"message.format.version", "2.8"},
                           {"message.downconversion.enable", "false"},
                           {"message.timestamp.difference.max.ms", "1000"}};
  CHECK(refusal(old).empty());
  CHECK(config::resolve({}, old) == config::LogConfig{});
}

TEST_CASE("values are shown as Kafka shows them") {
  CHECK(shown("retention.ms", " 7 ") == "7");
  CHECK(shown("retention.ms", "+007") == "7");
  CHECK(shown("retention.ms", "-0") == "0");
  CHECK(shown("preallocate", " TRUE ") == "true");
  CHECK(shown("compression.type", " gzip ") == "gzip");
  CHECK(shown("cleanup.policy", " delete , compact ") == "delete,compact");
  CHECK(shown("cleanup.policy", "delete,delete") == "delete");
  CHECK(shown("leader.replication.throttled.replicas", "0:1, 1:2") == "0:1,1:2");
  CHECK(shown("min.cleanable.dirty.ratio", ".5") == "0.5");
  CHECK(shown("min.cleanable.dirty.ratio", "1") == "1.0");
  CHECK(shown("min.cleanable.dirty.ratio", "-0.0") == "-0.0");
  CHECK(shown("min.cleanable.dirty.ratio", "0.1f") == "0.1");
  CHECK(shown("min.cleanable.dirty.ratio", "0.001") == "0.001");
  CHECK(shown("min.cleanable.dirty.ratio", "1e-5") == "1.0E-5");
  CHECK(shown("min.cleanable.dirty.ratio", "0.0009765625") == "9.765625E-4");
  CHECK(shown("min.cleanable.dirty.ratio", "1e-400") == "0.0");
}

TEST_CASE("a topic's own settings hold over the broker's") {
  config::LogConfig defaults;
  defaults.retention_ms = 1000;
  defaults.cleanup_compact = true;
  const auto resolved = config::resolve(defaults, {{"flush.messages", "9223372036854775807"},
                                                   {"cleanup.policy", "delete"},
                                                   {"compression.type", "zstd"},
                                                   {"message.timestamp.type", "LogAppendTime"},
                                                   {"min.cleanable.dirty.ratio", "0.25"},
                                                   {"stele.validate.compressed", "false"},
                                                   {"from.the.future", "1"},
                                                   {"segment.ms", "a new way to say it"}});
  auto expected = defaults;
  expected.flush_messages = config::kNever;
  expected.cleanup_compact = false;
  expected.cleanup_delete = true;
  expected.compression_type = config::CompressionType::zstd;
  expected.message_timestamp_type = config::TimestampType::log_append_time;
  expected.min_cleanable_dirty_ratio = 0.25;
  expected.validate_compressed = false;
  CHECK(resolved == expected);
}

TEST_CASE("tests may ask for segments of any size") {
  const TopicOverrides both{{"internal.segment.bytes", "1024"}, {"segment.bytes", "2097152"}};
  CHECK(refusal(both).empty());
  CHECK(config::resolve({}, both).segment_bytes == 1024);
  CHECK_FALSE(refusal({{"internal.segment.bytes", "1023"}}).empty());
}

}  // namespace
