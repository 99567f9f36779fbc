#include <catch2/catch.hpp>

#include "broker/coordinator/group_core.h"

namespace broker {
namespace {

base::Uuid id_of(std::uint8_t number) {
  base::Uuid id;
  id.bytes.back() = std::byte{number};
  return id;
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
  core.forget_topics([&](std::string_view, const base::Uuid& id) { return id == old_id; }, step);

  CHECK(step.records.size() == 3);
  const auto left = core.fetch({.group_id = "g", .topics = std::nullopt});
  REQUIRE(left.topics.size() == 1);
  REQUIRE(left.topics.front().partitions.size() == 1);
  CHECK(left.topics.front().partitions.front().partition_index == 1);
  CHECK(left.topics.front().partitions.front().committed_offset == 11);
}

}  // namespace
}  // namespace broker
