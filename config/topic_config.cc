#include "config/topic_config.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "protocol/base/assert.h"

namespace config {
namespace {

/// One setting: how it is named and described, what it may be, and where its value lives.
struct Row {
  TopicKey key;
  Rule rule;
  Value (*get)(const LogConfig&) = nullptr;  // Null: it has no effect here.
  void (*put)(LogConfig&, const Value&) = nullptr;
  std::string_view inert_default;
};

template <auto member>
using MemberType = std::remove_cvref_t<decltype(std::declval<LogConfig>().*member)>;

template <class T>
constexpr KeyType type_of() {
  if constexpr (std::same_as<T, bool>) return KeyType::boolean;
  if constexpr (std::same_as<T, std::int32_t>) return KeyType::int32;
  if constexpr (std::same_as<T, std::int64_t>) return KeyType::int64;
  if constexpr (std::same_as<T, double>) return KeyType::float64;
}

/// A setting that is one number or flag of LogConfig.
template <auto member>
constexpr Row row(std::string_view name, std::string_view broker_name, Rule rule,
                  std::string_view documentation) {
  using T = MemberType<member>;
  using Read = std::conditional_t<std::same_as<T, std::int32_t>, std::int64_t, T>;
  return {
      .key = {name, broker_name, type_of<T>(), documentation},
      .rule = rule,
      .get = [](const LogConfig& c) -> Value { return Read{c.*member}; },
      .put = [](LogConfig& c, const Value& v) { c.*member = static_cast<T>(std::get<Read>(v)); }};
}

/// A setting that is one of several words.
template <auto member, const auto& words, const auto& meanings>
constexpr Row choice(std::string_view name, std::string_view broker_name,
                     std::string_view documentation) {
  return {.key = {name, broker_name, KeyType::string, documentation},
          .rule = {.one_of = words},
          .get = [](const LogConfig& c) -> Value {
            const auto at = std::ranges::find(meanings, c.*member) - meanings.begin();
            return std::string(words[static_cast<std::size_t>(at)]);
          },
          .put =
              [](LogConfig& c, const Value& v) {
                const auto at = std::ranges::find(words, std::get<std::string>(v)) - words.begin();
                c.*member = meanings[static_cast<std::size_t>(at)];
              }};
}

/// A setting that is checked, kept and shown, and has no effect here.
constexpr Row inert(TopicKey key, std::string_view default_value, Rule rule = {}) {
  return {.key = key, .rule = rule, .inert_default = default_value};
}

constexpr Row shown_when_set_only(Row row) {
  row.key.shown_when_set_only = true;
  return row;
}

constexpr Rule kAtLeastZero{.at_least = 0};
constexpr Rule kAtLeastOne{.at_least = 1};

constexpr std::array<std::string_view, 2> kPolicies{"compact", "delete"};

constexpr std::array<std::string_view, 6> kCompressionNames{"uncompressed", "zstd", "lz4",
                                                            "snappy",       "gzip", "producer"};
constexpr std::array kCompressionTypes{CompressionType::uncompressed, CompressionType::zstd,
                                       CompressionType::lz4,          CompressionType::snappy,
                                       CompressionType::gzip,         CompressionType::producer};

constexpr std::array<std::string_view, 2> kTimestampNames{"CreateTime", "LogAppendTime"};
constexpr std::array kTimestampTypes{TimestampType::create_time, TimestampType::log_append_time};

std::optional<std::string> check_gzip_level(std::string_view /*name*/, const Value& value) {
  const auto level = std::get<std::int64_t>(value);
  if (level == -1 || (1 <= level && level <= 9)) return std::nullopt;
  return "Value must be between 1 and 9 or equal to -1";
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::string> check_throttled(std::string_view name, const Value& value) {
  const auto& replicas = std::get<std::vector<std::string>>(value);
  const bool legal = std::ranges::all_of(replicas, [](std::string_view replica) {
    const auto colon = replica.find(':');
    return replica.empty() ||
           (colon != std::string_view::npos && is_digits(replica.substr(0, colon)) &&
            is_digits(replica.substr(colon + 1)));
  });
  if (legal || fmt::format("{}", fmt::join(replicas, "")) == "*") return std::nullopt;
  return fmt::format(
      "{} must be the literal '*' or a list of replicas in the following format: "
      "[partitionId]:[brokerId],[partitionId]:[brokerId],...",
      name);
}

/// Every setting of a topic, in order of name. Ranges are those of Kafka 4.3.1; what differs on
/// purpose is in docs/compatibility.md.
constexpr std::array kRows{
    Row{.key =
            {"cleanup.policy", "log.cleanup.policy", KeyType::list,
             "How old records leave: delete drops whole segments by age and size, compact keeps "
             "the last record of each key. Both may be given; with neither, nothing ever leaves."},
        .rule = {.one_of = kPolicies},
        .get = [](const LogConfig& c) -> Value {
          std::vector<std::string> policies;
          if (c.cleanup_compact) policies.emplace_back("compact");
          if (c.cleanup_delete) policies.emplace_back("delete");
          return policies;
        },
        .put =
            [](LogConfig& c, const Value& v) {
              const auto& policies = std::get<std::vector<std::string>>(v);
              c.cleanup_compact = std::ranges::find(policies, "compact") != policies.end();
              c.cleanup_delete = std::ranges::find(policies, "delete") != policies.end();
            }},
    row<&LogConfig::compression_gzip_level>(
        "compression.gzip.level", "compression.gzip.level", {.also = check_gzip_level},
        "How hard gzip works when the broker compresses: 1 to 9, or -1 for gzip's own choice."),
    row<&LogConfig::compression_lz4_level>("compression.lz4.level", "compression.lz4.level",
                                           {.at_least = 1, .at_most = 17},
                                           "How hard lz4 works when the broker compresses."),
    choice<&LogConfig::compression_type, kCompressionNames, kCompressionTypes>(
        "compression.type", "compression.type",
        "The codec batches are stored in. producer: whatever the producer chose."),
    row<&LogConfig::compression_zstd_level>("compression.zstd.level", "compression.zstd.level",
                                            {.at_least = -131072, .at_most = 22},
                                            "How hard zstd works when the broker compresses."),
    row<&LogConfig::delete_retention_ms>(
        "delete.retention.ms", "log.cleaner.delete.retention.ms", kAtLeastZero,
        "How long compaction keeps tombstones: a reader that takes longer than this from the "
        "beginning may miss a deletion."),
    row<&LogConfig::file_delete_delay_ms>(
        "file.delete.delay.ms", "log.segment.delete.delay.ms", kAtLeastZero,
        "How long a segment's files stay on disk after it left the log."),
    row<&LogConfig::flush_messages>(
        "flush.messages", "log.flush.interval.messages", kAtLeastOne,
        "1: records are acknowledged and become visible once they are synced to disk. Any other "
        "number: at once, with a sync after that many records, as in Kafka."),
    row<&LogConfig::flush_ms>("flush.ms", "log.flush.interval.ms", kAtLeastZero,
                              "Where flush.messages is not 1: the longest a record waits for a "
                              "sync."),
    inert({"follower.replication.throttled.replicas", "", KeyType::list,
           "Replicas whose followers are throttled. One broker has no followers: no effect."},
          "", {.also = check_throttled}),
    row<&LogConfig::index_interval_bytes>(
        "index.interval.bytes", "log.index.interval.bytes", kAtLeastZero,
        "About how many bytes of log lie between two entries of its offset index."),
    // Kafka has no lower bound; a segment that holds nothing helps nobody.
    shown_when_set_only(
        row<&LogConfig::segment_bytes>("internal.segment.bytes", "", {.at_least = 1024},
                                       "segment.bytes without its lower bound. For tests only.")),
    inert({"leader.replication.throttled.replicas", "", KeyType::list,
           "Replicas whose leaders are throttled. One broker has no followers: no effect."},
          "", {.also = check_throttled}),
    inert({"local.retention.bytes", "log.local.retention.bytes", KeyType::int64,
           "How much of a tiered log stays local; -2: retention.bytes. No effect without tiering."},
          "-2", {.at_least = -2}),
    inert({"local.retention.ms", "log.local.retention.ms", KeyType::int64,
           "How long segments of a tiered log stay local; -2: retention.ms. No effect without "
           "tiering."},
          "-2", {.at_least = -2}),
    row<&LogConfig::max_compaction_lag_ms>(
        "max.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms", kAtLeastOne,
        "The longest a record of a compacted topic escapes compaction."),
    row<&LogConfig::max_message_bytes>(
        "max.message.bytes", "message.max.bytes", kAtLeastZero,
        "The largest batch a producer may send, as it is stored (compressed)."),
    shown_when_set_only(
        inert({"message.downconversion.enable", "log.message.downconversion.enable",
               KeyType::boolean, "Accepted for old tools; Kafka removed it in 4.0. No effect."},
              "true")),
    shown_when_set_only(
        inert({"message.format.version", "log.message.format.version", KeyType::string,
               "Accepted for old tools; Kafka removed it in 4.0. No effect."},
              "3.0-IV1")),
    row<&LogConfig::message_timestamp_after_max_ms>(
        "message.timestamp.after.max.ms", "log.message.timestamp.after.max.ms", kAtLeastZero,
        "With CreateTime: how far ahead of the broker's clock a record may be dated."),
    row<&LogConfig::message_timestamp_before_max_ms>(
        "message.timestamp.before.max.ms", "log.message.timestamp.before.max.ms", kAtLeastZero,
        "With CreateTime: how far behind the broker's clock a record may be dated."),
    shown_when_set_only(
        inert({"message.timestamp.difference.max.ms", "log.message.timestamp.difference.max.ms",
               KeyType::int64, "Accepted for old tools; Kafka removed it in 4.0. No effect."},
              "9223372036854775807", kAtLeastZero)),
    choice<&LogConfig::message_timestamp_type, kTimestampNames, kTimestampTypes>(
        "message.timestamp.type", "log.message.timestamp.type",
        "Whose time records carry: the producer's (CreateTime) or the broker's (LogAppendTime)."),
    row<&LogConfig::min_cleanable_dirty_ratio>(
        "min.cleanable.dirty.ratio", "log.cleaner.min.cleanable.ratio",
        {.at_least = 0, .at_most = 1},
        "Which part of a compacted log must be new before it is compacted again."),
    row<&LogConfig::min_compaction_lag_ms>(
        "min.compaction.lag.ms", "log.cleaner.min.compaction.lag.ms", kAtLeastZero,
        "How long a record of a compacted topic is safe from compaction."),
    row<&LogConfig::min_insync_replicas>(
        "min.insync.replicas", "min.insync.replicas", kAtLeastOne,
        "How many replicas must have a record before acks=all is answered. There is one here: a "
        "topic that asks for more refuses acks=all, as in Kafka."),
    row<&LogConfig::preallocate>("preallocate", "log.preallocate", {},
                                 "Kept for Kafka's tools. Segments are always preallocated here."),
    inert({"remote.log.copy.disable", "", KeyType::boolean,
           "Stops copying segments to a remote tier. No effect without tiering."},
          "false"),
    inert({"remote.log.delete.on.disable", "", KeyType::boolean,
           "Deletes the remote tier's copy when tiering ends. No effect without tiering."},
          "false"),
    inert({"remote.storage.enable", "", KeyType::boolean,
           "Moves old segments to a remote tier. There is none yet: true is refused."},
          "false"),
    row<&LogConfig::retention_bytes>(
        "retention.bytes", "log.retention.bytes", {},
        "With the delete policy: a partition's oldest segments leave while it is larger than this. "
        "-1: no limit."),
    row<&LogConfig::retention_ms>(
        "retention.ms", "log.retention.ms", {.at_least = -1},
        "With the delete policy: segments leave when their newest record is older than this. -1: "
        "never."),
    row<&LogConfig::segment_bytes>("segment.bytes", "log.segment.bytes", {.at_least = 1 << 20},
                                   "A segment is closed before it would grow past this."),
    row<&LogConfig::segment_index_bytes>(
        "segment.index.bytes", "log.index.size.max.bytes", {.at_least = 4},
        "A segment is closed when its index would grow past this."),
    row<&LogConfig::segment_jitter_ms>(
        "segment.jitter.ms", "log.roll.jitter.ms", kAtLeastZero,
        "Up to so much, by chance, is taken off segment.ms, so that not all segments close at "
        "once."),
    row<&LogConfig::segment_ms>("segment.ms", "log.roll.ms", kAtLeastOne,
                                "A segment is closed at this age even if it is small."),
    row<&LogConfig::validate_compressed>(
        "stele.validate.compressed", "stele.validate.compressed", {},
        "Whether the records inside compressed batches are checked as they come in, like those of "
        "other batches."),
    inert({"unclean.leader.election.enable", "unclean.leader.election.enable", KeyType::boolean,
           "Whether a replica that lags may become leader. There is one replica: no effect."},
          "false"),
};

constexpr auto kKeys = [] {
  std::array<TopicKey, kRows.size()> keys;
  std::ranges::transform(kRows, keys.begin(), &Row::key);
  return keys;
}();
static_assert(std::ranges::is_sorted(kKeys, {}, &TopicKey::name), "find_topic_key searches it");

const Row* find_row(std::string_view name) {
  const auto* found = std::ranges::lower_bound(
      kRows, name, {}, [](const Row& candidate) { return candidate.key.name; });
  return found == kRows.end() || found->key.name != name ? nullptr : found;
}

/// The setting's value, or nothing where it is not set or not one this version understands.
std::optional<Value> override_of(const TopicOverrides& overrides, const Row& row) {
  const auto set = overrides.find(row.key.name);
  if (set == overrides.end()) return std::nullopt;
  auto value = read_value(row.key.name, row.key.type, row.rule, set->second);
  if (!value) return std::nullopt;
  return std::move(*value);
}

}  // namespace

std::span<const TopicKey> topic_keys() { return kKeys; }

const TopicKey* find_topic_key(std::string_view name) {
  const auto* row = find_row(name);
  return row == nullptr ? nullptr : &kKeys[static_cast<std::size_t>(row - kRows.data())];
}

const TopicKey* find_topic_default(std::string_view broker_name) {
  const auto keys = topic_keys();
  const auto found = std::ranges::find(keys, broker_name, &TopicKey::broker_name);
  return broker_name.empty() || found == keys.end() ? nullptr : &*found;
}

std::string topic_value(const LogConfig& config, std::string_view name) {
  const auto* row = find_row(name);
  ASSERT(row != nullptr, "a name of topic_keys()");
  return row->get == nullptr ? std::string(row->inert_default) : print_value(row->get(config));
}

base::Result<std::string> read_topic_value(const TopicKey& key, std::string_view shown_name,
                                           std::string_view text) {
  const auto* row = find_row(key.name);
  ASSERT(row != nullptr, "one of topic_keys()");
  return print_value(TRY(read_value(shown_name, row->key.type, row->rule, text)));
}

base::Result<> validate_topic_configs(const TopicOverrides& overrides) {
  for (const auto& [name, text] : overrides) {
    if (find_row(name) == nullptr)
      return base::fail(base::Fault::invalid, "Unknown topic config name: " + name);
  }
  for (const auto& [name, text] : overrides)
    TRY(read_topic_value(*find_topic_key(name), name, text));

  if (const auto remote = override_of(overrides, *find_row("remote.storage.enable"));
      remote && std::get<bool>(*remote))
    return base::fail(base::Fault::invalid,
                      "Tiered Storage functionality is disabled in the broker. Topic cannot be "
                      "configured with remote log storage.");
  const auto config = resolve({}, overrides);
  if (config.min_compaction_lag_ms > config.max_compaction_lag_ms)
    return base::fail(base::Fault::invalid,
                      fmt::format("conflict topic config setting min.compaction.lag.ms ({}) > "
                                  "max.compaction.lag.ms ({})",
                                  config.min_compaction_lag_ms, config.max_compaction_lag_ms));
  return {};
}

LogConfig resolve(const LogConfig& defaults, const TopicOverrides& overrides) {
  auto config = defaults;
  for (const auto& row : kRows) {
    if (row.put == nullptr) continue;
    if (const auto value = override_of(overrides, row)) row.put(config, *value);
  }
  // It stands above segment.bytes, which comes after it in order of name.
  const auto& test_only = *find_row("internal.segment.bytes");
  if (const auto value = override_of(overrides, test_only)) test_only.put(config, *value);
  return config;
}

}  // namespace config
