#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/housekeeping/checkpointer.h"
#include "tests/support/broker_bench.h"
#include "tests/support/crash_stride.h"

using protocol::ErrorCode;
using test::SimFileSystem;
using test_support::BrokerBench;
using test_support::kCrashStride;
using Loss = SimFileSystem::Loss;

namespace {

using Values = std::vector<std::string>;

/// What a client knows of one topic.
struct KnownTopic {
  base::Uuid id;
  std::size_t partitions = 0;
  std::map<std::int32_t, Values> acknowledged;  // By partition.
};

/// A client with a memory: what was acknowledged to it must be true for ever, what it asked for
/// last may have happened or not.
struct Client {
  std::map<std::string, KnownTopic> topics;
  std::set<std::string> gone;  // Names whose deletion was acknowledged, not created since.
  std::set<base::ProducerId> producer_ids;

  // The one thing that was asked for and not answered.
  std::optional<std::string> maybe_created;
  std::optional<std::string> maybe_deleted;
  std::optional<std::pair<std::string, std::size_t>> maybe_grown;
  std::optional<std::string> maybe_written;
  struct Trim {
    std::string name;
    std::int32_t index = 0;
    std::ptrdiff_t records = 0;  // The first of those that are there.
  };
  std::optional<Trim> maybe_trimmed;
};

/// A broker under way and its client. Every step is false when the broker has died of the power
/// cut.
class Life {
 public:
  Life(SimFileSystem& disk, Client& client) : bench_(disk), client_(client) {}

  BrokerBench& bench() { return bench_; }
  bool started() const { return !bench_.refused(); }

  bool create(const std::string& name, int partitions) {
    client_.maybe_created = name;
    // Segments so small that every few records begin a new one.
    const broker::NewTopic wanted{.name = name,
                                  .num_partitions = partitions,
                                  .configs = {{"internal.segment.bytes", "1024"}}};
    const auto decisions = bench_.result_of(bench_.topics->create(bench_.loop, {wanted}, false));
    if (!decisions || decisions->front().refused()) return false;
    client_.topics[name] = {.id = decisions->front().topic_id,
                            .partitions = static_cast<std::size_t>(partitions),
                            .acknowledged = {}};
    client_.gone.erase(name);
    client_.maybe_created.reset();
    return true;
  }

  bool grow(const std::string& name, int partitions) {
    client_.maybe_grown = {name, partitions};
    const auto decision =
        bench_.result_of(bench_.topics->grow(bench_.loop, name, partitions, std::nullopt, false));
    if (!decision || decision->refused()) return false;
    client_.topics[name].partitions = static_cast<std::size_t>(partitions);
    client_.maybe_grown.reset();
    return true;
  }

  bool remove(const std::string& name) {
    client_.maybe_deleted = name;
    const auto decision =
        bench_.result_of(bench_.topics->remove(bench_.loop, client_.topics[name].id));
    if (!decision || decision->refused()) return false;
    client_.topics.erase(name);
    client_.gone.insert(name);
    client_.maybe_deleted.reset();
    return true;
  }

  bool produce(const std::string& name, std::int32_t index, const std::string& value) {
    client_.maybe_written = value + "-0";
    std::optional<ErrorCode> error;
    bench_.topic(name)->partition(index)->produce(
        test_support::batch_of({.name = value, .value_size = 400}), broker::AckWhen::committed,
        [&](const broker::ProduceOutcome& outcome) { error = outcome.error; });
    bench_.run_until([&] { return error.has_value(); });
    if (error != ErrorCode::none) return false;
    client_.topics[name].acknowledged[index].push_back(value + "-0");
    client_.maybe_written.reset();
    return true;
  }

  /// DeleteRecords of the first so many.
  bool trim(const std::string& name, std::int32_t index, std::ptrdiff_t records) {
    client_.maybe_trimmed = {.name = name, .index = index, .records = records};
    const auto& partition = bench_.topic(name)->partitions.at(static_cast<std::size_t>(index));
    const auto moved = bench_.result_of(bench_.starts->advance(
        bench_.loop, {{.partition = partition, .to = partition->log().start_offset() + records}}));
    if (!moved || !*moved) return false;
    auto& left = client_.topics[name].acknowledged[index];
    left.erase(left.begin(), left.begin() + records);
    client_.maybe_trimmed.reset();
    // Its files go later.
    bench_.loop.advance(std::chrono::milliseconds(partition->config().file_delete_delay_ms));
    return true;
  }

  bool take_producer_id() {
    const auto id = bench_.result_of(bench_.topics->new_producer_id(bench_.loop));
    if (!id || !*id) return false;
    INFO("producer id " << **id);
    CHECK(client_.producer_ids.insert(**id).second);
    return true;
  }

