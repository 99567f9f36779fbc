#include "broker/topics/topic_store.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/broker_bench.h"

using broker::NewTopic;
using broker::TopicDecision;
using protocol::ErrorCode;
using test::SimFileSystem;
using test_support::batch_of;
using test_support::BrokerBench;
using test_support::Started;

namespace {

using Decisions = std::vector<TopicDecision>;

/// Directories of partitions in the data directory, the metadata log's aside.
std::size_t partition_directories(BrokerBench& bench) {
  return bench.directory->list().value().partitions.size();
}

std::optional<Decisions> create(BrokerBench& bench, std::vector<NewTopic> wanted,
                                bool validate_only = false) {
  return bench.result_of(bench.topics->create(bench.loop, std::move(wanted), validate_only));
}

/// Nothing if the broker has stopped before it could answer.
std::optional<ErrorCode> error_of_creation(BrokerBench& bench, const NewTopic& wanted) {
  const auto decisions = create(bench, {wanted});
  return decisions ? std::optional(decisions->front().error) : std::nullopt;
}

std::optional<ErrorCode> grow(BrokerBench& bench, const std::string& name, std::int32_t count) {
  const auto decision =
      bench.result_of(bench.topics->grow(bench.loop, name, count, std::nullopt, false));
  return decision ? std::optional(decision->error) : std::nullopt;
}

ErrorCode remove(BrokerBench& bench, const base::Uuid& id) {
  return bench.result_of(bench.topics->remove(bench.loop, id))->error;
}

base::ProducerId new_producer_id(BrokerBench& bench) {
  return bench.result_of(bench.topics->new_producer_id(bench.loop))->value();
}

void run_workers(BrokerBench& bench) {
  bench.run_until([&] { return bench.pool.posted() == 0 && bench.loop.posted() == 0; });
}

/// Produces one record and waits for the answer.
ErrorCode produce(BrokerBench& bench, const std::string& topic, const std::string& value) {
  std::optional<ErrorCode> error;
  bench.topic(topic)->partition(0)->produce(
      batch_of({.name = value}), broker::AckWhen::committed,
      [&](broker::ProduceOutcome outcome) { error = outcome.error; });
  bench.run_until([&] { return error.has_value(); });
  return error.value();
}

}  // namespace

TEST_CASE("a created topic is seen with its partitions, its id and its settings", "[topics]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto before = bench.topics->image();
  const auto decisions =
      create(bench, {{.name = "orders", .num_partitions = 3, .configs = {{"retention.ms", "-1"}}}});
  REQUIRE(decisions);
  REQUIRE(decisions->front().error == ErrorCode::none);
  const auto* topic = bench.topic("orders");
  REQUIRE(topic != nullptr);
  CHECK(topic->id == decisions->front().topic_id);
  CHECK(topic->partitions.size() == 3);
  CHECK(topic->partition(2)->id() == base::TopicIdPartition{topic->id, 2});
  CHECK(topic->partition(3) == nullptr);
  CHECK(topic->partition(-1) == nullptr);
  CHECK(topic->overrides.at("retention.ms") == "-1");
  CHECK(topic->config->retention_ms == -1);
  CHECK_FALSE(topic->internal);
  CHECK(bench.topics->image()->with_id(topic->id) == topic);
  CHECK(before->named("orders") == nullptr);  // An image never changes.
  CHECK(partition_directories(bench) == 3);
  CHECK(produce(bench, "orders", "v") == ErrorCode::none);
  CHECK(bench.values("orders") == std::vector<std::string>{"v-0"});
}

TEST_CASE("each topic is decided by itself", "[topics]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto decisions =
      create(bench, {{.name = "a"}, {.name = "b c"}, {.name = "a"}, {.name = "d"}});
  REQUIRE(decisions);
  CHECK((*decisions)[0].error == ErrorCode::none);
  CHECK((*decisions)[1].error == ErrorCode::invalid_topic_exception);
  CHECK((*decisions)[2].error == ErrorCode::topic_already_exists);
  CHECK((*decisions)[3].error == ErrorCode::none);
  CHECK(bench.topics->image()->by_name.size() == 2);
}

TEST_CASE("validating a creation or growth changes nothing", "[topics]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("there");
  const auto operations = disk.operations();
  const auto decisions = create(bench, {{.name = "a"}, {.name = "there"}}, true);
  CHECK((*decisions)[0].error == ErrorCode::none);
  CHECK((*decisions)[1].error == ErrorCode::topic_already_exists);
  const auto grown =
      bench.result_of(bench.topics->grow(bench.loop, "there", 5, std::nullopt, true));
  CHECK(grown->error == ErrorCode::none);
  CHECK(disk.operations() == operations);
  CHECK(bench.topic("a") == nullptr);
  CHECK(bench.topic("there")->partitions.size() == 1);
}

