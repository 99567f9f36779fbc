#include "broker/startup.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/broker_bench.h"

using base::Fault;
using test::SimFileSystem;
using test_support::batch_of;
using test_support::BrokerBench;
using Loss = SimFileSystem::Loss;

namespace {

using Values = std::vector<std::string>;

/// Produces one record and waits until it is acknowledged.
void produce(BrokerBench& bench, const std::string& topic, const std::string& value) {
  bool answered = false;
  bench.topic(topic)->partition(0)->produce(batch_of({.name = value}), broker::AckWhen::committed,
                                            [&](const broker::ProduceOutcome& outcome) {
                                              REQUIRE(outcome.error == protocol::ErrorCode::none);
                                              answered = true;
                                            });
  REQUIRE(bench.run_until([&] { return answered; }));
}

void remove(BrokerBench& bench, const base::Uuid& id) {
  const auto decision = bench.result_of(bench.topics->remove(bench.loop, id));
  REQUIRE(decision);
  REQUIRE_FALSE(decision->refused());
}

void kill(SimFileSystem& disk) {
  base::Random random(1);
  disk.crash(random, Loss::nothing);
}

void cut_power(SimFileSystem& disk) {
  base::Random random(1);
  disk.crash(random, Loss::everything);
}

std::vector<std::string> names_in(SimFileSystem& disk) { return disk.list("/data").value(); }

bool any_contains(const std::vector<std::string>& lines, const std::string& what) {
  return std::ranges::any_of(
      lines, [&](const auto& line) { return line.find(what) != std::string::npos; });
}

/// A topic "a" with the record "v-0", after a clean stop.
base::Uuid make_data(SimFileSystem& disk) {
  BrokerBench bench(disk);
  const auto id = bench.make_topic("a").id;
  produce(bench, "a", "v");
  REQUIRE(bench.stop());
  return id;
}

storage::Path directory_of(const base::Uuid& id, int index = 0) {
  return fmt::format("/data/{}-{}", id.to_text(), index);
}

}  // namespace

TEST_CASE("the first start makes a directory and names the cluster, for good", "[startup]") {
  SimFileSystem disk;
  std::string cluster;
  {
    const BrokerBench bench(disk);
    REQUIRE_FALSE(bench.refused());
    CHECK(bench.said.empty());
    CHECK(bench.topics->image()->by_name.empty());
    cluster = bench.topics->cluster_id();
    CHECK(base::Uuid::from_text(cluster));
  }
  cut_power(disk);
  const BrokerBench bench(disk);
  CHECK(bench.topics->cluster_id() == cluster);
}

TEST_CASE("a cluster may be named by its configuration, once", "[startup]") {
  SimFileSystem disk;
  auto config = BrokerBench::usual_config();
  config.cluster_id = "MkU3OEVBNTcwNTJENDM2Qg";
  {
    const BrokerBench bench(disk, config);
    CHECK(bench.topics->cluster_id() == "MkU3OEVBNTcwNTJENDM2Qg");
  }
  {
    const BrokerBench bench(disk);
    CHECK(bench.topics->cluster_id() == "MkU3OEVBNTcwNTJENDM2Qg");
  }
  config.cluster_id = "AnotherNameOfTheClust";
  const BrokerBench bench(disk, config);
  REQUIRE(bench.refused());
  CHECK(bench.refused()->fault == Fault::invalid);
  CHECK(bench.refused()->detail.find("MkU3OEVBNTcwNTJENDM2Qg") != std::string::npos);
}

TEST_CASE("after a clean stop everything is there and nothing has to be said", "[startup]") {
  SimFileSystem disk;
  const auto id = make_data(disk);
  BrokerBench bench(disk);
  REQUIRE_FALSE(bench.refused());
  CHECK(bench.said.empty());
  REQUIRE(bench.topic("a") != nullptr);
  CHECK(bench.topic("a")->id == id);
  CHECK(bench.values("a") == Values{"v-0"});
  produce(bench, "a", "w");
  CHECK(bench.values("a") == Values{"v-0", "w-0"});
}

TEST_CASE("the marker of a clean stop holds for one start", "[startup]") {
  SimFileSystem disk;
  make_data(disk);
  CHECK(any_contains(names_in(disk), ".stele_cleanshutdown"));
  {
    const BrokerBench bench(disk);
  }
  cut_power(disk);
  CHECK_FALSE(any_contains(names_in(disk), ".stele_cleanshutdown"));
  BrokerBench bench(disk);
  CHECK(bench.values("a") == Values{"v-0"});
}