  /// Everything that changed is checkpointed.
  bool checkpoint() {
    bool failed = false;
    bool ended = false;
    broker::Checkpointer checkpointer({.files = bench_.files(),
                                       .directory = *bench_.directory,
                                       .topics = *bench_.topics,
                                       .workers = bench_.pool,
                                       .home = bench_.loop,
                                       .segments = bench_.segments,
                                       .on_failure = [&](const base::Error&) { failed = true; }},
                                      {.bytes = 1, .interval = std::chrono::milliseconds(1)},
                                      bench_.recovery_points);
    checkpointer.start();
    bench_.loop.advance(std::chrono::milliseconds(250));
    checkpointer.stop([&] { ended = true; });
    return bench_.run_until([&] { return ended; }) && !failed;
  }

  /// Lets workers finish what nobody waits for.
  bool run_workers() {
    bench_.run_until([&] { return bench_.pool.posted() == 0; });
    return bench_.leftovers.empty();
  }

  bool stop() { return bench_.stop().has_value(); }

 private:
  BrokerBench bench_;
  Client& client_;
};

/// Everything the issue is about, once, in a broker's life of three starts.
const std::vector<std::vector<std::function<bool(Life&)>>>& story() {
  static const std::vector<std::vector<std::function<bool(Life&)>>> lives = {
      {
          [](Life& life) { return life.create("a", 2); },
          [](Life& life) { return life.create("b", 1); },
          [](Life& life) { return life.produce("a", 0, "one"); },
          [](Life& life) { return life.produce("a", 1, "two"); },
          [](Life& life) { return life.take_producer_id(); },
          [](Life& life) { return life.produce("b", 0, "three"); },
          [](Life& life) { return life.grow("a", 4); },
          [](Life& life) { return life.produce("a", 3, "four"); },
          [](Life& life) { return life.produce("a", 0, "five"); },
          [](Life& life) { return life.produce("a", 0, "six"); },
          [](Life& life) { return life.produce("a", 0, "seven"); },
          [](Life& life) { return life.checkpoint(); },
          [](Life& life) { return life.produce("a", 0, "eight"); },
          [](Life& life) { return life.remove("b"); },
          [](Life& life) { return life.run_workers(); },
          [](Life& life) { return life.create("b", 1); },
          [](Life& life) { return life.produce("b", 0, "nine"); },
          [](Life& life) { return life.produce("a", 0, "ten"); },
          [](Life& life) { return life.trim("a", 0, 3); },
          [](Life& life) { return life.checkpoint(); },
          [](Life& life) { return life.trim("a", 0, 1); },
          [](Life& life) { return life.run_workers(); },
      },
      {
          // Killed and started: recovery is part of the story.
          [](Life& life) { return life.produce("a", 0, "eleven"); },
          [](Life& life) { return life.take_producer_id(); },
          [](Life& life) { return life.remove("b"); },
          [](Life& life) { return life.produce("a", 1, "twelve"); },
          [](Life& life) { return life.trim("a", 1, 2); },
          [](Life& life) { return life.stop(); },
      },
      {
          // From a clean stop.
          [](Life& life) { return life.produce("a", 0, "thirteen"); },
          [](Life& life) { return life.create("c", 1); },
          [](Life& life) { return life.produce("c", 0, "fourteen"); },
      },
  };
  return lives;
}

/// Lives the story until the power goes. True if it came to its end.
bool live(SimFileSystem& disk, Client& client) {
  base::Random random(1);
  for (const auto& steps : story()) {
    Life life(disk, client);
    if (!life.started()) {
      INFO("refused: " << life.bench().refused()->detail);
      REQUIRE(disk.power_is_off());
      return false;
    }
    for (const auto& step : steps) {
      if (step(life)) continue;
      REQUIRE(disk.power_is_off());
      return false;
    }
    disk.crash(random, Loss::nothing);  // The process is killed, or has ended.
  }
  return true;
}

/// The records of a partition are those that were acknowledged, in order, and at most the one that
/// was not answered.
void check_values(BrokerBench& bench, const Client& client, const std::string& name,
                  std::int32_t index) {
  CAPTURE(name, index);
  const auto values = bench.values(name, index);
  const auto known = client.topics.find(name);
  Values acknowledged;
  if (known != client.topics.end() && known->second.acknowledged.contains(index))
    acknowledged = known->second.acknowledged.at(index);
  if (const auto& trim = client.maybe_trimmed;
      trim && trim->name == name && trim->index == index && values.size() < acknowledged.size())
    acknowledged.erase(acknowledged.begin(), acknowledged.begin() + trim->records);
  REQUIRE(values.size() >= acknowledged.size());
  CHECK(Values(values.begin(), values.begin() + std::ssize(acknowledged)) == acknowledged);
  if (values.size() == acknowledged.size()) return;
  CHECK(values.size() == acknowledged.size() + 1);
  CHECK(client.maybe_written == values.back());
}

/// What a broker that was started after the cut shows must be what its client knows.
void check(BrokerBench& bench, const Client& client) {
  const auto image = bench.topics->image();
  for (const auto& [name, known] : client.topics) {
    CAPTURE(name);
    const auto* topic = image->named(name);
    if (topic == nullptr) {
      CHECK(client.maybe_deleted == name);
      continue;
    }
    CHECK(topic->id == known.id);
    if (topic->partitions.size() != known.partitions)
      CHECK(client.maybe_grown == std::pair(name, topic->partitions.size()));
  }
  for (const auto& [name, topic] : image->by_name) {
    CAPTURE(name);
    CHECK((client.topics.contains(name) || client.maybe_created == name));
    for (std::int32_t index = 0; index < std::ssize(topic->partitions); ++index)
      check_values(bench, client, name, index);
  }
  for (const auto& name : client.gone)
    CHECK((image->named(name) == nullptr || client.maybe_created == name));
}

/// Takes over what turned out to have happened, so that life can go on.
void learn(BrokerBench& bench, Client& client) {
  const auto image = bench.topics->image();
  const auto before = client.topics;
  client.topics.clear();
  client.gone.clear();
  for (const auto& [name, topic] : image->by_name) {
    auto& known = client.topics[name];
    known.id = topic->id;
    known.partitions = topic->partitions.size();
    for (std::int32_t index = 0; index < std::ssize(topic->partitions); ++index)
      known.acknowledged[index] = bench.values(name, index);
  }
  for (const auto& [name, known] : before)
    if (!client.topics.contains(name)) client.gone.insert(name);
  client.maybe_created.reset();
  client.maybe_deleted.reset();
  client.maybe_grown.reset();
  client.maybe_written.reset();
  client.maybe_trimmed.reset();
}

/// The broker must start, show the truth, work, stop, and start again.
void check_survives(SimFileSystem& disk, Client& client) {
  base::Random random(1);
  {
    Life life(disk, client);
    if (!life.started()) FAIL("refused: " << life.bench().refused()->detail);
    check(life.bench(), client);
    learn(life.bench(), client);
    REQUIRE(life.take_producer_id());
    if (!client.topics.contains("a")) REQUIRE(life.create("a", 1));
    REQUIRE(life.produce("a", 0, "after"));
    REQUIRE(life.create("later", 1));
    REQUIRE(life.stop());
  }
  disk.crash(random, Loss::everything);
  Life life(disk, client);
  if (!life.started()) FAIL("refused: " << life.bench().refused()->detail);
  check(life.bench(), client);
  REQUIRE(life.take_producer_id());
}

}  // namespace

