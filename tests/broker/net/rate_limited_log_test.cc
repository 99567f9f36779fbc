#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/net/rate_limited_log.h"
#include "tests/support/manual_loop.h"

using namespace std::chrono_literals;
using broker::RateLimitedLog;

TEST_CASE("so many lines of a kind are printed, and the rest are counted", "[log]") {
  test_support::ManualClock clock;
  std::vector<std::string> lines;
  RateLimitedLog log(clock, 2, 10s, [&](const std::string& line) { lines.push_back(line); });
  for (int i = 0; i < 5; ++i) log.warn("a", "a" + std::to_string(i));
  log.warn("b", "b");
  CHECK(lines == std::vector<std::string>{"a0", "a1", "b"});
  clock.advance(9'999ms);
  log.warn("a", "too early");
  CHECK(lines.size() == 3);
  clock.advance(1ms);
  log.warn("a", "later");
  log.warn("a", "again");
  REQUIRE(lines.size() == 5);
  CHECK(lines[3] == "later (and 4 more lines like this were not printed)");
  CHECK(lines[4] == "again");
}
