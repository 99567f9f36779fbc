#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/messages/find_coordinator.h"
#include "protocol/messages/heartbeat.h"
#include "protocol/messages/join_group.h"
#include "protocol/messages/offset_commit.h"
#include "protocol/messages/offset_fetch.h"
#include "protocol/messages/sync_group.h"
#include "tests/support/broker_bench.h"

namespace broker_tests {

/// What clients of groups ask a whole broker. Each function gives nothing when the power went
/// before the answer came.
///
/// Thread: the test's.
class GroupClients {
 public:
  using ErrorCode = protocol::ErrorCode;

  static constexpr protocol::ApiVersion kCommit = 8;
  static constexpr protocol::ApiVersion kFetch = 7;
  static constexpr protocol::ApiVersion kJoin = 9;
  static constexpr protocol::ApiVersion kSync = 5;
  static constexpr protocol::ApiVersion kHeartbeat = 4;

  /// One partition of offsets, and no initial delay.
  static config::BrokerConfig usual_config() {
    auto config = test_support::BrokerBench::usual_config();
    config.offsets_topic_num_partitions = 1;
    config.offsets_topic_segment_bytes = 1 << 20;
    config.group_initial_rebalance_delay_ms = 0;
    return config;
  }

  explicit GroupClients(test_support::BrokerBench& bench) : bench_(bench) {}

  template <class Request>
  std::optional<typename Request::Response> ask(Request request, protocol::ApiVersion version) {
    auto answer = bench_.result_of(bench_.begin(std::move(request), version));
    if (!answer) return std::nullopt;
    return bench_.decoded<Request>(*answer, version);
  }

  /// Until the coordinator is there and has loaded its groups.
  bool find() {
    protocol::FindCoordinatorRequest request;
    request.coordinator_keys = {"g"};
    const auto found = ask(request, 4);
    if (!found || found->coordinators.at(0).error_code != ErrorCode::none) return false;
    for (int tries = 0; tries < 10; ++tries) {
      const auto fetched = ask(fetch_request("t", 0), kFetch);
      if (!fetched) return false;
      if (fetched->error_code == ErrorCode::none) return true;
      bench_.run_until([this] { return bench_.pool.posted() == 0; });
    }
    return false;
  }

  static protocol::OffsetCommitRequest commit_request(const std::string& topic,
                                                      std::int32_t partition, std::int64_t offset,
                                                      const std::string& metadata = "",
                                                      const std::string& group = "g") {
    protocol::OffsetCommitRequest request;
    request.group_id = group;
    auto& wanted = request.topics.emplace_back();
    wanted.name = topic;
    wanted.partitions.push_back(
        {.partition_index = partition, .committed_offset = offset, .committed_metadata = metadata});
    return request;
  }
  static ErrorCode error_of(const protocol::OffsetCommitResponse& answer) {
    return answer.topics.at(0).partitions.at(0).error_code;
  }
  std::optional<ErrorCode> commit(const std::string& topic, std::int32_t partition,
                                  std::int64_t offset, const std::string& metadata = "",
                                  const std::string& group = "g") {
    const auto answer = ask(commit_request(topic, partition, offset, metadata, group), kCommit);
    if (!answer) return std::nullopt;
    return error_of(*answer);
  }

  static protocol::OffsetFetchRequest fetch_request(const std::string& topic,
                                                    std::int32_t partition,
                                                    const std::string& group = "g") {
    protocol::OffsetFetchRequest request;
    request.group_id = group;
    request.topics.emplace().push_back(
        {.name = topic, .topic_id = {}, .partition_indexes = {partition}});
    return request;
  }
  static std::int64_t offset_of(const protocol::OffsetFetchResponse& answer) {
    return answer.topics.at(0).partitions.at(0).committed_offset;
  }
  /// -1: none.
  std::optional<std::int64_t> fetch(const std::string& topic, std::int32_t partition,
                                    const std::string& group = "g") {
    const auto answer = ask(fetch_request(topic, partition, group), kFetch);
    if (!answer || answer->error_code != ErrorCode::none) return std::nullopt;
    return offset_of(*answer);
  }

  static protocol::JoinGroupRequest join_request(const std::string& group = "g",
                                                 const std::string& member_id = "") {
    protocol::JoinGroupRequest request;
    request.group_id = group;
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 60'000;
    request.member_id = member_id;
    request.protocol_type = "consumer";
    request.protocols.push_back({"range", {}});
    return request;
  }
  /// With an id and without a first try.
  std::optional<protocol::JoinGroupResponse> join(const std::string& group = "g") {
    auto answer = ask(join_request(group), kJoin);
    if (!answer || answer->error_code != ErrorCode::member_id_required) return answer;
    return ask(join_request(group, answer->member_id), kJoin);
  }
  static protocol::SyncGroupRequest sync_request(const protocol::JoinGroupResponse& joined,
                                                 const std::string& share,
                                                 const std::string& group = "g") {
    protocol::SyncGroupRequest request;
    request.group_id = group;
    request.generation_id = joined.generation_id;
    request.member_id = joined.member_id;
    request.protocol_type = joined.protocol_type;
    request.protocol_name = joined.protocol_name;
    const auto view = base::as_bytes(share);
    if (!share.empty())
      request.assignments.push_back(
          {joined.member_id, test_support::shared({view.begin(), view.end()})});
    return request;
  }
  std::optional<ErrorCode> heartbeat(const protocol::JoinGroupResponse& joined) {
    const auto answer = ask(protocol::HeartbeatRequest{.group_id = "g",
                                                       .generation_id = joined.generation_id,
                                                       .member_id = joined.member_id,
                                                       .group_instance_id = {}},
                            kHeartbeat);
    if (!answer) return std::nullopt;
    return answer->error_code;
  }

 private:
  test_support::BrokerBench& bench_;
};

}  // namespace broker_tests