TEST_CASE("the power may go at any operation of the disk", "[crash]") {
  const std::vector<std::pair<Loss, std::uint64_t>> nights = {{Loss::everything, 1},
                                                              {Loss::nothing, 1},
                                                              {Loss::random, 1},
                                                              {Loss::random, 2},
                                                              {Loss::random, 3}};
  std::uint64_t cuts = 0;
  for (const auto& [loss, seed] : nights) {
    for (std::uint64_t n = 1;; n += kCrashStride) {
      CAPTURE(static_cast<int>(loss), seed, n);
      SimFileSystem disk;
      Client client;
      disk.crash_at(n);
      const bool ended = live(disk, client);
      base::Random random(seed * 1000 + n);
      disk.crash(random, loss);
      check_survives(disk, client);
      if (ended) break;
      ++cuts;
    }
  }
  CHECK(cuts > 500 / kCrashStride);  // There was something to cut.
}

TEST_CASE("the power may go again at any operation of the start that follows", "[crash]") {
  // Every start-up after a cut in the middle of a deletion, a growth, a roll...
  std::uint64_t cuts = 0;
  for (std::uint64_t first = 40; first < 400; first += 23) {
    for (std::uint64_t second = 1;; second += kCrashStride) {
      CAPTURE(first, second);
      SimFileSystem disk;
      Client client;
      disk.crash_at(first);
      if (live(disk, client)) break;
      base::Random random(first * 1000 + second);
      disk.crash(random, Loss::random);
      disk.crash_at(disk.operations() + second);
      {
        Life life(disk, client);
        if (life.started()) life.run_workers();
      }
      const bool ended = !disk.power_is_off();
      disk.crash(random, Loss::random);
      check_survives(disk, client);
      if (ended) break;
      ++cuts;
    }
  }
  CHECK(cuts > 50 / kCrashStride);
}
