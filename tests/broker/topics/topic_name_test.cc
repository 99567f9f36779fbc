#include "broker/topics/topic_name.h"

#include <catch2/catch.hpp>
#include <string>

using broker::collision_key;
using broker::is_internal_topic;
using broker::problem_with_topic_name;

TEST_CASE("a topic's name has 1 to 249 of Kafka's characters", "[topics]") {
  CHECK_FALSE(problem_with_topic_name("a"));
  CHECK_FALSE(problem_with_topic_name("AZaz09._-"));
  CHECK_FALSE(problem_with_topic_name("..."));
  CHECK_FALSE(problem_with_topic_name(std::string(249, 'x')));
  CHECK(problem_with_topic_name(std::string(250, 'x')));
  CHECK(problem_with_topic_name(""));
  CHECK(problem_with_topic_name("."));
  CHECK(problem_with_topic_name(".."));
  for (const auto* bad : {"a b", "a/b", "a\\b", "a:b", "\xc3\xa9", "a\n", "a\"b"})
    CHECK(problem_with_topic_name(bad));
  CHECK(problem_with_topic_name(std::string("a\0b", 3)));
}

TEST_CASE("names that differ in '.' and '_' only collide", "[topics]") {
  CHECK(collision_key("a.b_c") == collision_key("a_b.c"));
  CHECK(collision_key("a.b") != collision_key("a-b"));
  CHECK(collision_key("a.b") != collision_key("ab"));
}

TEST_CASE("the broker's own topics are known by name", "[topics]") {
  for (const auto* name :
       {"__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"})
    CHECK(is_internal_topic(name));
  CHECK_FALSE(is_internal_topic("__consumer_offset"));
  CHECK_FALSE(is_internal_topic("orders"));
}
