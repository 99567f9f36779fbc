#include "protocol/messages/group_records.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/messages/consumer_protocol.h"
#include "tests/support/hex.h"

using protocol::GroupMetadataRecord;
using protocol::GroupRecord;
using protocol::OffsetCommitRecord;
using protocol::UnreadableGroupRecord;
using tests::hex;

namespace {

base::Result<GroupRecord> decode(std::string_view key, std::optional<std::string_view> value) {
  auto key_bytes = hex(key);
  auto value_bytes = hex(value.value_or(""));
  auto record = protocol::decode_group_record(
      key_bytes, value ? std::optional<base::BytesView>(value_bytes) : std::nullopt);
  // The record owns all it has.
  std::ranges::fill(key_bytes, std::byte{0xee});
  std::ranges::fill(value_bytes, std::byte{0xee});
  return record;
}

template <class Record>
Record known(std::string_view key, std::optional<std::string_view> value) {
  auto record = decode(key, value);
  REQUIRE(record);
  REQUIRE(std::holds_alternative<Record>(*record));
  return std::get<Record>(*std::move(record));
}

/// Whose record it is, and why it cannot be read.
std::pair<std::string, base::Fault> unreadable(std::string_view key,
                                               std::optional<std::string_view> value) {
  const auto record = known<UnreadableGroupRecord>(key, value);
  CHECK_FALSE(record.error.detail.empty());
  return {record.group, record.error.fault};
}

base::Fault refused(std::string_view key, std::optional<std::string_view> value) {
  const auto record = decode(key, value);
  REQUIRE_FALSE(record);
  CHECK_FALSE(record.error().detail.empty());
  return record.error().fault;
}

std::string text(const base::SharedBytes& bytes) { return std::string(base::as_text(bytes.view)); }

struct Stored {
  std::string_view key;
  std::string_view value;
};

// What the log of a Kafka 4.3.1 held, one partition of __consumer_offsets, byte for byte. A Java
// console consumer with an instance id joined as group javas, read three records and committed.
constexpr Stored kNewGroup{"000200056a61766173",
                           "0003000000000000ffffffff000001a210cfaf9600000000"};
constexpr Stored kStableGroup{
    "000200056a61766173",
    "00030008636f6e73756d657200000001000572616e6765002769312d39383934643638392d353031372d34643463"
    "2d393332652d336264643834613765626363000001a210cfaf9b00000001002769312d39383934643638392d3530"
    "31372d346434632d393332652d3362646438346137656263630002693100026a63000a2f3132372e302e302e3100"
    "0493e00000afc80000001d0003000000010007666c6967687473ffffffff00000000ffffffffffff0000001f0003"
    "000000010007666c6967687473000000020000000000000001ffffffff"};
constexpr Stored kOffset{
    "000100056a617661730007666c696768747300000000",
    "000400000000000000030000000001000001a210cfb08a0100103553069c163d4de0b92790ab2a3609e9"};
// An OffsetCommit v2 with a retention time of a minute.
constexpr Stored kExpiringOffset{
    "000100036f6c640007666c696768747300000001",
    "0001000000000000002a00046e6f7465000001a210cfbffc000001a210d0aa5c"};
// The console consumer once more, with group.protocol=consumer (KIP-848), as group news.
constexpr Stored kNewMember{
    "000500046e657773001664546941774e61485138434273655379717072725267",
    "0000000011636f6e736f6c652d636f6e73756d65720b2f3132372e302e302e310208666c696768747301000493e0"
    "0001000100"};

/// Read as this, and written again as it was.
void check_stored(const Stored& stored, const OffsetCommitRecord& expected) {
  CHECK(known<OffsetCommitRecord>(stored.key, stored.value) == expected);
  CHECK(protocol::encode_group_record_key(expected.key) == hex(stored.key));
  CHECK(protocol::encode_group_record_value(expected.value.value()) == hex(stored.value));
}

constexpr auto kOffsetKey = "0001 0001 'g' 0001 't' 00000007";
constexpr auto kGroupKey = "0002 0001 'g'";

}  // namespace

