#include "storage/data_directory.h"

#include <catch2/catch.hpp>

#include "storage/file/checkpoint_file.h"
#include "tests/support/sim_file_system.h"

using base::Fault;
using storage::DataDirectory;
using storage::OpenMode;
using storage::PartitionOffsets;
using test::SimFileSystem;
using Loss = SimFileSystem::Loss;

namespace {

base::TopicIdPartition partition(std::uint64_t seed, std::int32_t number = 0) {
  base::Random random(seed);
  return {base::Uuid::make(random), number};
}

std::unique_ptr<DataDirectory> open(SimFileSystem& disk) {
  auto directory = DataDirectory::open(disk, "/var/stele");
  REQUIRE(directory);
  return *std::move(directory);
}

Fault fault_of_open(SimFileSystem& disk) {
  const auto directory = DataDirectory::open(disk, "/var/stele");
  REQUIRE_FALSE(directory);
  INFO(directory.error().detail);
  CHECK(directory.error().detail.find("/var/stele") != std::string::npos);
  return directory.error().fault;
}

storage::Path add(SimFileSystem& disk, DataDirectory& directory,
                  const base::TopicIdPartition& partition) {
  const auto path = directory.path_of(partition);
  REQUIRE(disk.create_directory(path));
  REQUIRE(directory.write_partition_metadata(partition));
  REQUIRE(disk.sync_directory(directory.path()));
  return path;
}

storage::DirectoryListing list(const DataDirectory& directory) {
  auto listing = directory.list();
  REQUIRE(listing);
  return *std::move(listing);
}

void touch(SimFileSystem& disk, const storage::Path& path) {
  REQUIRE(storage::replace_file(disk, path, "x"));
}

}  // namespace

TEST_CASE("a data directory is made with its parents and found again", "[data_directory]") {
  SimFileSystem disk;
  open(disk);
  const auto directory = open(disk);
  CHECK(list(*directory).partitions.empty());
  CHECK(list(*directory).problems.empty());
}

TEST_CASE("wherever the power goes while a data directory is made, it can be made again",
          "[data_directory]") {
  bool done = false;
  for (std::uint64_t n = 1; !done; ++n) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      CAPTURE(n, seed);
      base::Random random(seed);
      SimFileSystem disk;
      disk.crash_at(n);
      done = DataDirectory::open(disk, "/var/stele").has_value();
      disk.crash(random);
      if (done) REQUIRE(disk.exists("/var/stele/stele.format") == true);
      open(disk);
    }
  }
}

TEST_CASE("a data directory that a killed process began to make is as durable as any",
          "[data_directory]") {
  for (std::uint64_t n = 1;; ++n) {
    CAPTURE(n);
    SimFileSystem disk;
    disk.crash_at(n);
    const bool whole = DataDirectory::open(disk, "/var/stele").has_value();
    base::Random random(n);
    disk.crash(random, Loss::nothing);  // Only the process is gone; nothing was written back.
    open(disk);
    disk.crash(random, Loss::everything);
    CHECK(disk.exists("/var/stele/stele.format").value());
    if (whole) break;
  }
}

TEST_CASE("one process at a time has the data directory", "[data_directory]") {
  SimFileSystem disk;
  auto first = open(disk);
  CHECK(fault_of_open(disk) == Fault::exists);
  first.reset();
  open(disk);
}

TEST_CASE("a directory with somebody else's files is refused and left as it is",
          "[data_directory]") {
  SimFileSystem disk;
  REQUIRE(disk.create_directory("/var"));
  REQUIRE(disk.create_directory("/var/stele"));
  touch(disk, "/var/stele/meta.properties");
  CHECK(fault_of_open(disk) == Fault::invalid);
  CHECK(disk.list("/var/stele") == std::vector<std::string>{"meta.properties"});
}

