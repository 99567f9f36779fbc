#include "storage/file/checkpoint_file.h"

#include <catch2/catch.hpp>

#include "tests/support/sim_file_system.h"

using storage::read_text_file;
using storage::replace_file;
using test::SimFileSystem;
using Loss = SimFileSystem::Loss;

TEST_CASE("a replaced file reads back, and its content is binary-safe", "[checkpoint]") {
  SimFileSystem disk;
  using namespace std::string_view_literals;
  REQUIRE(replace_file(disk, "/a", "longer than the next"sv));
  REQUIRE(replace_file(disk, "/a", "x\0y"sv));
  CHECK(read_text_file(disk, "/a") == std::string("x\0y"sv));
  CHECK(disk.list("/") == std::vector<std::string>{"a"});
  CHECK(read_text_file(disk, "/b").error().fault == base::Fault::missing);
  CHECK(read_text_file(disk, "/a", 2).error().fault == base::Fault::corruption);
}

TEST_CASE("a file is replaced whole or not at all, wherever the power goes", "[checkpoint]") {
  const std::string before(3000, 'o');
  const std::string after(1800, 'n');
  bool done = false;
  for (std::uint64_t n = 1; !done; ++n) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      CAPTURE(n, seed);
      base::Random random(seed);
      SimFileSystem disk;
      REQUIRE(replace_file(disk, "/a", before));
      disk.crash_at(disk.operations() + n);
      const auto replaced = replace_file(disk, "/a", after);
      done = replaced.has_value();
      disk.crash(random, seed == 0 ? Loss::everything : Loss::random);
      const auto found = read_text_file(disk, "/a");
      REQUIRE(found);
      if (done)
        REQUIRE(*found == after);
      else
        REQUIRE((*found == before || *found == after));
      REQUIRE(replace_file(disk, "/a", "again"));
      REQUIRE(read_text_file(disk, "/a") == "again");
    }
  }
}

TEST_CASE("a failed step leaves the old content in place", "[checkpoint]") {
  for (std::uint64_t n = 1; n <= 5; ++n) {
    CAPTURE(n);
    SimFileSystem disk;
    REQUIRE(replace_file(disk, "/a", "old"));
    disk.fail_at(disk.operations() + n, base::Fault::full);
    const auto replaced = replace_file(disk, "/a", "new");
    REQUIRE_FALSE(replaced);
    CHECK(replaced.error().fault == base::Fault::full);
    CHECK(read_text_file(disk, "/a") == "old");
  }
}

TEST_CASE("checkpoint text says its version and count", "[checkpoint]") {
  const std::vector<std::string> lines{"a b", ""};
  const auto text = storage::to_checkpoint_text(lines);
  CHECK(text == "0\n2\na b\n\n");
  CHECK(storage::parse_checkpoint_text(text, "it") == std::vector<std::string_view>{"a b", ""});
  CHECK_FALSE(storage::parse_checkpoint_text("0\n3\na b\n\n", "it"));
}
