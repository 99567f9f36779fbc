#include "broker/topics/metadata_log.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/broker/partition/partition_bench.h"
#include "tests/support/started.h"

using broker::MetadataLog;
using protocol::MetadataRecord;
using protocol::TopicRecord;
using test_support::PartitionBench;
using test_support::Started;

namespace {

MetadataRecord topic(const std::string& name) {
  TopicRecord record;
  record.name = name;
  return record;
}

std::vector<MetadataRecord> topics(const std::vector<std::string>& names) {
  std::vector<MetadataRecord> records;
  records.reserve(names.size());
  for (const auto& name : names) records.push_back(topic(name));
  return records;
}

struct Bench : PartitionBench {
  Bench() : PartitionBench(*broker::metadata_log_config()) {}

  MetadataLog log{partition};

  /// Appends and waits; false if it failed or never ended.
  bool append(const std::vector<MetadataRecord>& records) {
    Started<base::Result<>> started(log.append(records));
    return loop.run_until([&] { return started.done(); }) && started.value().has_value();
  }
  base::Result<std::vector<std::string>> replayed() {
    std::vector<std::string> names;
    const auto read = broker::replay_metadata(*partition->view(), [&](const auto& record) {
      names.push_back(std::get<TopicRecord>(record).name);
      return base::Result<>{};
    });
    if (!read) return std::unexpected(read.error());
    return names;
  }
  /// A record as some other version would have written it.
  void append_raw(base::BytesView value) {
    record::BatchBuilder builder;
    builder.add({.timestamp = test_support::kNow, .key = base::as_bytes("k"), .value = value});
    const auto outcome = produce(test_support::shared(builder.finish().value()));
    REQUIRE(run_until_answered(outcome));
  }
};

}  // namespace

TEST_CASE("the metadata log gives back what was appended, in order", "[topics]") {
  Bench bench;
  REQUIRE(bench.append(topics({"a", "b"})));
  REQUIRE(bench.append(topics({"c"})));
  CHECK(bench.replayed().value() == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("a log of many batches and one of a large batch are read whole", "[topics]") {
  Bench bench;
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) {
    names.push_back(std::to_string(i) + std::string(5000, 'x'));
    REQUIRE(bench.append({topic(names.back())}));
  }
  std::vector<std::string> many;
  many.reserve(15'000);
  for (int i = 0; i < 15'000; ++i)
    many.push_back("many-" + std::to_string(i) + std::string(50, 'y'));
  REQUIRE(bench.append(topics(many)));
  names.insert(names.end(), many.begin(), many.end());
  CHECK(bench.replayed().value() == names);
}

TEST_CASE("an append to the metadata log ends when it is on disk", "[topics]") {
  Bench bench;
  bench.files.hold();
  Started<base::Result<>> started(bench.log.append(topics({"a"})));
  bench.loop.run_ready();
  bench.files.wait_until_held(1);
  bench.loop.run_ready();
  CHECK_FALSE(started.done());
  CHECK(bench.replayed().value().empty());
  bench.files.release();
  REQUIRE(bench.loop.run_until([&] { return started.done(); }));
  CHECK(started.value().has_value());
}

TEST_CASE("an append that the disk refuses fails and leaves nothing", "[topics]") {
  Bench bench;
  REQUIRE(bench.append(topics({"a"})));
  bench.disk.fail_at(bench.disk.operations() + 1, base::Fault::full);
  CHECK_FALSE(bench.append(topics({"b"})));
  REQUIRE(bench.append(topics({"c"})));
  CHECK(bench.replayed().value() == std::vector<std::string>{"a", "c"});
}

TEST_CASE("a record of a newer version refuses to start and says so", "[topics]") {
  Bench bench;
  REQUIRE(bench.append(topics({"a"})));
  // Frame version 1, a type that nobody knows, version 3.
  const std::vector<std::byte> unknown{std::byte{1}, std::byte{0xe7}, std::byte{7}, std::byte{3}};
  bench.append_raw(unknown);
  const auto read = bench.replayed();
  REQUIRE_FALSE(read);
  CHECK(read.error().fault == base::Fault::unsupported);
  CHECK(read.error().detail.find("type 999") != std::string::npos);
  CHECK(read.error().detail.find("a newer one wrote it") != std::string::npos);
  CHECK(read.error().detail.find("at offset 1 of __cluster_metadata") != std::string::npos);
}

TEST_CASE("a known record in an unknown version refuses to start and names the version",
          "[topics]") {
  Bench bench;
  const std::vector<std::byte> newer{std::byte{1}, std::byte{2}, std::byte{9}};
  bench.append_raw(newer);
  const auto read = bench.replayed();
  REQUIRE_FALSE(read);
  CHECK(read.error().fault == base::Fault::unsupported);
  CHECK(read.error().detail.find("version 9") != std::string::npos);
}

TEST_CASE("a record that cannot be read is corruption", "[topics]") {
  Bench bench;
  bench.append_raw(base::as_bytes("\x01\x02"));
  const auto read = bench.replayed();
  REQUIRE_FALSE(read);
  CHECK(read.error().fault == base::Fault::corruption);
}

TEST_CASE("a replay ends at the first record that is not taken", "[topics]") {
  Bench bench;
  REQUIRE(bench.append(topics({"a", "b", "c"})));
  int seen = 0;
  const auto read = broker::replay_metadata(*bench.partition->view(), [&](const auto&) {
    ++seen;
    return seen == 2 ? base::Result<>(base::fail(base::Fault::corruption, "no")) : base::Result<>{};
  });
  REQUIRE_FALSE(read);
  CHECK(seen == 2);
  CHECK(read.error().detail == "no, at offset 1 of __cluster_metadata");
}

TEST_CASE("a damaged metadata log is not taken for its beginning", "[topics]") {
  Bench bench;
  for (int i = 0; i < 100; ++i) REQUIRE(bench.append({topic(std::string(300, 'x'))}));
  // The magic byte of a batch in the middle.
  const auto view = bench.partition->view();
  const auto slice = view->read(50, 1, true).value();
  bench.disk.damage("/p/00000000000000000000.log", slice.position + 16);
  const auto read = bench.replayed();
  REQUIRE_FALSE(read);
  CHECK(read.error().fault == base::Fault::corruption);
}