TEST_CASE("a fresh file system's lost+found does not make a directory foreign",
          "[data_directory]") {
  SimFileSystem disk;
  REQUIRE(disk.create_directory("/var"));
  REQUIRE(disk.create_directory("/var/stele"));
  REQUIRE(disk.create_directory("/var/stele/lost+found"));
  CHECK(list(*open(disk)).problems.empty());
}

TEST_CASE("a newer or damaged format is refused", "[data_directory]") {
  SimFileSystem disk;
  open(disk);
  REQUIRE(
      storage::replace_file(disk, "/var/stele/stele.format", "stele data directory\nformat: 2\n"));
  CHECK(fault_of_open(disk) == Fault::unsupported);
  REQUIRE(storage::replace_file(disk, "/var/stele/stele.format", "format: \xff"));
  CHECK(fault_of_open(disk) == Fault::corruption);
}

TEST_CASE("partitions are found by their names", "[data_directory]") {
  SimFileSystem disk;
  const auto directory = open(disk);
  const auto a = partition(1, 0);
  const auto b = partition(1, 11);
  const auto c = partition(2, 0);
  for (const auto& each : {a, b, c}) add(disk, *directory, each);
  REQUIRE(disk.create_directory(directory->path_of(storage::kMetadataPartition)));

  CHECK(directory->path_of(b).filename() == a.topic_id.to_text() + "-11");
  CHECK(directory->path_of(storage::kMetadataPartition) == "/var/stele/__cluster_metadata-0");
  std::vector<base::TopicIdPartition> expected{a, b, c};
  std::ranges::sort(expected);
  const auto listing = list(*directory);
  CHECK(listing.problems.empty());
  REQUIRE(listing.partitions.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(listing.partitions[i].partition == expected[i]);
    CHECK(listing.partitions[i].path == directory->path_of(expected[i]));
    CHECK(listing.partitions[i].has_metadata);
  }
  CHECK(storage::read_text_file(disk, directory->path_of(a) / "partition.metadata") ==
        "version: 0\ntopic_id: " + a.topic_id.to_text());
}

TEST_CASE("a partition that died before its metadata was written is a partition",
          "[data_directory]") {
  SimFileSystem disk;
  const auto directory = open(disk);
  REQUIRE(disk.create_directory(directory->path_of(partition(1))));
  const auto listing = list(*directory);
  REQUIRE(listing.partitions.size() == 1);
  CHECK_FALSE(listing.partitions[0].has_metadata);
}

TEST_CASE("copies, foreign names and unreadable partitions are told and left alone",
          "[data_directory]") {
  SimFileSystem disk;
  const auto directory = open(disk);
  const auto id = partition(1).topic_id.to_text();
  const auto copy = add(disk, *directory, partition(1));
  REQUIRE(storage::replace_file(disk, copy / "partition.metadata",
                                "version: 0\ntopic_id: " + partition(2).topic_id.to_text()));
  const auto unreadable = add(disk, *directory, partition(3));
  disk.make_unreadable(unreadable / "partition.metadata", 0);
  touch(disk, directory->path() / "notes.txt");
  for (const auto& name : {id + "-00", id + "--1", id + "-x", id + "-", std::string("orders-0")})
    REQUIRE(disk.create_directory(directory->path() / name));

  const auto listing = list(*directory);
  CHECK(listing.partitions.empty());
  CHECK(listing.problems.size() == 8);
  CHECK(disk.exists(copy) == true);
}

TEST_CASE("a set-aside directory keeps its content and gets a name of its own",
          "[data_directory]") {
  SimFileSystem disk;
  const auto directory = open(disk);
  for (const auto* expected : {"-stray", "-stray-2", "-stray-3"}) {
    const auto path = add(disk, *directory, partition(1));
    const auto aside = directory->set_aside(path);
    REQUIRE(aside);
    CHECK(*aside == path.string() + expected);
    CHECK(disk.exists(*aside / "partition.metadata") == true);
  }
  disk.crash(*std::make_unique<base::Random>(1), Loss::everything);
  const auto again = open(disk);
  CHECK(list(*again).strays.size() == 3);
  CHECK(list(*again).partitions.empty());
}