TEST_CASE("a clean stop can be started from after a power cut", "[startup]") {
  SimFileSystem disk;
  make_data(disk);
  cut_power(disk);
  BrokerBench bench(disk);
  CHECK(bench.said.empty());
  CHECK(bench.values("a") == Values{"v-0"});
}

TEST_CASE("after a kill and after a power cut what was acknowledged is there", "[startup]") {
  for (const auto& stop : {kill, cut_power}) {
    SimFileSystem disk;
    base::Uuid id;
    {
      BrokerBench bench(disk);
      id = bench.make_topic("a", 2).id;
      produce(bench, "a", "v");
      produce(bench, "a", "w");
    }
    stop(disk);
    BrokerBench bench(disk);
    REQUIRE_FALSE(bench.refused());
    CHECK(bench.topic("a")->id == id);
    CHECK(bench.topic("a")->partitions.size() == 2);
    CHECK(bench.values("a") == Values{"v-0", "w-0"});
    CHECK(bench.topic("a")->partition(0)->leader_epoch() == 0);
  }
}

TEST_CASE("a torn tail is cut, kept and told, and the leader epoch says so", "[startup]") {
  SimFileSystem disk;
  base::Uuid id;
  {
    BrokerBench bench(disk);
    id = bench.make_topic("a").id;
    produce(bench, "a", "v");
    const auto half = test_support::batch_bytes({.name = "half"});
    const auto file =
        disk.open(directory_of(id) / "00000000000000000000.log", storage::OpenMode::read_write)
            .value();
    const auto end = bench.topic("a")->partition(0)->log().size_bytes();
    REQUIRE(file->write_at(end, base::BytesView(half).first(half.size() - 1)));
  }
  kill(disk);
  BrokerBench bench(disk);
  REQUIRE_FALSE(bench.refused());
  CHECK(any_contains(bench.said, "partition a-0: cut"));
  CHECK(any_contains(bench.said, "kept in " + directory_of(id).string()));
  CHECK(bench.values("a") == Values{"v-0"});
  CHECK(bench.topic("a")->partition(0)->leader_epoch() == 1);
}

TEST_CASE("a marker that does not speak of a log as it is does not spare it the scan",
          "[startup]") {
  SimFileSystem disk;
  const auto id = make_data(disk);
  {
    const auto directory = storage::DataDirectory::open(disk, "/data").value();
    auto ends = directory->take_clean_marker().value().value();
    ends[{id, 0}] = 7;
    ends.erase(storage::kMetadataPartition);
    REQUIRE(directory->write_clean_marker(ends));
  }
  BrokerBench bench(disk);
  REQUIRE_FALSE(bench.refused());
  CHECK(bench.values("a") == Values{"v-0"});
}

TEST_CASE("a topic whose partition is gone stops the start, and nothing is changed", "[startup]") {
  SimFileSystem disk;
  const auto id = make_data(disk);
  REQUIRE(disk.rename(directory_of(id), "/data/elsewhere"));
  {
    const BrokerBench bench(disk);
    REQUIRE(bench.refused());
    CHECK(bench.refused()->fault == Fault::missing);
    CHECK(bench.refused()->detail.find("partition a-0") != std::string::npos);
    CHECK(bench.refused()->detail.find(directory_of(id).string()) != std::string::npos);
  }
  REQUIRE(disk.rename("/data/elsewhere", directory_of(id)));
  BrokerBench bench(disk);
  REQUIRE_FALSE(bench.refused());
  CHECK(bench.values("a") == Values{"v-0"});
}

TEST_CASE("without its metadata log a directory with partitions is not taken for a new one",
          "[startup]") {
  SimFileSystem disk;
  const auto id = make_data(disk);
  REQUIRE(disk.rename("/data/__cluster_metadata-0", "/data/elsewhere"));
  // Even if the recovery points are gone too.
  for (const bool without_points : {false, true}) {
    CAPTURE(without_points);
    if (without_points) REQUIRE(disk.remove("/data/recovery-point-offset-checkpoint"));
    const BrokerBench bench(disk);
    REQUIRE(bench.refused());
    CHECK(bench.refused()->fault == Fault::missing);
    CHECK(disk.exists(directory_of(id)).value());
  }
  REQUIRE(disk.create_directory("/data/__cluster_metadata-0"));  // Empty is no better.
  {
    const BrokerBench bench(disk);
    REQUIRE(bench.refused());
    CHECK(disk.exists(directory_of(id)).value());
  }
}

