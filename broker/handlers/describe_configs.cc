#include "protocol/messages/describe_configs.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "broker/handlers/config_answer.h"
#include "broker/handlers/handlers.h"
#include "broker/topics/topic_name.h"

namespace broker {
namespace {

using protocol::DescribeConfigsRequest;
using protocol::DescribeConfigsResponse;
using protocol::ErrorCode;
using Result = DescribeConfigsResponse::Result;

bool wants_all_keys(const std::optional<std::vector<std::string>>& keys) {
  return !keys || keys->empty();
}

std::vector<ConfigAnswer> refuse(Result& result, ErrorCode error, std::string why) {
  result.error_code = error;
  result.error_message = std::move(why);
  return {};
}

std::vector<ConfigAnswer> describe_topic(const Services& services, Result& result) {
  if (auto problem = problem_with_topic_name(result.resource_name))
    return refuse(result, ErrorCode::invalid_topic_exception, std::move(*problem));
  const auto image = services.topics.image();
  const auto* topic = image->named(result.resource_name);
  if (topic == nullptr) return refuse(result, ErrorCode::unknown_topic_or_partition, "");
  return describe_topic_configs(services.config, image->broker_overrides, topic->overrides);
}

std::vector<ConfigAnswer> describe_broker(const Services& services, Result& result) {
  const auto& name = result.resource_name;
  const auto image = services.topics.image();
  if (name.empty()) return describe_changes_of_all_brokers(image->broker_overrides);
  std::int32_t id = -1;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc{} || stop != name.data() + name.size())
    return refuse(result, ErrorCode::invalid_request,
                  fmt::format("Broker id must be an integer, but it is: {}", name));
  if (id != services.config.node_id)
    return refuse(result, ErrorCode::invalid_request,
                  fmt::format("Unexpected broker id, expected {} or empty string, but received {}",
                              services.config.node_id, name));
  return describe_broker_configs(services.config, image->broker_overrides);
}

std::vector<ConfigAnswer> describe(const Services& services, Result& result) {
  switch (result.resource_type) {
    case kTopicResource:
      return describe_topic(services, result);
    case kBrokerResource:
      return describe_broker(services, result);
    default:
      return refuse(result, ErrorCode::invalid_request,
                    fmt::format("Unsupported resource type: {}", result.resource_type));
  }
}

/// A resource costs its sender a few bytes and the answer about it is some kilobytes: it is given
/// once, with all keys that were asked for. Kafka gives it as often as it is named.
std::vector<DescribeConfigsRequest::Resource> each_once(
    std::vector<DescribeConfigsRequest::Resource> resources) {
  std::vector<DescribeConfigsRequest::Resource> once;
  std::map<std::pair<std::int8_t, std::string>, std::size_t> places;
  for (auto& resource : resources) {
    const auto [place, is_new] =
        places.try_emplace({resource.resource_type, resource.resource_name}, once.size());
    if (is_new) {
      once.push_back(std::move(resource));
      continue;
    }
    auto& keys = once[place->second].configuration_keys;
    auto& more = resource.configuration_keys;
    if (wants_all_keys(keys) || wants_all_keys(more)) {
      keys.reset();
    } else {
      std::ranges::move(*more, std::back_inserter(*keys));
    }
  }
  return once;
}

/// v0 knows no sources. "Default" there is what the resource does not say itself: a topic's value
/// may well come from the broker's configuration.
bool is_default(const ConfigAnswer& config, std::int8_t resource_type) {
  return resource_type == kTopicResource ? config.source != ConfigSource::topic
                                         : config.source == ConfigSource::defaults;
}

void put(const DescribeConfigsRequest& request, ConfigAnswer config, Result& result) {
  auto& entry = result.configs.emplace_back();
  entry.is_default = is_default(config, result.resource_type);
  entry.name = std::move(config.name);
  entry.value = std::move(config.value);
  entry.read_only = config.read_only;
  entry.config_source = static_cast<std::int8_t>(config.source);
  entry.is_sensitive = config.sensitive;
  entry.config_type = static_cast<std::int8_t>(config.type);
  if (request.include_documentation) entry.documentation = std::move(config.documentation);
  if (!request.include_synonyms) return;
  for (auto& layer : config.synonyms) {
    auto& synonym = entry.synonyms.emplace_back();
    synonym.name = std::move(layer.name);
    synonym.value = std::move(layer.value);
    synonym.source = static_cast<std::int8_t>(layer.source);
  }
}

bool is_wanted(const DescribeConfigsRequest::Resource& resource, const std::string& name) {
  const auto& keys = resource.configuration_keys;
  return wants_all_keys(keys) || std::ranges::find(*keys, name) != keys->end();
}

}  // namespace

/// DescribeConfigs (32), v0 to v4. Errors are per resource. No keys, like null, mean all of them.
Task<DescribeConfigsResponse> handle(RequestContext& context, DescribeConfigsRequest request) {
  DescribeConfigsResponse response;
  for (const auto& resource : each_once(std::move(request.resources))) {
    auto& result = response.results.emplace_back();
    result.resource_type = resource.resource_type;
    result.resource_name = resource.resource_name;
    result.error_message = "";  // As Kafka, where others send null.
    for (auto& config : describe(context.services, result)) {
      if (is_wanted(resource, config.name)) put(request, std::move(config), result);
    }
  }
  co_return response;
}

}  // namespace broker
