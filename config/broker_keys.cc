#include "config/broker_keys.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <filesystem>
#include <limits>
#include <type_traits>
#include <utility>

#include "protocol/base/assert.h"

namespace config {
namespace {

constexpr std::int64_t kInt32Max = std::numeric_limits<std::int32_t>::max();

struct Row {
  BrokerKey key;
  Rule rule;
  std::optional<Value> (*get)(const BrokerConfig&) = nullptr;
  void (*put)(BrokerConfig&, const Value&) = nullptr;
};

template <auto member>
using MemberType = std::remove_cvref_t<decltype(std::declval<BrokerConfig>().*member)>;

template <class T>
constexpr KeyType type_of() {
  if constexpr (std::same_as<T, bool>) return KeyType::boolean;
  if constexpr (std::same_as<T, std::int32_t>) return KeyType::int32;
  if constexpr (std::same_as<T, std::int64_t>) return KeyType::int64;
  return KeyType::string;
}

Value to_value(bool v) { return v; }
Value to_value(std::int32_t v) { return std::int64_t{v}; }
Value to_value(std::int64_t v) { return v; }
Value to_value(const std::string& v) { return v; }
Value to_value(const std::filesystem::path& v) { return v.string(); }
std::optional<Value> to_value(const std::optional<std::string>& v) {
  if (!v) return std::nullopt;
  return *v;
}

template <class T>
void from_value(T& member, const Value& value) {
  if constexpr (std::same_as<T, bool>) {
    member = std::get<bool>(value);
  } else if constexpr (std::integral<T>) {
    member = static_cast<T>(std::get<std::int64_t>(value));
  } else {
    member = std::get<std::string>(value);
  }
}

/// A setting that is one member of BrokerConfig.
template <auto member>
constexpr Row row(std::string_view name, Rule rule, std::string_view documentation,
                  std::string_view kafka_name = {}) {
  auto type = type_of<MemberType<member>>();
  // Whatever the member is, so that nobody has to convert: to clients it is what Kafka says.
  if (type == KeyType::int64 && rule.at_most == kInt32Max) type = KeyType::int32;
  return {.key = {name, kafka_name, type, documentation},
          .rule = rule,
          .get = [](const BrokerConfig& c) -> std::optional<Value> { return to_value(c.*member); },
          .put = [](BrokerConfig& c, const Value& v) { from_value(c.*member, v); }};
}

std::optional<Value> listener_list(const BrokerConfig& config) {
  std::vector<std::string> listeners;
  listeners.reserve(config.listeners.size());
  for (const auto& listener : config.listeners)
    listeners.push_back(print_listener({listener.name, listener.host, listener.port}));
  return listeners;
}

std::optional<std::string> check_not_empty(std::string_view /*name*/, const Value& value) {
  if (!std::get<std::string>(value).empty()) return std::nullopt;
  return "It must not be empty";
}

constexpr Rule kAtLeastOne{.at_least = 1};
constexpr std::array<std::string_view, 7> kLogLevels{"trace", "debug",    "info", "warning",
                                                     "error", "critical", "off"};
constexpr std::array<std::string_view, 2> kLogFormats{"text", "json"};

/// Every setting of the broker, in order of name.
constexpr std::array kRows{
    row<&BrokerConfig::auto_create_topics_enable>(
        "auto.create.topics.enable", {},
        "Whether a topic that a client asks about, and allows to be created, is created."),
    row<&BrokerConfig::checkpoint_bytes>(
        "checkpoint.bytes", kAtLeastOne,
        "After how many new bytes a partition's recovery point is written. Recovery after a crash "
        "reads what lies above it."),
    row<&BrokerConfig::checkpoint_interval_ms>(
        "checkpoint.interval.ms", kAtLeastOne,
        "After what time a partition's recovery point is written, if anything was appended."),
    row<&BrokerConfig::clamp_replication_factor>(
        "clamp.replication.factor", {},
        "Takes a replication factor above 1 for 1, for tools that cannot be told otherwise. Else "
        "it is refused, as Kafka with one broker does."),
    row<&BrokerConfig::cluster_id>(
        "cluster.id", {.also = check_not_empty},
        "What clients are told the cluster is called. Made up at the first start if not given; "
        "another one than the data directory's is refused."),
    row<&BrokerConfig::connections_max_idle_ms>(
        "connections.max.idle.ms", kAtLeastOne,
        "A connection on which nothing happens for this long is closed."),
    row<&BrokerConfig::data_dir>(
        "data.dir", {.also = check_not_empty},
        "The one directory in which everything is kept. Created if it is not there.", "log.dirs"),
    row<&BrokerConfig::delete_topic_enable>("delete.topic.enable", {},
                                            "Whether clients may delete topics."),
    row<&BrokerConfig::disk_reserve_bytes>(
        "disk.reserve.bytes", {.at_least = 0},
        "Producers are refused while the disk has less than this free; reading goes on."),
    row<&BrokerConfig::fetch_max_bytes>(
        "fetch.max.bytes", {.at_least = 1024},
        "The most that one fetch is answered with. The first batch is sent even if it is larger."),
    row<&BrokerConfig::group_initial_rebalance_delay_ms>(
        "group.initial.rebalance.delay.ms", {.at_least = 0, .at_most = kInt32Max},
        "How long an empty group waits for more members after the first one has come, so that they "
        "share the partitions at once and not one after another."),
    row<&BrokerConfig::group_max_session_timeout_ms>(
        "group.max.session.timeout.ms", {.at_least = 0, .at_most = kInt32Max},
        "The longest that a member of a group may ask to be waited for while it is silent."),
    row<&BrokerConfig::group_max_size>("group.max.size", kAtLeastOne,
                                       "How many members a group may have. More are refused."),
    row<&BrokerConfig::group_min_session_timeout_ms>(
        "group.min.session.timeout.ms", {.at_least = 0, .at_most = kInt32Max},
        "The shortest that a member of a group may ask to be waited for while it is silent."),
    Row{.key = {"listeners", "", KeyType::list,
                "Where clients come in. Each has a bind address and may have a name and the "
                "address it tells clients to use; without one it tells them the address they "
                "reached. Port 0: the system chooses."},
        .rule = {},
        .get = listener_list},
    row<&BrokerConfig::log_format>("log.format", {.one_of = kLogFormats},
                                   "How the broker's own log lines look."),
    row<&BrokerConfig::log_level>("log.level", {.one_of = kLogLevels},
                                  "The least important lines that the broker's own log has."),
    row<&BrokerConfig::log_retention_check_interval_ms>(
        "log.retention.check.interval.ms", kAtLeastOne,
        "How often it is looked for segments that retention.ms and retention.bytes give up."),
    row<&BrokerConfig::max_connections>(
        "max.connections", kAtLeastOne,
        "How many connections there may be at once, of all listeners together. Never more than "
        "half of the file descriptors that the process may have (`ulimit -Hn`): the others are for "
        "files."),
    row<&BrokerConfig::node_id>("node.id", {.at_least = 0},
                                "The number by which clients know this broker. It must not change "
                                "later."),
    row<&BrokerConfig::num_partitions>(
        "num.partitions", {.at_least = 1, .at_most = 10'000},
        "How many partitions a topic gets that does not say how many it wants."),
    row<&BrokerConfig::offset_metadata_max_bytes>(
        "offset.metadata.max.bytes", {.at_least = 0},
        "How long the note may be that a consumer commits with an offset."),
    row<&BrokerConfig::offsets_retention_check_interval_ms>(
        "offsets.retention.check.interval.ms", kAtLeastOne,
        "How often it is looked for offsets to forget."),
    row<&BrokerConfig::offsets_retention_minutes>(
        "offsets.retention.minutes", {.at_least = 1, .at_most = kInt32Max},
        "After what time offsets are forgotten that nobody uses: of a group that has had no member "
        "for so long, of a topic that its group does not read any more, and committed by consumers "
        "that are in no group."),
    row<&BrokerConfig::offsets_topic_num_partitions>(
        "offsets.topic.num.partitions", {.at_least = 1, .at_most = 10'000},
        "How many partitions __consumer_offsets is created with. Later changes have no effect: "
        "they would separate groups from their offsets."),
    row<&BrokerConfig::offsets_topic_segment_bytes>(
        "offsets.topic.segment.bytes", {.at_least = 1 << 20},
        "The segment.bytes that __consumer_offsets is created with."),
    row<&BrokerConfig::producer_id_expiration_ms>(
        "producer.id.expiration.ms", {.at_least = 1, .at_most = kInt32Max},
        "How long a partition remembers an idempotent producer that is silent."),
    row<&BrokerConfig::request_memory_bytes>(
        "request.memory.bytes", {.at_least = 1 << 20},
        "How much memory all requests together may take up. Beyond it connections wait. Members of "
        "groups may have half as much again."),
    row<&BrokerConfig::shutdown_timeout_ms>(
        "shutdown.timeout.ms", {.at_least = 0},
        "How long a stop waits for requests that are being worked on."),
    row<&BrokerConfig::socket_listen_backlog_size>(
        "socket.listen.backlog.size", kAtLeastOne,
        "How many connections may wait to be accepted, for each listener."),
    row<&BrokerConfig::socket_receive_buffer_bytes>(
        "socket.receive.buffer.bytes", {.at_least = -1},
        "SO_RCVBUF of client connections. -1: what the system thinks best."),
    row<&BrokerConfig::socket_request_max_bytes>(
        "socket.request.max.bytes", {.at_least = 1, .at_most = kInt32Max},
        "The largest request. A client that announces a larger one is disconnected."),
    row<&BrokerConfig::socket_send_buffer_bytes>(
        "socket.send.buffer.bytes", {.at_least = -1},
        "SO_SNDBUF of client connections. -1: what the system thinks best."),
    row<&BrokerConfig::threads>("threads", {.at_least = 0, .at_most = 1024},
                                "Event loops, one thread each. 0: as many as the cores the process "
                                "may use call for."),
};

constexpr auto kKeys = [] {
  std::array<BrokerKey, kRows.size()> keys;
  std::ranges::transform(kRows, keys.begin(), &Row::key);
  return keys;
}();
static_assert(std::ranges::is_sorted(kKeys, {}, &BrokerKey::name), "for those who show them");

const Row& row_of(const BrokerKey& key) {
  const auto* found =
      std::ranges::find(kRows, key.name, [](const Row& candidate) { return candidate.key.name; });
  ASSERT(found != kRows.end(), "one of broker_keys()");
  return *found;
}

}  // namespace

std::span<const BrokerKey> broker_keys() { return kKeys; }

const BrokerKey* find_broker_key(std::string_view name) {
  const auto* found = std::ranges::find_if(kKeys, [name](const BrokerKey& key) {
    return key.name == name || (!name.empty() && key.kafka_name == name);
  });
  return found == kKeys.end() ? nullptr : found;
}

std::optional<std::string> broker_value(const BrokerConfig& config, const BrokerKey& key) {
  const auto value = row_of(key).get(config);
  if (!value) return std::nullopt;
  return print_value(*value);
}

base::Result<> set_broker_value(BrokerConfig& config, const BrokerKey& key,
                                std::string_view shown_name, std::string_view text) {
  const auto& row = row_of(key);
  ASSERT(row.put != nullptr, "listeners are no single value");
  row.put(config, TRY(read_value(shown_name, key.type, row.rule, text)));
  return {};
}

}  // namespace config