TEST_CASE("a deletion that has begun is never undone, and can be finished after a crash",
          "[data_directory]") {
  bool done = false;
  for (std::uint64_t n = 1; !done; ++n) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      CAPTURE(n, seed);
      base::Random random(seed);
      SimFileSystem disk;
      auto directory = open(disk);
      add(disk, *directory, partition(1));
      const auto path = add(disk, *directory, partition(2));
      touch(disk, path / "00000000000000000000.log");
      disk.crash_at(disk.operations() + n);
      const auto begun = directory->begin_delete(partition(2));
      done = begun && directory->finish_delete(*begun);
      disk.crash(random);

      directory = open(disk);
      auto listing = list(*directory);
      REQUIRE(listing.problems.empty());
      if (begun) REQUIRE(listing.partitions.size() == 1);
      REQUIRE(listing.partitions.size() + listing.deletions.size() <= 2);
      if (done) REQUIRE(listing.deletions.empty());
      for (const auto& left : listing.deletions) REQUIRE(directory->finish_delete(left));
      REQUIRE(list(*directory).deletions.empty());
      REQUIRE(disk.exists(directory->path_of(partition(1)) / "partition.metadata") == true);
    }
  }
}

TEST_CASE("recovery points are Kafka's text with topic ids, and read back", "[data_directory]") {
  SimFileSystem disk;
  const auto directory = open(disk);
  CHECK(directory->read_recovery_points() == PartitionOffsets{});
  const PartitionOffsets points{{partition(1, 3), 42}, {storage::kMetadataPartition, 7}};
  REQUIRE(directory->write_recovery_points(points));
  CHECK(directory->read_recovery_points() == points);
  CHECK(storage::read_text_file(disk, "/var/stele/recovery-point-offset-checkpoint") ==
        "0\n2\nAAAAAAAAAAAAAAAAAAAAAQ 0 7\n" + partition(1).topic_id.to_text() + " 3 42\n");

  disk.damage("/var/stele/recovery-point-offset-checkpoint", 2);
  const auto damaged = directory->read_recovery_points();
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().fault == Fault::corruption);
}

TEST_CASE("the clean marker is good for one start", "[data_directory]") {
  SimFileSystem disk;
  const auto directory = open(disk);
  const PartitionOffsets ends{{partition(1, 3), 42}, {partition(2), 0}};
  CHECK(directory->take_clean_marker()->has_value() == false);
  REQUIRE(directory->write_clean_marker(ends));
  CHECK(list(*directory).problems.empty());
  CHECK(**directory->take_clean_marker() == ends);
  CHECK(directory->take_clean_marker()->has_value() == false);
}

TEST_CASE("a clean marker that was taken stays taken in a crash", "[data_directory]") {
  SimFileSystem disk;
  auto directory = open(disk);
  REQUIRE(directory->write_clean_marker({}));
  REQUIRE(directory->take_clean_marker());
  base::Random random(1);
  disk.crash(random, Loss::everything);
  directory = open(disk);
  CHECK(directory->take_clean_marker()->has_value() == false);
}

TEST_CASE("a damaged clean marker says nothing and goes", "[data_directory]") {
  SimFileSystem disk;
  const auto directory = open(disk);
  const storage::Path marker = "/var/stele/.stele_cleanshutdown";
  REQUIRE(directory->write_clean_marker({{partition(1), 42}}));
  const auto size = storage::read_text_file(disk, marker)->size();
  for (std::size_t at = 0; at < size; ++at) {
    CAPTURE(at);
    REQUIRE(directory->write_clean_marker({{partition(1), 42}}));
    disk.damage(marker, at);
    const auto taken = directory->take_clean_marker();
    REQUIRE(taken);
    REQUIRE_FALSE(taken->has_value());
    REQUIRE(disk.exists(marker) == false);
  }
}