TEST_CASE("of two that create one name at once one succeeds", "[topics]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  Started<Decisions> first(bench.topics->create(bench.loop, {{.name = "a"}}, false));
  Started<Decisions> second(bench.topics->create(bench.loop, {{.name = "a"}}, false));
  REQUIRE(bench.run_until([&] { return first.done() && second.done(); }));
  CHECK(first.value().front().error == ErrorCode::none);
  CHECK(second.value().front().error == ErrorCode::topic_already_exists);
  CHECK(partition_directories(bench) == 1);
}

TEST_CASE("a topic grows, and what was there stays as it was", "[topics]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  bench.make_topic("a", 1);
  bench.make_topic("b", 1);
  CHECK(produce(bench, "a", "v") == ErrorCode::none);
  const auto* partition = bench.topic("a")->partition(0);
  const auto* other = bench.topic("b");
  CHECK(grow(bench, "a", 3) == ErrorCode::none);
  CHECK(bench.topic("a")->partitions.size() == 3);
  CHECK(bench.topic("a")->partition(0) == partition);
  CHECK(bench.topic("b") == other);  // Unchanged topics are shared between images.
  CHECK(bench.values("a") == std::vector<std::string>{"v-0"});
  CHECK(grow(bench, "a", 3) == ErrorCode::invalid_partitions);
  CHECK(grow(bench, "c", 3) == ErrorCode::unknown_topic_or_partition);
}

TEST_CASE("a removed topic is forgotten when the answer comes, its files soon after", "[topics]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto id = bench.make_topic("a", 2).id;
  const auto image = bench.topics->image();
  Started<TopicDecision> removal(bench.topics->remove(bench.loop, id));
  REQUIRE(bench.loop.run_until([&] { return removal.done(); }));
  CHECK(removal.value().error == ErrorCode::none);
  CHECK(bench.topics->image()->named("a") == nullptr);
  CHECK(bench.topics->image()->with_id(id) == nullptr);
  CHECK(partition_directories(bench) == 2);
  run_workers(bench);
  CHECK(partition_directories(bench) == 0);
  CHECK(bench.directory->list().value().deletions.empty());
  CHECK(bench.leftovers.empty());
  // Who still has the old image finds its partitions, and that they are gone.
  CHECK(image->named("a")->partition(1)->deleted());
  CHECK(remove(bench, id) == ErrorCode::unknown_topic_id);
}

TEST_CASE("a topic of an old name is a new topic", "[topics]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto old = bench.make_topic("a").id;
  CHECK(produce(bench, "a", "old") == ErrorCode::none);
  CHECK(remove(bench, old) == ErrorCode::none);
  CHECK(bench.make_topic("a").id != old);
  CHECK(bench.values("a").empty());
  run_workers(bench);
  CHECK(partition_directories(bench) == 1);
}

