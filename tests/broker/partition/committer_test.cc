#include "broker/partition/committer.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/held_syncs.h"
#include "tests/support/manual_loop.h"
#include "tests/support/sim_file_system.h"

using broker::Committer;
using storage::OpenMode;
using storage::SyncTicket;
using test_support::HeldSyncs;
using test_support::ManualLoop;

namespace {

using FilePtr = std::shared_ptr<storage::File>;

struct Disk {
  test::SimFileSystem sim;
  HeldSyncs files{sim};

  FilePtr written(const std::string& path) {
    auto file = files.open(path, OpenMode::create_or_open).value();
    REQUIRE(file->write_at(0, base::as_bytes("content")));
    return file;
  }
  /// Whether the file has its content after a power cut.
  bool keeps(const std::string& path) {
    base::Random random(1);
    sim.crash(random, test::SimFileSystem::Loss::everything);
    const auto file = files.open(path, OpenMode::read);
    if (!file) return false;
    std::string text(7, '?');
    return (*file)->read_at(0, std::as_writable_bytes(std::span(text))).value() == 7 &&
           text == "content";
  }
};

std::shared_ptr<Committer::Client> client_of(ManualLoop& loop, std::vector<base::Offset>& told) {
  return std::make_shared<Committer::Client>(loop,
                                             [&told](base::Offset end) { told.push_back(end); });
}

}  // namespace

TEST_CASE("sync_all makes files and their names durable", "[committer]") {
  Disk disk;
  const auto one = disk.written("/one");
  const auto two = disk.written("/two");
  const std::vector<SyncTicket> tickets{{.files = {one}, .directories = {"/"}, .end = 1},
                                        {.files = {two}, .directories = {"/"}, .end = 1}};
  REQUIRE(broker::sync_all(disk.files, tickets));
  CHECK(disk.keeps("/one"));
  CHECK(disk.keeps("/two"));
}

TEST_CASE("sync_all ends at the first sync that fails", "[committer]") {
  Disk disk;
  const SyncTicket ticket{.files = {disk.written("/one"), disk.written("/two")}};
  disk.sim.fail_at(disk.sim.operations() + 1, base::Fault::io);
  const auto before = disk.files.syncs();
  CHECK_FALSE(broker::sync_all(disk.files, {&ticket, 1}));
  CHECK(disk.files.syncs() == before + 1);

  REQUIRE(disk.files.create_directory("/d"));
  const SyncTicket names{.directories = {"/d"}};
  disk.sim.fail_at(disk.sim.operations() + 1, base::Fault::io);
  CHECK_FALSE(broker::sync_all(disk.files, {&names, 1}));
}

TEST_CASE("a directory that was deleted meanwhile is no failed sync", "[committer]") {
  Disk disk;
  REQUIRE(disk.files.create_directory("/p"));
  const SyncTicket ticket{.files = {disk.written("/p/log")}, .directories = {"/p"}};
  REQUIRE(disk.files.rename("/p", "/p-delete"));
  CHECK(broker::sync_all(disk.files, {&ticket, 1}));
}

TEST_CASE("the committer syncs what it is given and tells each client on its loop", "[committer]") {
  Disk disk;
  ManualLoop here;
  ManualLoop there;
  std::vector<base::Offset> told_here;
  std::vector<base::Offset> told_there;
  Committer committer(disk.files, [](const base::Error&) { FAIL("no sync fails here"); });
  disk.files.hold();
  // The first round takes the first ticket only; the others share the second.
  committer.submit(client_of(here, told_here), {.files = {disk.written("/a")}, .end = 1});
  disk.files.wait_until_held(1);
  const auto b = client_of(here, told_here);
  const auto c = client_of(here, told_here);
  const auto d = client_of(there, told_there);
  committer.submit(b, {.files = {disk.written("/b")}, .end = 2});
  committer.submit(c, {.files = {disk.written("/c")}, .end = 3});
  committer.submit(d, {.files = {disk.written("/d")}, .end = 4});
  CHECK(here.posted() == 0);
  disk.files.release();
  committer.stop();
  CHECK(here.posted() == 2);  // One for each round, however many clients.
  CHECK(there.posted() == 1);
  here.run_ready();
  there.run_ready();
  CHECK(told_here == std::vector<base::Offset>{1, 2, 3});
  CHECK(told_there == std::vector<base::Offset>{4});
}

