#include "config/units.h"

#include <string>

#include <catch2/catch.hpp>

namespace {

using config::Unit;

std::string plain(Unit unit, std::string_view text) {
  const auto number = config::to_plain(unit, text);
  return number ? *number : number.error().detail;
}

TEST_CASE("the name of a setting says what it counts") {
  CHECK(config::unit_of("retention.ms") == Unit::milliseconds);
  CHECK(config::unit_of("segment.bytes") == Unit::bytes);
  CHECK(config::unit_of("flush.messages") == Unit::none);
  CHECK(config::unit_of("data.dir") == Unit::none);
}

TEST_CASE("durations and sizes are read with their units") {
  CHECK(plain(Unit::milliseconds, "7d") == "604800000");
  CHECK(plain(Unit::milliseconds, "12h") == "43200000");
  CHECK(plain(Unit::milliseconds, "30m") == "1800000");
  CHECK(plain(Unit::milliseconds, "5s") == "5000");
  CHECK(plain(Unit::milliseconds, " 250 ms ") == "250");
  CHECK(plain(Unit::bytes, "1GiB") == "1073741824");
  CHECK(plain(Unit::bytes, "64 MiB") == "67108864");
  CHECK(plain(Unit::bytes, "4kib") == "4096");
  CHECK(plain(Unit::bytes, "10MB") == "10000000");
  CHECK(plain(Unit::bytes, "10kB") == "10000");
  CHECK(plain(Unit::bytes, "512B") == "512");
}

TEST_CASE("what has no unit is left to whoever reads it") {
  CHECK(plain(Unit::milliseconds, "604800000") == "604800000");
  CHECK(plain(Unit::milliseconds, "-1") == "-1");
  CHECK(plain(Unit::milliseconds, " 7 ") == " 7 ");
  CHECK(plain(Unit::bytes, "") == "");
  CHECK(plain(Unit::none, "7d") == "7d");
}

TEST_CASE("what is no duration and no size is refused with an example") {
  for (const auto* text : {"7x", "d", "7 days", "1.5h", "1h30m", "7D", "1_000s", "--1s"}) {
    INFO(text);
    CHECK_THAT(plain(Unit::milliseconds, text),
               Catch::StartsWith("Not a duration") && Catch::EndsWith("as in 7d"));
  }
  for (const auto* text : {"1k", "64M", "1.5GiB", "7d", "MiB"}) {
    INFO(text);
    CHECK_THAT(plain(Unit::bytes, text),
               Catch::StartsWith("Not a size") && Catch::EndsWith("as in 64MiB"));
  }
  CHECK(plain(Unit::milliseconds, "9223372036854775807d") == "It is too large");
  CHECK(plain(Unit::bytes, "-8388608TiB") == "It is too large");
  CHECK(plain(Unit::bytes, "8388607TiB") == "9223370937343148032");
}

TEST_CASE("a number is written with the largest unit that fits") {
  CHECK(config::to_humane(Unit::milliseconds, 604'800'000) == "7d");
  CHECK(config::to_humane(Unit::milliseconds, 5'400'000) == "90m");
  CHECK(config::to_humane(Unit::milliseconds, 250) == "250");
  CHECK(config::to_humane(Unit::milliseconds, 0) == "0");
  CHECK(config::to_humane(Unit::milliseconds, -1) == "-1");
  CHECK(config::to_humane(Unit::bytes, 268'435'456) == "256MiB");
  CHECK(config::to_humane(Unit::bytes, 1'048'588) == "1048588");
  CHECK(config::to_humane(Unit::none, 86'400'000) == "86400000");
}

}  // namespace