TEST_CASE("who waits for a removed topic hears of it", "[topics]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto id = bench.make_topic("a").id;
  std::optional<ErrorCode> error;
  bench.topic("a")->partition(0)->produce(
      batch_of({.name = test_support::noise(40'000), .codec = record::Codec::lz4}),
      broker::AckWhen::committed, [&](broker::ProduceOutcome outcome) { error = outcome.error; });
  Started<TopicDecision> removal(bench.topics->remove(bench.loop, id));
  REQUIRE(bench.loop.run_until([&] { return removal.done(); }));
  CHECK_FALSE(error.has_value());  // Still on its worker.
  run_workers(bench);
  CHECK(error == ErrorCode::unknown_topic_or_partition);
}

TEST_CASE("the last who holds a removed partition may let go inside its answer", "[topics]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto id = bench.make_topic("a").id;
  auto bytes =
      test_support::batch_bytes({.name = test_support::noise(40'000), .codec = record::Codec::lz4});
  bytes.resize(bytes.size() / 2);  // Cut inside, and made to look whole: a worker refuses it.
  auto header = *record::BatchHeader::read(bytes);
  header.batch_length = static_cast<std::int32_t>(bytes.size() - 12);
  std::ranges::copy(header.to_bytes(), bytes.begin());

  auto image = bench.topics->image();
  const std::weak_ptr<broker::Partition> watched = image->named("a")->partitions[0];
  std::optional<ErrorCode> error;
  watched.lock()->produce(test_support::shared(test_support::refitted(bytes)),
                          broker::AckWhen::committed, [&](broker::ProduceOutcome outcome) {
                            error = outcome.error;
                            image.reset();
                          });
  bench.topic("nothing");  // The bench lets go of its image.
  Started<TopicDecision> removal(bench.topics->remove(bench.loop, id));
  REQUIRE(bench.loop.run_until([&] { return removal.done(); }));
  bench.topic("nothing");
  CHECK_FALSE(watched.expired());
  run_workers(bench);
  CHECK(error == ErrorCode::corrupt_message);
  CHECK(watched.expired());
}

TEST_CASE("on a nearly full disk topics are deleted and not created", "[topics]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto id = bench.make_topic("a").id;
  bench.may_append = false;
  CHECK(error_of_creation(bench, {.name = "b"}) == ErrorCode::kafka_storage_error);
  CHECK(grow(bench, "a", 2) == ErrorCode::kafka_storage_error);
  CHECK(partition_directories(bench) == 1);
  CHECK(remove(bench, id) == ErrorCode::none);
  CHECK(new_producer_id(bench) >= 0);
  bench.may_append = true;
  CHECK(error_of_creation(bench, {.name = "b"}) == ErrorCode::none);
}

TEST_CASE("a creation that finds the disk full leaves nothing and may be tried again", "[topics]") {
  bool failed = true;
  for (std::uint64_t n = 1; failed; ++n) {
    CAPTURE(n);
    SimFileSystem disk;
    BrokerBench bench(disk);
    disk.fail_at(disk.operations() + n, base::Fault::full);
    const auto error = error_of_creation(bench, {.name = "a", .num_partitions = 2});
    if (!error) continue;  // The sync of the record failed: the broker stops.
    failed = error != ErrorCode::none;
    disk.fail_at(UINT64_MAX, base::Fault::full);  // No more of that.
    if (failed) {
      CHECK(error == ErrorCode::kafka_storage_error);
      CHECK(bench.topic("a") == nullptr);
      CHECK(error_of_creation(bench, {.name = "a", .num_partitions = 2}) == ErrorCode::none);
    }
    CHECK(produce(bench, "a", "v") == ErrorCode::none);
    CHECK(bench.broken_logs == 0);
    // Only the record's own write may leave directories: the start sets them aside.
    CHECK((partition_directories(bench) == 2 || bench.full_disks == 1));
    REQUIRE(n < 100);
  }
}

TEST_CASE("a growth that finds the disk full may be tried again", "[topics]") {
  bool failed = true;
  for (std::uint64_t n = 1; failed; ++n) {
    CAPTURE(n);
    SimFileSystem disk;
    BrokerBench bench(disk);
    bench.make_topic("a");
    CHECK(produce(bench, "a", "v") == ErrorCode::none);
    disk.fail_at(disk.operations() + n, base::Fault::full);
    const auto error = grow(bench, "a", 3);
    if (!error) continue;
    failed = error != ErrorCode::none;
    disk.fail_at(UINT64_MAX, base::Fault::full);  // No more of that.
    if (failed) {
      CHECK(error == ErrorCode::kafka_storage_error);
      CHECK(bench.topic("a")->partitions.size() == 1);
      CHECK(grow(bench, "a", 3) == ErrorCode::none);
    }
    CHECK(bench.topic("a")->partitions.size() == 3);
    CHECK(partition_directories(bench) == 3);
    CHECK(bench.values("a") == std::vector<std::string>{"v-0"});
    CHECK(bench.broken_logs == 0);
    REQUIRE(n < 100);
  }
}

TEST_CASE("producer ids are never given twice, and a thousand cost one record", "[topics]") {
  SimFileSystem disk;
  std::set<base::ProducerId> given;
  {
    BrokerBench bench(disk);
    const auto end = bench.topics->log().partition()->log().end_offset();
    for (int i = 0; i < 1500; ++i) CHECK(given.insert(new_producer_id(bench)).second);
    CHECK(bench.topics->log().partition()->log().end_offset() == end + 2);
  }
  base::Random random(5);
  for (int round = 0; round < 3; ++round) {
    disk.crash(random);
    BrokerBench bench(disk);
    for (int i = 0; i < 3; ++i) CHECK(given.insert(new_producer_id(bench)).second);
  }
}

TEST_CASE("topics of the broker itself sync before they answer, whatever others do", "[topics]") {
  SimFileSystem disk;
  auto config = BrokerBench::usual_config();
  config.topic_defaults.flush_messages = config::kNever;
  const auto check = [](BrokerBench& bench) {
    for (const auto& [name, messages] : std::map<std::string, std::int64_t>{
             {"__consumer_offsets", 1}, {"usual", config::kNever}}) {
      CAPTURE(name);
      const auto* topic = bench.topic(name);
      REQUIRE(topic != nullptr);
      CHECK(topic->config->flush_messages == messages);
      CHECK(topic->partition(0)->config().flush_messages == messages);
    }
  };
  {
    BrokerBench bench(disk, config);
    bench.make_topic("__consumer_offsets");
    bench.make_topic("usual");
    check(bench);
    REQUIRE(bench.stop());
  }
  BrokerBench bench(disk, config);
  check(bench);
}
