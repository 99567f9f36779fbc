#include "tools/bench/load/admin.h"

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "protocol/messages/api_versions.h"
#include "protocol/messages/create_topics.h"
#include "protocol/messages/fetch.h"
#include "protocol/messages/metadata.h"

namespace bench {
namespace {

using protocol::ErrorCode;

std::unexpected<base::Error> refused(std::string_view what, ErrorCode error) {
  return base::fail(base::Fault::invalid, fmt::format("{} was answered with error {}", what,
                                                      static_cast<std::int16_t>(error)));
}

}  // namespace

base::Result<> Admin::create_topic(const std::string& name, std::int32_t partitions, bool synced) {
  protocol::CreateTopicsRequest request;
  auto& topic = request.topics.emplace_back();
  topic.name = name;
  topic.num_partitions = partitions;
  topic.replication_factor = 1;
  topic.configs.push_back(
      {.name = "flush.messages", .value = synced ? "1" : "9223372036854775807"});
  const auto response = TRY(caller_.call(std::move(request), 5));
  for (const auto& created : response.topics)
    if (created.error_code != ErrorCode::none) return refused("CreateTopics", created.error_code);
  // Apache Kafka answers before its partitions are led; nothing tells when they are.
  constexpr int kAttempts = 500;
  for (int i = 0; i < kAttempts; ++i) {
    if (TRY(is_ready(name, partitions))) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return base::fail(base::Fault::missing, "the topic was created and does not become ready");
}

base::Result<bool> Admin::is_ready(const std::string& topic, std::int32_t partitions) {
  protocol::MetadataRequest request;
  request.topics.emplace().push_back({.topic_id = {}, .name = topic});
  request.allow_auto_topic_creation = false;
  const auto response = TRY(caller_.call(std::move(request), 9));
  for (const auto& found : response.topics) {
    if (found.name != topic || std::cmp_not_equal(found.partitions.size(), partitions)) continue;
    return std::ranges::all_of(found.partitions, [](const auto& partition) {
      return partition.error_code == ErrorCode::none && partition.leader_id >= 0;
    });
  }
  return false;
}

base::Result<base::Offset> Admin::high_watermark(const std::string& topic, std::int32_t partition) {
  protocol::FetchRequest request;
  auto& wanted = request.topics.emplace_back();
  wanted.topic = topic;
  wanted.partitions.push_back({.partition = partition, .partition_max_bytes = 1});
  const auto response = TRY(caller_.call(std::move(request), 12));
  if (response.error_code != ErrorCode::none) return refused("Fetch", response.error_code);
  for (const auto& found : response.responses) {
    for (const auto& answer : found.partitions) {
      if (answer.error_code != ErrorCode::none) return refused("Fetch", answer.error_code);
      return answer.high_watermark;
    }
  }
  return base::fail(base::Fault::missing, "the answer to Fetch names no partition");
}

base::Result<> Admin::ask_api_versions() {
  const auto response = TRY(caller_.call(protocol::ApiVersionsRequest{}, 0));
  if (response.error_code != ErrorCode::none) return refused("ApiVersions", response.error_code);
  return {};
}

}  // namespace bench
