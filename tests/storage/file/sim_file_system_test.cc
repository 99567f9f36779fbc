#include "tests/support/sim_file_system.h"

#include <catch2/catch.hpp>
#include <string>

#include "storage/file/checkpoint_file.h"

using storage::OpenMode;
using storage::read_text_file;
using test::SimFileSystem;
using Loss = SimFileSystem::Loss;
using Times = SimFileSystem::Times;

namespace {

std::shared_ptr<storage::File> make(SimFileSystem& disk, const storage::Path& path) {
  auto file = disk.open(path, OpenMode::create_or_open);
  REQUIRE(file);
  return *file;
}

void put(storage::File& file, std::uint64_t at, std::string_view text) {
  REQUIRE(file.write_at(at, base::as_bytes(text)));
}

base::Random& chance() {
  static base::Random random(1);
  return random;
}

}  // namespace

TEST_CASE("a file whose directory was not synced is lost in a crash, synced or not", "[sim]") {
  SimFileSystem disk;
  const auto file = make(disk, "/a");
  put(*file, 0, "kept?");
  REQUIRE(file->sync());
  disk.crash(chance(), Loss::everything);
  CHECK(disk.exists("/a") == false);
}

TEST_CASE("a synced entry without a synced file is an empty file after a crash", "[sim]") {
  SimFileSystem disk;
  const auto file = make(disk, "/a");
  put(*file, 0, "lost");
  REQUIRE(disk.sync_directory("/"));
  disk.crash(chance(), Loss::everything);
  CHECK(read_text_file(disk, "/a") == "");
}

TEST_CASE("what was synced survives every crash", "[sim]") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    base::Random random(seed);
    SimFileSystem disk;
    const auto file = make(disk, "/a");
    const std::string text(2000, 's');
    put(*file, 0, text);
    REQUIRE(file->sync());
    REQUIRE(disk.sync_directory("/"));
    put(*file, 2000, std::string(2000, 'u'));
    disk.crash(random);
    const auto found = read_text_file(disk, "/a");
    REQUIRE(found);
    CHECK(found->substr(0, 2000) == text);
    CHECK((found->size() == 2000 || found->size() == 4000));
  }
}

TEST_CASE("unsynced sectors are lost each on its own", "[sim]") {
  bool only_first = false;
  bool only_second = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    base::Random random(seed);
    SimFileSystem disk;
    const auto file = make(disk, "/a");
    put(*file, 0, std::string(1024, 'o'));
    REQUIRE(file->sync());
    REQUIRE(disk.sync_directory("/"));
    put(*file, 0, std::string(1024, 'n'));
    disk.crash(random);
    const auto found = read_text_file(disk, "/a");
    REQUIRE(found);
    const std::string first(found->substr(0, 512));
    const std::string second(found->substr(512));
    REQUIRE((first == std::string(512, 'o') || first == std::string(512, 'n')));
    REQUIRE((second == std::string(512, 'o') || second == std::string(512, 'n')));
    only_first |= first[0] == 'n' && second[0] == 'o';
    only_second |= first[0] == 'o' && second[0] == 'n';
  }
  CHECK(only_first);
  CHECK(only_second);
}

TEST_CASE("an unsynced rename leaves one name or the other, never both or none", "[sim]") {
  bool old_name = false;
  bool new_name = false;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    base::Random random(seed);
    SimFileSystem disk;
    make(disk, "/a");
    REQUIRE(disk.sync_directory("/"));
    REQUIRE(disk.rename("/a", "/b"));
    REQUIRE(disk.rename("/b", "/c"));
    disk.crash(random);
    const auto names = disk.list("/");
    REQUIRE(names);
    REQUIRE(names->size() == 1);
    old_name |= names->front() == "a";
    new_name |= names->front() == "c";
  }
  CHECK(old_name);
  CHECK(new_name);
}

TEST_CASE("a removed file comes back unless its directory was synced", "[sim]") {
  SimFileSystem disk;
  const auto file = make(disk, "/a");
  put(*file, 0, "x");
  make(disk, "/b");
  REQUIRE(file->sync());
  REQUIRE(disk.sync_directory("/"));
  REQUIRE(disk.remove("/b"));
  REQUIRE(disk.sync_directory("/"));
  REQUIRE(disk.remove("/a"));
  disk.crash(chance(), Loss::everything);
  CHECK(disk.list("/") == std::vector<std::string>{"a"});
  CHECK(read_text_file(disk, "/a") == "x");
}

TEST_CASE("a directory that was not synced into its parent takes all below it along", "[sim]") {
  SimFileSystem disk;
  REQUIRE(disk.create_directory("/d"));
  const auto file = make(disk, "/d/a");
  REQUIRE(file->sync());
  REQUIRE(disk.sync_directory("/d"));
  disk.crash(chance(), Loss::everything);
  CHECK(disk.exists("/d") == false);
}

