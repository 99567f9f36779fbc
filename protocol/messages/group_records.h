#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/base/uuid.h"
#include "protocol/wire/field.h"

namespace protocol {

// The records of __consumer_offsets, as Kafka has them (GroupCoordinatorRecordSerde). Key and value
// each begin with an int16: the key's is the type of the record, the value's its version.

/// Type 1, and type 0, which Kafka wrote before 0.9: the offset of a group in a partition.
struct OffsetCommitKey {
  static constexpr ApiSpec api{.key = 1, .valid = {0, 0}};

  std::string group;
  std::string topic;
  std::int32_t partition = 0;

  bool operator==(const OffsetCommitKey&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.group, "group", always());
    field(m.topic, "topic", always());
    field(m.partition, "partition", always());
  }
};

/// Times in ms since 1970. v1 has a time to expire at, v3 the leader epoch (KIP-320), v4 the topic
/// id and is flexible (KIP-848).
struct OffsetCommitValue {
  static constexpr ApiSpec api{.key = 1, .valid = {0, 4}, .flexible_from = 4};

  std::int64_t offset = 0;
  std::int32_t leader_epoch = -1;
  std::string metadata;
  std::int64_t commit_timestamp = 0;
  std::int64_t expire_timestamp = -1;
  base::Uuid topic_id;  // Zero: not known.

  bool operator==(const OffsetCommitValue&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.offset, "offset", always());
    field(m.leader_epoch, "leader_epoch", since(3));
    field(m.metadata, "metadata", always());
    field(m.commit_timestamp, "commit_timestamp", always());
    field(m.expire_timestamp, "expire_timestamp", between(1, 1));
    field(m.topic_id, "topic_id", since(4).tagged(0), base::Uuid{});
  }
};

/// Type 2: a classic group.
struct GroupMetadataKey {
  static constexpr ApiSpec api{.key = 2, .valid = {0, 0}};

  std::string group;

  bool operator==(const GroupMetadataKey&) const = default;
  static constexpr void fields(auto& m, auto&& field) { field(m.group, "group", always()); }
};

/// A generation and its members. v1 rebalance time-out, v2 time of the last change of state, v3
/// static members (KIP-345), v4 flexible.
struct GroupMetadataValue {
  static constexpr ApiSpec api{.key = 2, .valid = {0, 4}, .flexible_from = 4};

  /// Time-outs in ms.
  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::string client_id;
    std::string client_host;
    std::int32_t rebalance_timeout = -1;
    std::int32_t session_timeout = 0;
    base::SharedBytes subscription;
    base::SharedBytes assignment;

    bool operator==(const Member&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.member_id, "member_id", always());
      field(m.group_instance_id, "group_instance_id", since(3).or_null());
      field(m.client_id, "client_id", always());
      field(m.client_host, "client_host", always());
      field(m.rebalance_timeout, "rebalance_timeout", since(1));
      field(m.session_timeout, "session_timeout", always());
      field(m.subscription, "subscription", always());
      field(m.assignment, "assignment", always());
    }
  };

  std::string protocol_type;
  std::int32_t generation = 0;
  std::optional<std::string> protocol;
  std::optional<std::string> leader;
  std::int64_t current_state_timestamp = -1;
  std::vector<Member> members;

  bool operator==(const GroupMetadataValue&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.protocol_type, "protocol_type", always());
    field(m.generation, "generation", always());
    field(m.protocol, "protocol", always().or_null());
    field(m.leader, "leader", always().or_null());
    field(m.current_state_timestamp, "current_state_timestamp", since(2));
    field(m.members, "members", always());
  }
};

/// A group has committed an offset or, without a value, forgets it.
struct OffsetCommitRecord {
  OffsetCommitKey key;
  std::optional<OffsetCommitValue> value;

  bool operator==(const OffsetCommitRecord&) const = default;
};

/// A group is in this generation or, without a value, is gone.
struct GroupMetadataRecord {
  GroupMetadataKey key;
  std::optional<GroupMetadataValue> value;

  bool operator==(const GroupMetadataRecord&) const = default;
};

/// Something about a group, and no more can be told: `Fault::unsupported` for a type or version
/// that a newer program wrote, `Fault::corruption` for damage. What the group is now is not known,
/// unless a later record has the same key.
struct UnreadableGroupRecord {
  std::string group;
  base::Error error;
};

using GroupRecord = std::variant<OffsetCommitRecord, GroupMetadataRecord, UnreadableGroupRecord>;

/// Reads what a log holds; a value that is not there is a tombstone. The result owns all it has:
/// the bytes of a group's members share one copy of the value. Types 0 to 2, values v0 to v4.
///
/// An error only where not even a group id can be read, with the faults of UnreadableGroupRecord:
/// the keys of all types that Kafka 4.3 knows begin with it. An empty key is corruption.
base::Result<GroupRecord> decode_group_record(base::BytesView key,
                                              std::optional<base::BytesView> value);

/// The key of the record, which alone makes a tombstone.
std::vector<std::byte> encode_group_record_key(OffsetCommitKey key);
std::vector<std::byte> encode_group_record_key(GroupMetadataKey key);

/// In the version that Kafka 4.3.1 writes: offsets as v4 with the topic id (since 4.1; v3 without
/// it before), or as v1 where there is a time to expire at, which loses leader epoch and topic id;
/// groups as v3.
std::vector<std::byte> encode_group_record_value(OffsetCommitValue value);
std::vector<std::byte> encode_group_record_value(GroupMetadataValue value);

}  // namespace protocol