TEST_CASE("offsets are stored as Kafka stores them", "[protocol]") {
  protocol::OffsetCommitValue value{
      .offset = 3, .leader_epoch = 0, .commit_timestamp = 0x1a210cfb08a};
  value.topic_id = base::Uuid::from_text("NVMGnBY9TeC5J5CrKjYJ6Q").value();
  check_stored(kOffset,
               {.key = {.group = "javas", .topic = "flights", .partition = 0}, .value = value});
  check_stored(kExpiringOffset,
               {.key = {.group = "old", .topic = "flights", .partition = 1},
                .value = protocol::OffsetCommitValue{.offset = 42,
                                                     .metadata = "note",
                                                     .commit_timestamp = 0x1a210cfbffc,
                                                     .expire_timestamp = 0x1a210cfbffc + 60'000}});
}

TEST_CASE("groups are stored as Kafka stores them", "[protocol]") {
  const auto fresh = known<GroupMetadataRecord>(kNewGroup.key, kNewGroup.value);
  CHECK(fresh == GroupMetadataRecord{.key = {.group = "javas"},
                                     .value = protocol::GroupMetadataValue{
                                         .current_state_timestamp = 0x1a210cfaf96}});

  const auto stable = known<GroupMetadataRecord>(kStableGroup.key, kStableGroup.value);
  REQUIRE(stable.value);
  CHECK(stable.value->protocol_type == "consumer");
  CHECK(stable.value->generation == 1);
  CHECK(stable.value->protocol == "range");
  REQUIRE(stable.value->members.size() == 1);
  const auto& member = stable.value->members[0];
  CHECK(stable.value->leader == member.member_id);
  CHECK(member.member_id == "i1-9894d689-5017-4d4c-932e-3bdd84a7ebcc");
  CHECK(member.group_instance_id == "i1");
  CHECK(member.client_id == "jc");
  CHECK(member.client_host == "/127.0.0.1");
  CHECK(member.rebalance_timeout == 300'000);
  CHECK(member.session_timeout == 45'000);
  const auto subscription = protocol::decode_subscription(member.subscription);
  REQUIRE(subscription);
  CHECK(subscription->topics == std::vector<std::string>{"flights"});
  CHECK(subscription->generation_id == -1);
  const auto assignment = protocol::decode_assignment(member.assignment);
  REQUIRE(assignment);
  REQUIRE(assignment->assigned_partitions.size() == 1);
  CHECK(assignment->assigned_partitions[0].partitions == std::vector<std::int32_t>{0, 1});

  for (const auto& [stored, record] :
       {std::pair{kNewGroup, fresh}, std::pair{kStableGroup, stable}}) {
    CHECK(protocol::encode_group_record_key(record.key) == hex(stored.key));
    CHECK(protocol::encode_group_record_value(record.value.value()) == hex(stored.value));
  }
}

TEST_CASE("old versions of offsets are read", "[protocol]") {
  const auto value = [](std::string_view bytes) {
    return known<OffsetCommitRecord>(kOffsetKey, bytes).value.value();
  };
  CHECK(value("0000 0000000000000005 0001 'm' 0000000000000009") ==
        protocol::OffsetCommitValue{.offset = 5, .metadata = "m", .commit_timestamp = 9});
  CHECK(value("0001 0000000000000005 0001 'm' 0000000000000009 000000000000000a") ==
        protocol::OffsetCommitValue{
            .offset = 5, .metadata = "m", .commit_timestamp = 9, .expire_timestamp = 10});
  CHECK(value("0003 0000000000000005 00000002 0001 'm' 0000000000000009") ==
        protocol::OffsetCommitValue{
            .offset = 5, .leader_epoch = 2, .metadata = "m", .commit_timestamp = 9});
  // The key's old type holds the same.
  const auto old = known<OffsetCommitRecord>("0000 0001 'g' 0001 't' 00000007",
                                             "0000 0000000000000005 0000 0000000000000009");
  CHECK(old.key == protocol::OffsetCommitKey{.group = "g", .topic = "t", .partition = 7});
}

TEST_CASE("a record without a value says what is gone", "[protocol]") {
  CHECK(known<OffsetCommitRecord>(kOffsetKey, std::nullopt) ==
        OffsetCommitRecord{.key = {.group = "g", .topic = "t", .partition = 7}});
  CHECK(known<GroupMetadataRecord>(kGroupKey, std::nullopt) ==
        GroupMetadataRecord{.key = {.group = "g"}});
}

TEST_CASE("old versions of groups are read", "[protocol]") {
  const auto oldest = known<GroupMetadataRecord>(
      kGroupKey,
      "0000 0008 'consumer' 00000003 0005 'range' 0001 'm' "
      "00000001  0001 'm' 0001 'c' 0002 '/h' 00001000 00000003 'abc' 00000002 'de'");
  REQUIRE(oldest.value);
  CHECK(oldest.value->generation == 3);
  CHECK(oldest.value->current_state_timestamp == -1);
  REQUIRE(oldest.value->members.size() == 1);
  const auto& member = oldest.value->members[0];
  CHECK(member.rebalance_timeout == -1);
  CHECK(member.session_timeout == 0x1000);
  CHECK(text(member.subscription) == "abc");
  CHECK(text(member.assignment) == "de");
  const auto newer = known<GroupMetadataRecord>(
      kGroupKey, "0004 01 00000000 00 00 0000000000000009 01 00");  // Flexible.
  REQUIRE(newer.value);
  CHECK(newer.value->protocol == std::nullopt);
  CHECK(newer.value->leader == std::nullopt);
}

TEST_CASE("a value that cannot be read condemns its group only", "[protocol]") {
  const std::pair damaged{std::string("g"), base::Fault::corruption};
  for (const auto* key : {kOffsetKey, kGroupKey}) {
    INFO(key);
    for (const auto* value : {"", "00", "0001", "0003 00", "ffff", "0004 ff"}) {
      INFO(value);
      CHECK(unreadable(key, value) == damaged);
    }
    CHECK(unreadable(key, "0005 00") == std::pair{std::string("g"), base::Fault::unsupported});
  }
  // A byte too many; more members than there are bytes.
  CHECK(unreadable(kOffsetKey, "0000 0000000000000005 0000 0000000000000009 00") == damaged);
  CHECK(unreadable(kGroupKey, "0000 0000 00000000 ffff ffff 7fffffff") == damaged);
}

TEST_CASE("a record of a type to come names its group", "[protocol]") {
  CHECK(unreadable(kNewMember.key, kNewMember.value) ==
        std::pair{std::string("news"), base::Fault::unsupported});
  CHECK(unreadable(kNewMember.key, std::nullopt) ==
        std::pair{std::string("news"), base::Fault::unsupported});
  const std::pair newer{std::string("g"), base::Fault::unsupported};
  CHECK(unreadable("7fff 0001 'g' ffffffff", "") == newer);
  CHECK(refused("0003 0005 'g'", "0000") == base::Fault::unsupported);
  CHECK(refused("0003", "0000") == base::Fault::unsupported);
}

TEST_CASE("a damaged key names its group as long as that can be read", "[protocol]") {
  const std::pair damaged{std::string("g"), base::Fault::corruption};
  CHECK(unreadable("0001 0001 'g' 0001 't'", "") == damaged);
  CHECK(unreadable("0001 0001 'g' 0001 't' 00000007 00", "") == damaged);
  CHECK(unreadable("0002 0001 'g' 00", std::nullopt) == damaged);
  for (const auto* key : {"", "00", "0001", "0002 0002 'g'", "0001 ffff", "ffff 0001 'g'"}) {
    INFO(key);
    CHECK(refused(key, "") == base::Fault::corruption);
  }
}