TEST_CASE("a directory that cannot be opened for want of descriptors is synced later",
          "[committer]") {
  Disk disk;
  ManualLoop loop;
  std::vector<base::Offset> told;
  REQUIRE(disk.files.create_directory("/d"));
  const auto file = disk.written("/d/log");
  // The file's sync is the first operation.
  disk.sim.fail_at(disk.sim.operations() + 2, base::Fault::busy);
  Committer committer(disk.files, [](const base::Error&) { FAIL("no sync fails here"); });
  committer.submit(client_of(loop, told), {.files = {file}, .directories = {"/d"}, .end = 4});
  committer.stop();
  loop.run_ready();
  CHECK(told == std::vector<base::Offset>{4});
}

TEST_CASE("tickets of one client that wait together become one, with the files of all",
          "[committer]") {
  Disk disk;
  ManualLoop loop;
  std::vector<base::Offset> told;
  Committer committer(disk.files, [](const base::Error&) { FAIL("no sync fails here"); });
  const auto client = client_of(loop, told);
  const auto old_segment = disk.written("/old");
  const auto new_segment = disk.written("/new");
  disk.files.hold();
  committer.submit(client, {.files = {old_segment}, .end = 1});
  disk.files.wait_until_held(1);
  const auto before = disk.files.syncs();
  REQUIRE(old_segment->write_at(0, base::as_bytes("content")));
  committer.submit(client, {.files = {old_segment}, .end = 2});
  committer.submit(client, {.files = {old_segment, new_segment}, .directories = {"/"}, .end = 3});
  disk.files.release();
  committer.stop();
  loop.run_ready();
  CHECK(told == std::vector<base::Offset>{1, 3});
  CHECK(disk.files.syncs() == before + 2);
  CHECK(disk.keeps("/old"));
  CHECK(disk.keeps("/new"));
}

TEST_CASE("stop finishes what was submitted", "[committer]") {
  Disk disk;
  ManualLoop loop;
  std::vector<base::Offset> told;
  Committer committer(disk.files, [](const base::Error&) { FAIL("no sync fails here"); });
  for (base::Offset end = 1; end <= 20; ++end) {
    const auto path = "/" + std::to_string(end);
    committer.submit(client_of(loop, told), {.files = {disk.written(path)}, .end = end});
  }
  committer.stop();
  loop.run_ready();
  CHECK(told.size() == 20);
}

TEST_CASE("the first failed sync is the last thing the committer does", "[committer]") {
  Disk disk;
  ManualLoop loop;
  std::vector<base::Offset> told;
  std::atomic<int> failures{0};
  Committer committer(disk.files, [&](const base::Error&) { ++failures; });
  const auto good = disk.written("/good");
  const auto bad = disk.written("/bad");
  const auto late = disk.written("/late");
  disk.files.hold();
  committer.submit(client_of(loop, told), {.files = {good}, .end = 1});
  disk.files.wait_until_held(1);
  committer.submit(client_of(loop, told), {.files = {bad}, .end = 2});
  disk.sim.fail_at(disk.sim.operations() + 2, base::Fault::io);
  disk.files.release();
  // Submitted before or after the failure, whoever is first: nobody syncs it.
  committer.submit(client_of(loop, told), {.files = {late}, .end = 3});
  committer.stop();
  committer.submit(client_of(loop, told), {.files = {late}, .end = 4});
  loop.run_ready();
  CHECK(failures == 1);
  CHECK(told == std::vector<base::Offset>{1});
}
