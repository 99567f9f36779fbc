#include <catch2/catch.hpp>
#include <utility>

#include "broker/coordinator/group_core.h"

namespace broker {
namespace {

base::Uuid id_of(std::uint8_t number) {
  base::Uuid id;
  id.bytes.back() = std::byte{number};
  return id;
}

constexpr std::int32_t kMany = 50'000;
constexpr std::size_t kManyOffsets = 50'000;

/// Of three topics in each of two groups.
void commit_many(GroupCore& core) {
  for (const auto* group : {"a", "b"})
    for (const auto* topic : {"gone", "kept", "lost"})
      for (std::int32_t partition = 0; partition < kMany; ++partition)
        core.apply({.group = group, .topic = topic, .partition = partition},
                   protocol::OffsetCommitValue{.offset = 1, .commit_timestamp = 0});
}

std::size_t count_of(const GroupCore& core, const std::string& group) {
  std::size_t count = 0;
  for (const auto& topic : core.fetch({.group_id = group, .topics = std::nullopt}).topics)
    count += topic.partitions.size();
  return count;
}

TEST_CASE("Of a topic that was made anew only the offsets of the old one go", "[groups]") {
  const auto old_id = id_of(1);
  const auto new_id = id_of(2);
  GroupCore core({}, 1);
  const auto commit = [&core](std::int32_t partition, const base::Uuid& id) {
    core.apply({.group = "g", .topic = "t", .partition = partition},
               protocol::OffsetCommitValue{.offset = 10 + partition, .topic_id = id});
  };
  commit(0, old_id);
  commit(1, new_id);
  commit(2, old_id);
  commit(3, old_id);

  Step step;
  OffsetSweep sweep;
  core.forget_topics(
      sweep, [&](std::string_view, const base::Uuid& id) { return id == old_id; }, step);

  CHECK(sweep.done);
  CHECK(step.records.size() == 3);
  const auto left = core.fetch({.group_id = "g", .topics = std::nullopt});
  REQUIRE(left.topics.size() == 1);
  REQUIRE(left.topics.front().partitions.size() == 1);
  CHECK(left.topics.front().partitions.front().partition_index == 1);
  CHECK(left.topics.front().partitions.front().committed_offset == 11);
}

TEST_CASE("Of very many offsets a few are dropped in each step", "[groups]") {
  GroupCore core({}, 1);
  commit_many(core);
  const auto is_gone = [](std::string_view topic, const base::Uuid&) { return topic != "kept"; };
  std::size_t steps = 0;
  std::size_t records = 0;
  for (OffsetSweep sweep; !sweep.done; ++steps) {
    Step step;
    core.forget_topics(sweep, is_gone, step);
    CHECK(step.records.size() <= 1'000);
    records += step.records.size();
  }
  CHECK(records == 4 * kManyOffsets);
  CHECK(steps >= 200);
  CHECK(count_of(core, "a") == kMany);
  CHECK(count_of(core, "b") == kMany);

  // To look at all and drop none is less work, but work.
  steps = 0;
  for (OffsetSweep sweep; !sweep.done; ++steps) {
    Step step;
    core.expire_offsets(sweep, 1, [](std::string_view, const base::Uuid&) { return false; }, step);
    CHECK(step.records.empty());
  }
  CHECK(steps == 2 * kManyOffsets / 20'000 + 1);
}

TEST_CASE("A sweep goes on where it was, whatever happens between its steps", "[groups]") {
  const GroupLimits limits;
  GroupCore core(limits, 1);
  commit_many(core);
  const auto now = limits.offsets_retention.count() + 1;
  const auto none = [](std::string_view, const base::Uuid&) { return false; };
  OffsetSweep sweep;
  Step step;
  core.expire_offsets(sweep, now, none, step);
  REQUIRE(sweep.group_id == "a");
  REQUIRE(sweep.topic == "gone");
  // The offset it stands at is dropped by somebody else, one behind and one before it are new.
  const auto apply = [&core](const std::string& group, const std::string& topic,
                             std::int32_t partition, std::optional<base::Timestamp> at) {
    std::optional<protocol::OffsetCommitValue> value;
    if (at) value = protocol::OffsetCommitValue{.offset = 2, .commit_timestamp = *at};
    core.apply({.group = group, .topic = topic, .partition = partition}, std::move(value));
  };
  apply("a", "gone", sweep.partition, std::nullopt);
  apply("a", "gone", 0, now);
  apply("a", "kept", 7, now);
  apply("aa", "new", 0, now);
  while (!sweep.done) core.expire_offsets(sweep, now, none, step);

  CHECK(count_of(core, "a") == 2);
  CHECK(count_of(core, "aa") == 1);
  CHECK(std::as_const(core).find("b") == nullptr);
}

TEST_CASE("A sweep misses no group, where groups go with their only offset", "[groups]") {
  for (const bool forgets : {true, false}) {
    const GroupLimits limits;
    GroupCore core(limits, 1);
    for (int i = 0; i < 5'000; ++i)
      core.apply({.group = "g" + std::to_string(i), .topic = "t", .partition = i % 3},
                 protocol::OffsetCommitValue{.offset = 1, .commit_timestamp = 0});
    Step step;
    std::size_t parts = 0;
    for (OffsetSweep sweep; !sweep.done; ++parts) {
      if (forgets)
        core.forget_topics(sweep, [](std::string_view, const base::Uuid&) { return true; }, step);
      else
        core.expire_offsets(
            sweep, limits.offsets_retention.count() + 1,
            [](std::string_view, const base::Uuid&) { return false; }, step);
    }
    CHECK(parts > 3);
    CHECK(core.group_count() == 0);
  }
}

}  // namespace
}  // namespace broker
