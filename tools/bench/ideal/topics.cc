#include "tools/bench/ideal/topics.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "protocol/messages/api_versions.h"
#include "protocol/messages/create_topics.h"
#include "protocol/messages/metadata.h"
#include "protocol/wire/decoder.h"
#include "protocol/wire/frame.h"

namespace bench {
namespace {

constexpr std::int32_t kNode = 1;

template <class Request>
base::Result<Request> body_of(const protocol::RequestFrame& frame) {
  Request request;
  auto body = TRY(protocol::body_of(frame, Request::api));
  TRY(protocol::decode(show(request), Request::api, frame.header.api_version, std::move(body)));
  return request;
}

template <class Response>
base::Result<std::vector<std::byte>> flat_answer(const Head& head, Response response) {
  std::vector<std::byte> flat;
  const auto pieces = TRY(
      protocol::encode_response(head.correlation_id, Response::api, head.version, show(response)));
  for (const auto& piece : pieces) flat.insert(flat.end(), piece.view.begin(), piece.view.end());
  return flat;
}

}  // namespace

PartitionLog* Topics::find(base::BytesView topic, std::int32_t partition) const {
  const auto found = std::ranges::find(topics_, base::as_text(topic), &Topic::name);
  if (found == topics_.end() || std::cmp_greater_equal(partition, found->partitions.size()))
    return nullptr;
  return found->partitions[static_cast<std::size_t>(partition)].get();
}

base::Result<std::vector<std::byte>> Topics::answer(const Head& head, base::BytesView bytes,
                                                    std::uint16_t port) {
  const auto frame = TRY(protocol::decode_request_header({.owner = {}, .view = bytes}));
  if (head.api_key == protocol::ApiVersionsRequest::api.key) {
    protocol::ApiVersionsResponse response;
    response.api_keys = {
        {.api_key = 0, .min_version = kProduceVersion, .max_version = kProduceVersion},
        {.api_key = 1, .min_version = kFetchVersion, .max_version = kFetchVersion}};
    return flat_answer(head, std::move(response));
  }
  if (head.api_key == protocol::MetadataRequest::api.key) {
    protocol::MetadataResponse response;
    response.brokers.push_back({.node_id = kNode, .host = "127.0.0.1", .port = port});
    for (const auto& topic : topics_) {
      auto& told = response.topics.emplace_back();
      told.name = topic.name;
      for (std::size_t i = 0; i < topic.partitions.size(); ++i)
        told.partitions.push_back(
            {.partition_index = static_cast<std::int32_t>(i), .leader_id = kNode});
    }
    return flat_answer(head, std::move(response));
  }
  if (head.api_key == protocol::CreateTopicsRequest::api.key) {
    const auto request = TRY(body_of<protocol::CreateTopicsRequest>(frame));
    protocol::CreateTopicsResponse response;
    for (const auto& wanted : request.topics) {
      const auto flush = std::ranges::find(wanted.configs, "flush.messages",
                                           &protocol::CreateTopicsRequest::Config::name);
      const bool synced = flush == wanted.configs.end() || flush->value == "1";
      auto& topic = topics_.emplace_back();
      topic.name = wanted.name;
      for (std::int32_t i = 0; i < wanted.num_partitions; ++i)
        topic.partitions.push_back(std::make_unique<PartitionLog>(
            fmt::format("{}-{}", wanted.name, i), directory_, segment_bytes_, synced));
      response.topics.emplace_back().name = wanted.name;
    }
    return flat_answer(head, std::move(response));
  }
  return base::fail(base::Fault::unsupported,
                    fmt::format("the ideal broker has no API {}", head.api_key));
}

}  // namespace bench
