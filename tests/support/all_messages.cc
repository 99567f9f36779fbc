#include "tests/support/all_messages.h"

#include <algorithm>
#include <optional>
#include <type_traits>

#include <fmt/format.h>

#include "protocol/base/assert.h"
#include "protocol/messages/alter_configs.h"
#include "protocol/messages/api_versions.h"
#include "protocol/messages/consumer_protocol.h"
#include "protocol/messages/create_partitions.h"
#include "protocol/messages/create_topics.h"
#include "protocol/messages/delete_groups.h"
#include "protocol/messages/delete_records.h"
#include "protocol/messages/delete_topics.h"
#include "protocol/messages/describe_cluster.h"
#include "protocol/messages/describe_configs.h"
#include "protocol/messages/describe_groups.h"
#include "protocol/messages/describe_topic_partitions.h"
#include "protocol/messages/fetch.h"
#include "protocol/messages/find_coordinator.h"
#include "protocol/messages/group_records.h"
#include "protocol/messages/heartbeat.h"
#include "protocol/messages/incremental_alter_configs.h"
#include "protocol/messages/init_producer_id.h"
#include "protocol/messages/join_group.h"
#include "protocol/messages/leave_group.h"
#include "protocol/messages/list_groups.h"
#include "protocol/messages/list_offsets.h"
#include "protocol/messages/metadata.h"
#include "protocol/messages/metadata_records.h"
#include "protocol/messages/offset_commit.h"
#include "protocol/messages/offset_delete.h"
#include "protocol/messages/offset_fetch.h"
#include "protocol/messages/offset_for_leader_epoch.h"
#include "protocol/messages/produce.h"
#include "protocol/messages/sync_group.h"
#include "protocol/wire/arity.h"

namespace tests {
namespace {

using namespace protocol;  // NOLINT(google-build-using-namespace): this file is a list of it.

template <class M>
constexpr bool is_structure = requires(M& m) { M::fields(m, [](auto&&...) {}); };

/// The structure behind a list or an optional value.
template <class T>
struct Inner {
  using type = T;
};
template <class T>
struct Inner<std::optional<T>> : Inner<T> {};
template <class T>
struct Inner<std::vector<T>> : Inner<T> {};

template <class M>
void find_incomplete(const std::string& where, std::vector<std::string>& out) {
  if (member_count<M>() != field_count<M>())
    out.push_back(
        fmt::format("{}: {} members, {} fields", where, member_count<M>(), field_count<M>()));
  M message{};
  M::fields(message, [&](auto& value, const char* name, auto&&...) {
    using Nested = typename Inner<std::remove_cvref_t<decltype(value)>>::type;
    if constexpr (is_structure<Nested>) find_incomplete<Nested>(where + "." + name, out);
  });
}

template <class M>
AnyMessage make() {
  auto message = std::make_shared<M>();
  const auto equal = [](const void* a, const void* b) {
    return *static_cast<const M*>(a) == *static_cast<const M*>(b);
  };
  return {message, StructRef(*message), equal};
}

template <class M>
MessageType type(const std::string& name, MessageType::Kind kind) {
  MessageType type{.name = name, .kind = kind, .api = M::api, .make = &make<M>};
  find_incomplete<M>(type.name, type.incomplete);
  return type;
}

template <class Request>
void add(std::vector<MessageType>& all, const std::string& name) {
  all.push_back(type<Request>(name + "Request", MessageType::Kind::request));
  all.push_back(type<typename Request::Response>(name + "Response", MessageType::Kind::response));
}

template <class Record>
void add_record(std::vector<MessageType>& all, const std::string& name) {
  static_assert(std::is_constructible_v<MetadataRecord, Record>);
  all.push_back(type<Record>(name, MessageType::Kind::record));
}

template <class Data>
void add_data(std::vector<MessageType>& all, const std::string& name) {
  all.push_back(type<Data>(name, MessageType::Kind::data));
}

std::vector<MessageType> make_all() {
  std::vector<MessageType> all;
  add<ProduceRequest>(all, "Produce");
  add<FetchRequest>(all, "Fetch");
  add<ListOffsetsRequest>(all, "ListOffsets");
  add<MetadataRequest>(all, "Metadata");
  add<OffsetCommitRequest>(all, "OffsetCommit");
  add<OffsetFetchRequest>(all, "OffsetFetch");
  add<FindCoordinatorRequest>(all, "FindCoordinator");
  add<JoinGroupRequest>(all, "JoinGroup");
  add<HeartbeatRequest>(all, "Heartbeat");
  add<LeaveGroupRequest>(all, "LeaveGroup");
  add<SyncGroupRequest>(all, "SyncGroup");
  add<DescribeGroupsRequest>(all, "DescribeGroups");
  add<ListGroupsRequest>(all, "ListGroups");
  add<ApiVersionsRequest>(all, "ApiVersions");
  add<CreateTopicsRequest>(all, "CreateTopics");
  add<DeleteRecordsRequest>(all, "DeleteRecords");
  add<DeleteTopicsRequest>(all, "DeleteTopics");
  add<InitProducerIdRequest>(all, "InitProducerId");
  add<OffsetForLeaderEpochRequest>(all, "OffsetForLeaderEpoch");
  add<DescribeConfigsRequest>(all, "DescribeConfigs");
  add<AlterConfigsRequest>(all, "AlterConfigs");
  add<CreatePartitionsRequest>(all, "CreatePartitions");
  add<DeleteGroupsRequest>(all, "DeleteGroups");
  add<IncrementalAlterConfigsRequest>(all, "IncrementalAlterConfigs");
  add<OffsetDeleteRequest>(all, "OffsetDelete");
  add<DescribeClusterRequest>(all, "DescribeCluster");
  add<DescribeTopicPartitionsRequest>(all, "DescribeTopicPartitions");
  add_record<TopicRecord>(all, "TopicRecord");
  add_record<PartitionRecord>(all, "PartitionRecord");
  add_record<ConfigRecord>(all, "ConfigRecord");
  add_record<RemoveTopicRecord>(all, "RemoveTopicRecord");
  add_record<ProducerIdsRecord>(all, "ProducerIdsRecord");
  add_record<ClusterIdRecord>(all, "ClusterIdRecord");
  add_data<OffsetCommitKey>(all, "OffsetCommitKey");
  add_data<OffsetCommitValue>(all, "OffsetCommitValue");
  add_data<GroupMetadataKey>(all, "GroupMetadataKey");
  add_data<GroupMetadataValue>(all, "GroupMetadataValue");
  add_data<ConsumerProtocolSubscription>(all, "ConsumerProtocolSubscription");
  add_data<ConsumerProtocolAssignment>(all, "ConsumerProtocolAssignment");
  return all;
}

}  // namespace

std::span<const MessageType> all_messages() {
  static const auto all = make_all();
  return all;
}

const MessageType& message_named(std::string_view name) {
  const auto found = std::ranges::find(all_messages(), name, &MessageType::name);
  ASSERT(found != all_messages().end(), "the list has every message");
  return *found;
}

}  // namespace tests