TEST_CASE("partitions that no topic names are set aside and kept", "[startup]") {
  SimFileSystem disk;
  const auto id = make_data(disk);
  base::Random random(9);
  const auto foreign = base::Uuid::make(random);
  for (const auto& path : {directory_of(foreign), directory_of(id, 1)}) {
    REQUIRE(disk.create_directory(path));
    REQUIRE(disk.open(path / "00000000000000000000.log", storage::OpenMode::create_new));
  }
  BrokerBench bench(disk);
  REQUIRE_FALSE(bench.refused());
  CHECK(bench.said.size() == 2);
  for (const auto& path : {directory_of(foreign), directory_of(id, 1)}) {
    CHECK(any_contains(bench.said, path.string() + " belongs to no topic"));
    CHECK(disk.exists(path.string() + "-stray/00000000000000000000.log").value());
  }
  CHECK(bench.values("a") == Values{"v-0"});
}

TEST_CASE("a foreign thing in the directory is told of and left alone", "[startup]") {
  SimFileSystem disk;
  make_data(disk);
  REQUIRE(disk.open("/data/notes.txt", storage::OpenMode::create_new));
  const BrokerBench bench(disk);
  REQUIRE_FALSE(bench.refused());
  REQUIRE(bench.said.size() == 1);
  CHECK(any_contains(bench.said, "/data/notes.txt"));
  CHECK(disk.exists("/data/notes.txt").value());
}

TEST_CASE("what is left of a removed topic goes at the next start", "[startup]") {
  SimFileSystem disk;
  base::Uuid id;
  {
    BrokerBench bench(disk);
    id = bench.make_topic("a", 2).id;
    test_support::Started<broker::TopicDecision> removal(bench.topics->remove(bench.loop, id));
    REQUIRE(bench.loop.run_until([&] { return removal.done(); }));
  }  // Killed before a worker came to the files.
  kill(disk);
  CHECK(disk.exists(directory_of(id)).value());
  BrokerBench bench(disk);
  REQUIRE_FALSE(bench.refused());
  CHECK(bench.topic("a") == nullptr);
  CHECK(bench.deletions.size() == 2);
  CHECK(bench.said.empty());
  bench.run_until([&] { return bench.pool.posted() == 0; });
  CHECK_FALSE(any_contains(names_in(disk), id.to_text()));
}

TEST_CASE("a deletion that was begun is finished at the next start", "[startup]") {
  SimFileSystem disk;
  base::Uuid id;
  {
    BrokerBench bench(disk);
    id = bench.make_topic("a").id;
    remove(bench, id);
    REQUIRE(bench.stop());
  }
  REQUIRE(disk.create_directory(directory_of(id).string() + "-delete"));
  BrokerBench bench(disk);
  CHECK(bench.deletions == std::vector<storage::Path>{directory_of(id).string() + "-delete"});
  bench.run_until([&] { return bench.pool.posted() == 0; });
  CHECK_FALSE(any_contains(names_in(disk), id.to_text()));
}

TEST_CASE("a partition whose metadata file is missing gets it back", "[startup]") {
  SimFileSystem disk;
  const auto id = make_data(disk);
  REQUIRE(disk.remove(directory_of(id) / "partition.metadata"));
  BrokerBench bench(disk);
  REQUIRE_FALSE(bench.refused());
  CHECK(disk.exists(directory_of(id) / "partition.metadata").value());
  CHECK(bench.values("a") == Values{"v-0"});
}

TEST_CASE("a directory that another process has is not touched", "[startup]") {
  SimFileSystem disk;
  const BrokerBench first(disk);
  const auto operations = disk.operations();
  const BrokerBench second(disk);
  REQUIRE(second.refused());
  CHECK(second.refused()->fault == Fault::exists);
  CHECK(disk.operations() == operations);
}

TEST_CASE("a start that cannot read a log names its partition", "[startup]") {
  SimFileSystem disk;
  const auto id = make_data(disk);
  {
    BrokerBench bench(disk);  // The stop below is unclean: the log will be read.
  }
  disk.make_unreadable(directory_of(id) / "00000000000000000000.log", 0);
  const BrokerBench bench(disk);
  REQUIRE(bench.refused());
  CHECK(bench.refused()->fault == Fault::io);
  CHECK(bench.refused()->detail.find("partition a-0") != std::string::npos);
}
