#include "broker/handlers/registry.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "broker/handlers/handlers.h"
#include "protocol/messages/alter_configs.h"
#include "protocol/messages/api_versions.h"
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
#include "protocol/messages/heartbeat.h"
#include "protocol/messages/incremental_alter_configs.h"
#include "protocol/messages/init_producer_id.h"
#include "protocol/messages/join_group.h"
#include "protocol/messages/leave_group.h"
#include "protocol/messages/list_groups.h"
#include "protocol/messages/list_offsets.h"
#include "protocol/messages/metadata.h"
#include "protocol/messages/offset_commit.h"
#include "protocol/messages/offset_delete.h"
#include "protocol/messages/offset_fetch.h"
#include "protocol/messages/offset_for_leader_epoch.h"
#include "protocol/messages/produce.h"
#include "protocol/messages/sync_group.h"
#include "protocol/wire/decoder.h"
#include "protocol/wire/frame.h"

namespace broker {
namespace {

template <class Request>
Task<Answer> answer(RequestContext& context, std::int32_t correlation_id, base::SharedBytes body) {
  Request request;
  // Whatever body an unknown version has, it is not one of ours: answer without reading it.
  if (!context.version_refused) {
    const auto decoded =
        protocol::decode(show(request), Request::api, context.version, std::move(body));
    if (!decoded) {
      context.close_because = "a malformed request: " + decoded.error().detail;
      co_return Answer{};
    }
  }
  auto response = co_await handle(context, std::move(request));
  Answer answer;
  if (context.no_answer) {
    answer.kind = Answer::Kind::none;
  } else {
    auto pieces = protocol::encode_response(correlation_id, Request::Response::api, context.version,
                                            show(response));
    if (pieces)
      answer.pieces = std::move(*pieces);
    else
      context.close_because = std::move(pieces).error().detail;
  }
  co_return answer;
}

template <class Request>
constexpr Api api(std::string_view name, protocol::Versions served) {
  return {.spec = Request::api,
          .name = name,
          .served = served,
          .advertised = served,
          .answer = &answer<Request>};
}

constexpr Api advertised_from(Api api, protocol::ApiVersion first) {
  api.advertised.first = first;
  return api;
}

/// What a version is served in follows protocol.md table 1: what Kafka 4.3 serves and what it has
/// dropped since 3.9, as far as it works here.
constexpr std::array kApis{
    // From 0, although v0 to v2 are not served: librdkafka before 2.11 drops gzip, snappy and lz4
    // otherwise (KAFKA-18659). Kafka 4 does the same.
    advertised_from(api<protocol::ProduceRequest>("Produce", {3, 13}), 0),
    api<protocol::FetchRequest>("Fetch", {4, 18}),
    api<protocol::ListOffsetsRequest>("ListOffsets", {0, 11}),
    api<protocol::MetadataRequest>("Metadata", {0, 13}),
    api<protocol::OffsetCommitRequest>("OffsetCommit", {0, 10}),
    api<protocol::OffsetFetchRequest>("OffsetFetch", {0, 10}),
    api<protocol::FindCoordinatorRequest>("FindCoordinator", {0, 6}),
    api<protocol::JoinGroupRequest>("JoinGroup", {0, 9}),
    api<protocol::HeartbeatRequest>("Heartbeat", {0, 4}),
    api<protocol::LeaveGroupRequest>("LeaveGroup", {0, 5}),
    api<protocol::SyncGroupRequest>("SyncGroup", {0, 5}),
    api<protocol::DescribeGroupsRequest>("DescribeGroups", {0, 6}),
    api<protocol::ListGroupsRequest>("ListGroups", {0, 5}),
    api<protocol::ApiVersionsRequest>("ApiVersions", {0, 4}),
    api<protocol::CreateTopicsRequest>("CreateTopics", {0, 7}),
    api<protocol::DeleteTopicsRequest>("DeleteTopics", {0, 6}),
    api<protocol::DeleteRecordsRequest>("DeleteRecords", {0, 2}),
    api<protocol::InitProducerIdRequest>("InitProducerId", {0, 5}),
    api<protocol::OffsetForLeaderEpochRequest>("OffsetForLeaderEpoch", {0, 4}),
    api<protocol::DescribeConfigsRequest>("DescribeConfigs", {0, 4}),
    api<protocol::AlterConfigsRequest>("AlterConfigs", {0, 2}),
    api<protocol::CreatePartitionsRequest>("CreatePartitions", {0, 3}),
    api<protocol::DeleteGroupsRequest>("DeleteGroups", {0, 2}),
    api<protocol::IncrementalAlterConfigsRequest>("IncrementalAlterConfigs", {0, 1}),
    api<protocol::OffsetDeleteRequest>("OffsetDelete", {0, 0}),
    api<protocol::DescribeClusterRequest>("DescribeCluster", {0, 2}),
    api<protocol::DescribeTopicPartitionsRequest>("DescribeTopicPartitions", {0, 0}),
};

constexpr auto kKey = [](const Api& api) { return api.spec.key; };
static_assert(std::ranges::adjacent_find(kApis, std::greater_equal{}, kKey) == kApis.end(),
              "in order of key, each once");

}  // namespace

std::span<const Api> all_apis() { return kApis; }

const Api* find_api(std::int16_t key) {
  const auto found = std::ranges::lower_bound(kApis, key, {}, kKey);
  return found == kApis.end() || found->spec.key != key ? nullptr : &*found;
}

}  // namespace broker
