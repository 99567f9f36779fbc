#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/wire/field.h"

namespace protocol {

// What the members of a group of the protocol type "consumer" tell each other through the broker,
// to which it is opaque bytes otherwise: an int16 version, then the message. No version is
// flexible.

/// A member's metadata: the topics it wants. v1 what it owns (KIP-429), v2 generation (KIP-792), v3
/// rack (KIP-881).
struct ConsumerProtocolSubscription {
  static constexpr ApiSpec api{.key = -1, .valid = {0, 3}};

  struct TopicPartition {
    std::string topic;
    std::vector<std::int32_t> partitions;

    bool operator==(const TopicPartition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.topic, "topic", since(1));
      field(m.partitions, "partitions", since(1));
    }
  };

  std::vector<std::string> topics;
  std::optional<base::SharedBytes> user_data;
  std::vector<TopicPartition> owned_partitions;
  std::int32_t generation_id = -1;
  std::optional<std::string> rack_id;

  bool operator==(const ConsumerProtocolSubscription&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.topics, "topics", always());
    field(m.user_data, "user_data", always().or_null());
    field(m.owned_partitions, "owned_partitions", since(1));
    field(m.generation_id, "generation_id", since(2));
    field(m.rack_id, "rack_id", since(3).or_null());
  }
};

/// A member's assignment: the partitions it is to read. All versions are the same.
struct ConsumerProtocolAssignment {
  static constexpr ApiSpec api{.key = -1, .valid = {0, 3}};

  struct TopicPartition {
    std::string topic;
    std::vector<std::int32_t> partitions;

    bool operator==(const TopicPartition&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.topic, "topic", always());
      field(m.partitions, "partitions", always());
    }
  };

  std::vector<TopicPartition> assigned_partitions;
  std::optional<base::SharedBytes> user_data;

  bool operator==(const ConsumerProtocolAssignment&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.assigned_partitions, "assigned_partitions", always());
    field(m.user_data, "user_data", always().or_null());
  }
};

/// Reads what a client has sent as Kafka does (ConsumerProtocol): a version above the highest is
/// read as the highest, and bytes after the last field are left alone. `Fault::corruption` for
/// everything else that cannot be read. User data is a slice of the input and keeps it alive.
base::Result<ConsumerProtocolSubscription> decode_subscription(base::SharedBytes metadata);
base::Result<ConsumerProtocolAssignment> decode_assignment(base::SharedBytes assignment);

}  // namespace protocol
