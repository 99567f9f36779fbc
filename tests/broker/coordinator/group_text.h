#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "broker/coordinator/group_core.h"
#include "protocol/base/big_endian.h"
#include "protocol/messages/consumer_protocol.h"
#include "protocol/wire/encoder.h"
#include "tests/support/batches.h"

namespace broker_tests {

/// What the coordinator says, as stories print it. Member ids have chance in them, so members are
/// shown by the name of their client: `a`, then `a2` when the same client gets another id.
///
/// Thread: the test's.
class GroupText {
 public:
  /// Gives the id its name, once.
  void call(const std::string& member_id, const std::string& client) {
    if (member_id.empty() || names_.contains(member_id)) return;
    auto name = client;
    for (int n = 2; ids_.contains(name); ++n) name = client + std::to_string(n);
    names_[member_id] = name;
    ids_[name] = member_id;
  }
  std::string name(const std::string& member_id) const {
    const auto found = names_.find(member_id);
    return found == names_.end() ? member_id : found->second;
  }
  /// The id that goes by this name; else the name is an id nobody was given.
  std::string id(const std::string& name) const {
    const auto found = ids_.find(name);
    return found == ids_.end() ? name : found->second;
  }

  static std::string error(protocol::ErrorCode code) {
    return code == protocol::ErrorCode::none ? "ok" : std::string(protocol::name_of(code));
  }

  /// What clients put into the group: text, or the topics of a consumer.
  static std::string bytes(const base::SharedBytes& bytes) {
    if (bytes.view.size() > 100) return fmt::format("<{} bytes>", bytes.view.size());
    if (!bytes.view.empty() && bytes.view.front() == std::byte{0}) {
      const auto subscription = protocol::decode_subscription(bytes);
      if (subscription) return fmt::format("[{}]", fmt::join(subscription->topics, ","));
    }
    return std::string(base::as_text(bytes.view));
  }
  static base::SharedBytes subscription(std::vector<std::string> topics) {
    protocol::ConsumerProtocolSubscription message{.topics = std::move(topics), .user_data = {}};
    std::vector<std::byte> out(2);  // The version, 0.
    const auto body = protocol::encode(protocol::StructRef(message), message.api, 0);
    out.insert(out.end(), body.begin(), body.end());
    return test_support::shared(std::move(out));
  }

  std::string print(const protocol::JoinGroupResponse& answer) const {
    if (answer.error_code != protocol::ErrorCode::none) {
      const bool tells_id = answer.error_code == protocol::ErrorCode::member_id_required;
      return error(answer.error_code) + (tells_id ? " " + name(answer.member_id) : "");
    }
    auto text = fmt::format("generation {}, {} {}, leader {}", answer.generation_id,
                            answer.protocol_type.value_or("null"),
                            answer.protocol_name.value_or("null"), name(answer.leader));
    if (answer.skip_assignment) text += ", skips the assignment";
    if (!answer.members.empty()) text += ", members";
    if (answer.members.size() > kManyMembers)
      return text + fmt::format(": {}", answer.members.size());
    for (const auto& member : answer.members)
      text += fmt::format(" {}({})", name(member.member_id), bytes(member.metadata));
    return text;
  }
  static std::string print(const protocol::SyncGroupResponse& answer) {
    if (answer.error_code != protocol::ErrorCode::none) return error(answer.error_code);
    if (answer.assignment.view.empty()) return "gets nothing";
    return "gets " + bytes(answer.assignment);
  }

  std::string print(const broker::EncodedRecord& record) const {
    const std::optional<base::BytesView> value =
        record.value ? std::optional<base::BytesView>(*record.value) : std::nullopt;
    const auto decoded = protocol::decode_group_record(record.key, value);
    if (!decoded) return "log: unreadable\n";
    return std::visit([this](const auto& known) { return "log: " + this->print(known) + "\n"; },
                      *decoded);
  }

  static std::string offset(std::int64_t offset, const std::string& metadata) {
    return metadata.empty() ? std::to_string(offset) : fmt::format("{} \"{}\"", offset, metadata);
  }

 private:
  static constexpr std::size_t kManyMembers = 20;  // More are counted only.

  static std::string print(const protocol::UnreadableGroupRecord& record) {
    return fmt::format("{}: something that cannot be read", record.group);
  }
  static std::string print(const protocol::OffsetCommitRecord& record) {
    const auto what = record.value ? offset(record.value->offset, record.value->metadata) : "gone";
    return fmt::format("{} {}/{} {}", record.key.group, record.key.topic, record.key.partition,
                       what);
  }
  std::string print(const protocol::GroupMetadataRecord& record) const {
    if (!record.value) return fmt::format("group {} gone", record.key.group);
    auto text = fmt::format("group {} generation {}", record.key.group, record.value->generation);
    if (record.value->members.empty()) return text + " empty";
    text += fmt::format(" {} leader {}:", record.value->protocol.value_or("null"),
                        name(record.value->leader.value_or("nobody")));
    if (record.value->members.size() > kManyMembers)
      return text + fmt::format(" {} members", record.value->members.size());
    for (const auto& member : record.value->members)
      text += fmt::format(" {}={}", name(member.member_id), bytes(member.assignment));
    return text;
  }

  std::map<std::string, std::string> names_;  // By id,
  std::map<std::string, std::string> ids_;    // ...and by name.
};

}  // namespace broker_tests
