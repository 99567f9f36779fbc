#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/topics/topic_catalog.h"
#include "protocol/error_code.h"
#include "protocol/messages/metadata_records.h"

namespace broker {

/// What a client wants to be done to one setting; numbers of IncrementalAlterConfigs.
struct ConfigOperation {
  static constexpr std::int8_t kSet = 0;
  static constexpr std::int8_t kDelete = 1;
  static constexpr std::int8_t kAppend = 2;    // To a list: elements that are not in it.
  static constexpr std::int8_t kSubtract = 3;  // From a list.

  std::string name;
  std::int8_t operation = kSet;
  std::optional<std::string> value;
};

/// The settings of a topic or a broker to change.
struct ConfigChange {
  std::int8_t resource_type = 0;
  std::string resource_name;
  std::vector<ConfigOperation> operations;
  /// What is not named is gone (AlterConfigs).
  bool replaces_all = false;
};

/// A refusal in the protocol's words, or the records that make it so: none where all is as wanted.
/// A resource is changed whole or not at all.
struct ConfigDecision {
  protocol::ErrorCode error = protocol::ErrorCode::none;
  std::optional<std::string> message;
  std::vector<protocol::MetadataRecord> records;

  bool refused() const { return error != protocol::ErrorCode::none; }
};

/// A core: decides, and changes nothing. One decision for each change, in order; a resource that
/// is named twice is refused each time. Source of the rules: Kafka's ControllerApis and
/// ConfigurationControlManager (protocol.md 3.4); what differs is in docs/compatibility.md.
std::vector<ConfigDecision> decide_configs(const TopicCatalog& catalog, std::int32_t node_id,
                                           const std::vector<ConfigChange>& changes);

}  // namespace broker
