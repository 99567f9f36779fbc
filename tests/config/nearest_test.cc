#include "config/nearest.h"

#include <string>

#include <catch2/catch.hpp>

namespace {

TEST_CASE("a mistyped word finds the nearest") {
  const std::vector<std::string> names{"node.id", "threads", "data.dir", "log.dir", "log.dirs"};
  CHECK(config::nearest("nodeid", names) == "node.id");
  CHECK(config::nearest("node.idd", names) == "node.id");
  CHECK(config::nearest("nope.id", names) == "node.id");
  CHECK(config::nearest("log.dir", names) == "log.dir");
  CHECK(config::nearest("tdata.dir", names) == "data.dir");
  // Two neighbours swapped are one mistake, not two.
  CHECK(config::nearest("ab", {"xa", "ba"}) == "ba");
  CHECK(config::nearest("thraeds", {"thrids", "threads"}) == "threads");
}

TEST_CASE("another word finds nothing") {
  CHECK(config::nearest("zookeeper", {"node.id", "threads"}).empty());
  CHECK(config::nearest("abc", {"xyz"}).empty());
  CHECK(config::nearest("", {"node.id"}).empty());
  CHECK(config::nearest("node.id", {}).empty());
  CHECK(config::nearest(std::string(100'000, 'x'), {std::string(100'001, 'x')}).empty());
  CHECK(config::did_you_mean("zookeeper", {"threads"}).empty());
  CHECK(config::did_you_mean("thread", {"threads"}) == ". Did you mean 'threads'?");
}

}  // namespace
