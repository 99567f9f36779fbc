#include "broker/coordinator/group_loader.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/record/batch_builder.h"
#include "storage/log/log.h"
#include "storage/log/log_files.h"
#include "tests/support/batches.h"
#include "tests/support/sim_file_system.h"

using broker::GroupCore;
using broker::GroupState;
using protocol::ErrorCode;
using protocol::GroupMetadataKey;
using protocol::GroupMetadataValue;
using protocol::OffsetCommitKey;
using protocol::OffsetCommitValue;

namespace {

using Bytes = std::vector<std::byte>;

/// A partition of __consumer_offsets on a disk in memory.
class OffsetsLog {
 public:
  void put(const Bytes& key, const std::optional<Bytes>& value) {
    record::BatchBuilder builder;
    add(builder, key, value);
    append(builder);
  }
  void commit(const std::string& group, std::int32_t partition, std::int64_t offset) {
    put(key(group, partition), value(offset));
  }
  static Bytes key(const std::string& group, std::int32_t partition) {
    return protocol::encode_group_record_key(OffsetCommitKey{group, "t", partition});
  }
  static Bytes value(std::int64_t offset) {
    return protocol::encode_group_record_value(OffsetCommitValue{.offset = offset});
  }
  static void add(record::BatchBuilder& builder, const Bytes& key,
                  const std::optional<Bytes>& value) {
    builder.add({.timestamp = test_support::kNow,
                 .key = key.empty() ? std::nullopt : std::optional<base::BytesView>(key),
                 .value = value ? std::optional<base::BytesView>(*value) : std::nullopt,
                 .headers = {},
                 .offset_delta = {}});
  }
  void append(record::BatchBuilder& builder, const record::BatchHeader& like = {}) {
    append(builder.finish(like).value());
  }
  void append(const Bytes& batch) {
    const storage::NewBatch view{
        .header = *record::BatchHeader::read(batch),
        .records = base::BytesView(batch).subspan(record::BatchHeader::kSize)};
    const auto appended = log_->append(std::span(&view, 1), test_support::kNow);
    REQUIRE(appended);
    REQUIRE(appended->front().verdict == storage::AppendVerdict::appended);
    if (commits_) log_->set_high_watermark(log_->end_offset());
  }
  /// From now on what is appended is not committed.
  void stop_committing() { commits_ = false; }
  std::uint64_t size() const { return log_->size_bytes(); }
  void damage(std::uint64_t at) {
    disk_.damage(kPath / storage::file_name(0, storage::kLogSuffix), at);
  }

  base::Result<broker::LoadedGroups> load() { return broker::load_groups(*log_->view(), {}, 1); }

 private:
  static inline const storage::Path kPath = "/data/__consumer_offsets-0";

  static std::unique_ptr<storage::Log> make_log(storage::FileSystem& disk) {
    REQUIRE(disk.create_directory("/data"));
    auto log = storage::Log::create(disk, kPath, config::LogConfig{}, test_support::kNow);
    REQUIRE(log);
    return std::move(*log);
  }

  bool commits_ = true;
  test::SimFileSystem disk_;
  std::unique_ptr<storage::Log> log_ = make_log(disk_);
};

/// -1: none; nothing: the group is not available.
std::optional<std::int64_t> committed(const GroupCore& core, const std::string& group,
                                      std::int32_t partition) {
  const protocol::OffsetFetchRequest::Group request{
      .group_id = group,
      .member_id = {},
      .topics = std::vector{
          protocol::OffsetFetchRequest::Topic{.name = "t", .partition_indexes = {partition}}}};
  const auto answer = core.fetch(request);
  if (answer.error_code == ErrorCode::coordinator_not_available) return std::nullopt;
  REQUIRE(answer.error_code == ErrorCode::none);
  return answer.topics.at(0).partitions.at(0).committed_offset;
}

const Bytes kJunk(3, std::byte{0x7f});  // A version that nobody knows.

}  // namespace