TEST_CASE("cut bytes are zero when the file grows again, and back if the cut was not synced",
          "[sim]") {
  SimFileSystem disk;
  const auto file = make(disk, "/a");
  put(*file, 0, "0123456789");
  REQUIRE(file->sync());
  REQUIRE(disk.sync_directory("/"));
  REQUIRE(file->truncate(4));
  REQUIRE(file->allocate(8));
  using namespace std::string_view_literals;
  CHECK(read_text_file(disk, "/a") == std::string("0123\0\0\0\0"sv));
  disk.crash(chance(), Loss::everything);
  CHECK(read_text_file(disk, "/a") == "0123456789");
}

TEST_CASE("after a failed sync the data can be read, is never written, and a retry says success",
          "[sim]") {
  SimFileSystem disk;
  const auto file = make(disk, "/a");
  put(*file, 0, "old");
  REQUIRE(file->sync());
  REQUIRE(disk.sync_directory("/"));
  put(*file, 0, "new");
  disk.fail_at(disk.operations() + 1, base::Fault::io);
  REQUIRE_FALSE(file->sync());
  REQUIRE(file->sync());
  CHECK(read_text_file(disk, "/a") == "new");
  SECTION("the power goes") {
    disk.crash(chance(), Loss::random);
    CHECK(read_text_file(disk, "/a") == "old");
  }
  SECTION("the cache is dropped") {
    REQUIRE(file->drop_cache());
    CHECK(read_text_file(disk, "/a") == "old");
  }
}

TEST_CASE("a killed process loses nothing, and what it had not synced may still be lost", "[sim]") {
  SimFileSystem disk;
  const auto file = make(disk, "/a");
  put(*file, 0, "x");
  disk.crash(chance(), Loss::nothing);
  CHECK(read_text_file(disk, "/a") == "x");
  CHECK_FALSE(file->write_at(0, base::as_bytes("y")));
  disk.crash(chance(), Loss::everything);
  CHECK(disk.exists("/a") == false);
}

TEST_CASE("with the power off everything fails until it is on again", "[sim]") {
  SimFileSystem disk;
  const auto file = make(disk, "/a");
  disk.crash_at(disk.operations() + 2);
  put(*file, 0, "x");
  CHECK_FALSE(disk.power_is_off());
  CHECK(file->sync().error().fault == base::Fault::io);
  CHECK(disk.power_is_off());
  std::byte byte{};
  CHECK_FALSE(file->read_at(0, std::span(&byte, 1)));
  CHECK_FALSE(disk.list("/"));
  disk.crash(chance());
  CHECK(disk.list("/"));
}

TEST_CASE("a planned fault happens once or forever, and changes nothing", "[sim]") {
  for (const auto times : {Times::once, Times::forever}) {
    SimFileSystem disk;
    const auto file = make(disk, "/a");
    disk.fail_at(disk.operations() + 1, base::Fault::full, times);
    CHECK(file->write_at(0, base::as_bytes("x")).error().fault == base::Fault::full);
    CHECK(file->size() == 0);
    CHECK(file->write_at(0, base::as_bytes("x")).has_value() == (times == Times::once));
  }
}

TEST_CASE("a full disk refuses growth until something goes", "[sim]") {
  SimFileSystem disk(1000);
  const auto file = make(disk, "/a");
  REQUIRE(file->allocate(900));
  CHECK(file->allocate(1001).error().fault == base::Fault::full);
  CHECK(make(disk, "/b")->write_at(0, base::as_bytes(std::string(101, 'x'))).error().fault ==
        base::Fault::full);
  CHECK(file->write_at(0, base::as_bytes("within what is reserved")));
  CHECK(disk.space("/")->available == 100);
  REQUIRE(file->truncate(0));
  CHECK(disk.space("/")->available == 1000);
}

TEST_CASE("a mapping stays in place while its file grows, and sees writes", "[sim]") {
  SimFileSystem disk;
  const auto file = make(disk, "/a");
  REQUIRE(file->allocate(100));
  const auto mapping = file->map(100);
  REQUIRE(mapping);
  put(*file, 1 << 20, "far away");
  put(*file, 5, "here");
  CHECK(base::as_text(mapping->view.subspan(5, 4)) == "here");
}

TEST_CASE("damage and bad sectors show when they are read", "[sim]") {
  SimFileSystem disk;
  const auto file = make(disk, "/a");
  put(*file, 0, std::string(1024, 'x'));
  disk.damage("/a", 600);
  CHECK((*read_text_file(disk, "/a"))[600] == static_cast<char>('x' ^ 0xff));
  disk.make_unreadable("/a", 600);
  CHECK(read_text_file(disk, "/a").error().fault == base::Fault::io);
  std::array<std::byte, 512> first{};
  CHECK(file->read_at(0, first) == 512);
  put(*file, 512, "written anew");
  CHECK(read_text_file(disk, "/a"));
}

TEST_CASE("a lock is free again after its owner, and after a crash", "[sim]") {
  SimFileSystem disk;
  auto held = disk.lock("/.lock");
  REQUIRE(held);
  CHECK(disk.lock("/.lock").error().fault == base::Fault::exists);
  held->reset();
  held = disk.lock("/.lock");
  REQUIRE(held);
  disk.crash(chance(), Loss::nothing);
  CHECK(disk.lock("/.lock"));
}
