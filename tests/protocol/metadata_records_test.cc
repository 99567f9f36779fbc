#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/messages/metadata_records.h"
#include "tests/support/hex.h"

using protocol::MetadataRecord;
using tests::hex;

namespace {

base::Fault fault(std::string_view bytes) {
  const auto stored = hex(bytes);
  const auto record = protocol::decode_metadata_record(stored);
  REQUIRE_FALSE(record);
  return record.error().fault;
}

}  // namespace

TEST_CASE("a metadata record is stored in Kafka's frame", "[protocol]") {
  protocol::TopicRecord topic{.name = "ab"};
  topic.topic_id.bytes[0] = std::byte{1};
  const auto bytes = protocol::encode_metadata_record(topic);
  CHECK(bytes == hex("01 02 00  03 'ab' 01000000000000000000000000000000 00"));
  CHECK(protocol::decode_metadata_record(bytes).value() == MetadataRecord(topic));
}

TEST_CASE("a record of ours has a type that Kafka has not", "[protocol]") {
  const protocol::ClusterIdRecord record{.cluster_id = "c"};
  const auto bytes = protocol::encode_metadata_record(record);
  CHECK(bytes == hex("01 a09c01 00  02 'c' 00"));
  CHECK(protocol::decode_metadata_record(bytes).value() == MetadataRecord(record));
}

TEST_CASE("records are written in their newest version and read in all", "[protocol]") {
  const protocol::PartitionRecord record{.partition_id = 1, .replicas = {1}};
  CHECK(protocol::encode_metadata_record(record)[2] == std::byte{2});
  const auto old =
      hex("01 03 00  00000001 00000000000000000000000000000000 02 00000001 01 01 01"
          "ffffffff ffffffff ffffffff 00");
  CHECK(protocol::decode_metadata_record(old).value() == MetadataRecord(record));
}

TEST_CASE("what a newer version wrote is not called damage", "[protocol]") {
  CHECK(fault("02 02 00") == base::Fault::unsupported);         // Frame version 2.
  CHECK(fault("01 63 00 00") == base::Fault::unsupported);      // Type 99.
  CHECK(fault("01 02 01 01") == base::Fault::unsupported);      // TopicRecord v1.
  CHECK(fault("01 02 808004 01") == base::Fault::unsupported);  // Version 65536 is not 0.
}

TEST_CASE("damage is not called a newer version", "[protocol]") {
  CHECK(fault("") == base::Fault::corruption);
  CHECK(fault("01") == base::Fault::corruption);
  CHECK(fault("01 02") == base::Fault::corruption);
  CHECK(fault("01 02 00") == base::Fault::corruption);
  CHECK(fault("01 02 00 03 'a'") == base::Fault::corruption);
  CHECK(fault("01 09 00 00000000000000000000000000000000 00 00") == base::Fault::corruption);
  CHECK(fault("01 ffffffffffff") == base::Fault::corruption);
}

TEST_CASE("compaction keeps the newest record of each thing", "[protocol]") {
  const auto key = [](const MetadataRecord& record) {
    const auto bytes = protocol::metadata_record_key(record);
    return std::string(base::as_text(bytes));
  };
  const protocol::ConfigRecord config{.resource_type = 2, .resource_name = "t", .name = "a"};
  auto other = config;
  other.name = "b";
  auto changed = config;
  changed.value = "1";
  CHECK(key(config) == key(changed));
  CHECK(key(config) != key(other));
  CHECK(key(protocol::TopicRecord{}) != key(protocol::RemoveTopicRecord{}));
  CHECK(key(protocol::PartitionRecord{.partition_id = 1}) !=
        key(protocol::PartitionRecord{.partition_id = 2}));
  CHECK(key(protocol::ProducerIdsRecord{.next_producer_id = 1}) ==
        key(protocol::ProducerIdsRecord{.next_producer_id = 2}));
}