TEST_CASE("the groups are what the log says last", "[groups]") {
  OffsetsLog log;
  SECTION("nothing") {
    const auto loaded = log.load();
    REQUIRE(loaded);
    CHECK(loaded->core->group_count() == 0);
    CHECK(loaded->notes.empty());
  }
  SECTION("offsets, replaced and gone") {
    log.commit("a", 0, 1);
    log.commit("a", 1, 2);
    log.commit("a", 0, 3);
    log.commit("b", 0, 4);
    log.put(OffsetsLog::key("a", 1), std::nullopt);
    log.put(OffsetsLog::key("b", 0), std::nullopt);
    log.put(OffsetsLog::key("never", 0), std::nullopt);
    const auto loaded = log.load();
    REQUIRE(loaded);
    CHECK(loaded->notes.empty());
    CHECK(committed(*loaded->core, "a", 0) == 3);
    CHECK(committed(*loaded->core, "a", 1) == -1);
    CHECK(committed(*loaded->core, "b", 0) == -1);
    CHECK(loaded->core->group_count() == 1);
  }
  SECTION("groups") {
    GroupMetadataValue value{
        .protocol_type = "consumer", .generation = 7, .protocol = "range", .leader = "m"};
    value.members.push_back({.member_id = "m", .client_id = "c", .session_timeout = 10'000});
    const auto key = protocol::encode_group_record_key(GroupMetadataKey{"a"});
    log.put(key, protocol::encode_group_record_value(value));
    {
      const auto loaded = log.load();
      const auto* group = std::as_const(*loaded->core).find("a");
      REQUIRE(group != nullptr);
      CHECK(group->state == GroupState::stable);
      CHECK(group->generation == 7);
      CHECK(group->leader == "m");
      CHECK(group->members().size() == 1);
    }
    log.commit("a", 0, 5);
    log.put(key, std::nullopt);  // As another program may do it: the offsets stay.
    const auto loaded = log.load();
    const auto* group = std::as_const(*loaded->core).find("a");
    REQUIRE(group != nullptr);
    CHECK(group->state == GroupState::empty);
    CHECK(group->members().empty());
    CHECK(committed(*loaded->core, "a", 0) == 5);
  }
}

TEST_CASE("what is above the high watermark is not there yet", "[groups]") {
  // Whoever saw it would answer with what the disk may lose.
  OffsetsLog log;
  log.commit("a", 0, 1);
  log.stop_committing();
  log.commit("a", 0, 2);
  const auto loaded = log.load();
  REQUIRE(loaded);
  CHECK(committed(*loaded->core, "a", 0) == 1);
}

TEST_CASE("a record that cannot be read costs its own group only", "[groups]") {
  OffsetsLog log;
  log.commit("bad", 0, 1);
  log.put(OffsetsLog::key("bad", 0), kJunk);
  log.commit("bad", 1, 2);
  log.commit("good", 0, 3);
  SECTION("it is not available") {
    const auto loaded = log.load();
    REQUIRE(loaded);
    CHECK(committed(*loaded->core, "bad", 0) == std::nullopt);
    CHECK(committed(*loaded->core, "bad", 1) == std::nullopt);
    CHECK(committed(*loaded->core, "good", 0) == 3);
    REQUIRE(loaded->notes.size() == 1);
    CHECK_THAT(loaded->notes[0], Catch::Contains("group bad is not available") &&
                                     Catch::Contains("at offset 1") &&
                                     Catch::Contains("version 32639"));
  }
  SECTION("a later record of the same key mends it, and nothing is said") {
    log.commit("bad", 0, 4);
    const auto loaded = log.load();
    CHECK(committed(*loaded->core, "bad", 0) == 4);
    CHECK(committed(*loaded->core, "bad", 1) == 2);
    CHECK(loaded->notes.empty());
  }
  SECTION("so does its deletion, for ever") {
    const auto loaded = log.load();
    broker::Step step;
    CHECK(loaded->core->delete_group("bad", step).error_code == ErrorCode::none);
    for (const auto& record : step.records) log.put(record.key, record.value);
    const auto again = log.load();
    CHECK(committed(*again->core, "bad", 0) == -1);
    CHECK(committed(*again->core, "good", 0) == 3);
    CHECK(again->core->group_count() == 1);
    CHECK(again->notes.empty());
  }
}

TEST_CASE("records of other programs", "[groups]") {
  OffsetsLog log;
  log.commit("a", 0, 1);
  auto newer = OffsetsLog::key("b", 0);
  newer[1] = std::byte{42};  // A type that is not known; groups come first in all of them.
  SECTION("of a group") {
    log.put(newer, Bytes{std::byte{0}, std::byte{0}});
    const auto loaded = log.load();
    CHECK(committed(*loaded->core, "b", 0) == std::nullopt);
    CHECK(loaded->notes.size() == 1);
    log.put(newer, std::nullopt);
    CHECK(committed(*log.load()->core, "b", 0) == -1);
  }
  SECTION("of nobody: there is nothing to distrust") {
    log.put({}, Bytes{std::byte{0}});
    log.put(Bytes{std::byte{0}}, Bytes{std::byte{0}});
    log.put(Bytes{std::byte{0}, std::byte{42}, std::byte{9}}, Bytes{std::byte{0}});
    const auto loaded = log.load();
    REQUIRE(loaded);
    CHECK(loaded->notes.size() == 3);
    CHECK_THAT(loaded->notes[0], Catch::Contains("at offset 1") && Catch::Contains("no key"));
    CHECK(committed(*loaded->core, "a", 0) == 1);
  }
  SECTION("control batches are none") {
    record::BatchBuilder builder;
    OffsetsLog::add(builder, OffsetsLog::key("a", 0), OffsetsLog::value(9));
    record::BatchHeader like;
    like.attributes = 0x20;
    log.append(builder, like);
    CHECK(committed(*log.load()->core, "a", 0) == 1);
  }
  SECTION("several in a batch, compressed") {
    record::BatchBuilder builder(record::Codec::zstd);
    OffsetsLog::add(builder, OffsetsLog::key("a", 0), OffsetsLog::value(2));
    OffsetsLog::add(builder, OffsetsLog::key("b", 0), kJunk);
    OffsetsLog::add(builder, OffsetsLog::key("a", 0), OffsetsLog::value(3));
    log.append(builder);
    const auto loaded = log.load();
    CHECK(committed(*loaded->core, "a", 0) == 3);
    CHECK(committed(*loaded->core, "b", 0) == std::nullopt);
  }
}

TEST_CASE("a batch that does not match its checksum is not believed", "[groups]") {
  OffsetsLog log;
  log.commit("a", 0, 1);
  const auto second = log.size();
  log.commit("a", 0, 2);
  const auto third = log.size();
  log.commit("b", 0, 3);

  SECTION("one bit anywhere in it: even its group's name may be what has changed") {
    for (auto at = second + record::BatchHeader::kSize; at < third; ++at) {
      log.damage(at);
      const auto loaded = log.load();
      REQUIRE_FALSE(loaded);
      CHECK(loaded.error().fault == base::Fault::corruption);
      CHECK_THAT(loaded.error().detail, Catch::Contains("the batch at offset 1 cannot be read"));
      log.damage(at);  // And back.
    }
  }
  SECTION("its records cannot even be told apart: anybody may have lost something") {
    log.damage(second + record::BatchHeader::kSize);
    const auto loaded = log.load();
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().fault == base::Fault::corruption);
    CHECK_THAT(loaded.error().detail, Catch::Contains("the batch at offset 1 cannot be read"));
  }
  SECTION("its length has changed: what follows cannot be found") {
    log.damage(second + 8);
    const auto loaded = log.load();
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().fault == base::Fault::corruption);
  }
}

TEST_CASE("a batch whose checksum is right and whose records cannot be told apart", "[groups]") {
  OffsetsLog log;
  log.commit("a", 0, 1);
  record::BatchBuilder builder;
  OffsetsLog::add(builder, OffsetsLog::key("a", 0), OffsetsLog::value(2));
  OffsetsLog::add(builder, OffsetsLog::key("b", 0), OffsetsLog::value(3));
  auto batch = builder.finish().value();
  // The second record says that it is longer than it is.
  const auto records = base::BytesView(batch).subspan(record::BatchHeader::kSize);
  const auto first = static_cast<std::size_t>(records[0]) / 2 + 1;
  batch.at(record::BatchHeader::kSize + first) ^= std::byte{0x40};
  auto header = *record::BatchHeader::read(batch);
  header.crc = record::batch_crc(header, records);
  std::ranges::copy(header.to_bytes(), batch.begin());
  log.append(batch);
  log.commit("c", 0, 4);

  // Not even for c, nor with the offset that a had before.
  const auto loaded = log.load();
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().fault == base::Fault::corruption);
  CHECK_THAT(loaded.error().detail, Catch::Contains("the batch at offset 1 cannot be read"));
}
