#include "broker/topics/config_decisions.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "broker/topics/topic_name.h"
#include "config/topic_config.h"

namespace broker {
namespace {

using protocol::ErrorCode;
using Configs = TopicCatalog::Configs;

struct Refusal {
  ErrorCode error = ErrorCode::none;
  std::optional<std::string> message;
};
using MaybeRefused = std::optional<Refusal>;

Refusal invalid_request(std::string message) {
  return {ErrorCode::invalid_request, std::move(message)};
}

MaybeRefused check_topic(const TopicCatalog& catalog, const std::string& name) {
  if (name.empty()) return invalid_request("Default topic resources are not allowed.");
  if (auto problem = problem_with_topic_name(name))
    return Refusal{ErrorCode::invalid_topic_exception, std::move(problem)};
  if (catalog.named(name) == nullptr)
    return Refusal{ErrorCode::unknown_topic_or_partition,
                   fmt::format("The topic '{}' does not exist.", name)};
  return std::nullopt;
}

MaybeRefused check_broker(const std::string& name, std::int32_t node_id) {
  if (name.empty()) return std::nullopt;
  std::int32_t id = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc{} || stop != name.data() + name.size())
    return invalid_request(fmt::format("Node id must be an integer, but it is: {}", name));
  if (id != node_id)
    return invalid_request(
        fmt::format("Unexpected broker id, expected {}, but received {}", node_id, name));
  return std::nullopt;
}

MaybeRefused check_resource(const TopicCatalog& catalog, std::int32_t node_id,
                            const ConfigChange& change) {
  switch (change.resource_type) {
    case kTopicResource:
      return check_topic(catalog, change.resource_name);
    case kBrokerResource:
      return check_broker(change.resource_name, node_id);
    default:
      return invalid_request(fmt::format("Unknown resource type {}", change.resource_type));
  }
}

MaybeRefused check_operations(const ConfigChange& change) {
  std::set<std::string_view> names;
  std::vector<std::string_view> nulls;
  for (const auto& operation : change.operations) {
    if (!names.insert(operation.name).second)
      return invalid_request("Error due to duplicate config keys");
    if (!operation.value && operation.operation != ConfigOperation::kDelete)
      nulls.push_back(operation.name);
  }
  if (!nulls.empty())
    return invalid_request(fmt::format("Null value not supported for : {}", fmt::join(nulls, ",")));
  return std::nullopt;
}

/// Settings under the names that the resource has for them.
const config::TopicKey* key_of(std::int8_t resource_type, std::string_view name) {
  return resource_type == kTopicResource ? config::find_topic_key(name)
                                         : config::find_topic_default(name);
}

/// As Java splits: elements that are empty at the end do not count.
std::vector<std::string> elements_of(std::string_view list) {
  std::vector<std::string> elements;
  for (;;) {
    const auto comma = list.find(',');
    elements.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  while (elements.size() > 1 && elements.back().empty()) elements.pop_back();
  return elements;
}

std::string changed_list(const ConfigOperation& operation, std::string_view before) {
  auto elements = before.empty() ? std::vector<std::string>{} : elements_of(before);
  for (auto& element : elements_of(*operation.value)) {
    const auto found = std::ranges::find(elements, element);
    if (operation.operation == ConfigOperation::kSubtract) {
      if (found != elements.end()) elements.erase(found);
    } else if (found == elements.end()) {
      elements.push_back(std::move(element));
    }
  }
  return fmt::format("{}", fmt::join(elements, ","));
}

MaybeRefused apply(const ConfigOperation& operation, std::int8_t resource_type, Configs& configs) {
  switch (operation.operation) {
    case ConfigOperation::kSet:
      configs.insert_or_assign(operation.name, *operation.value);
      return std::nullopt;
    case ConfigOperation::kDelete:
      configs.erase(operation.name);
      return std::nullopt;
    case ConfigOperation::kAppend:
    case ConfigOperation::kSubtract:
      break;
    default:
      return Refusal{ErrorCode::unknown_server_error, std::nullopt};
  }
  const auto* key = key_of(resource_type, operation.name);
  if (key == nullptr || key->type != config::KeyType::list)
    return Refusal{
        ErrorCode::invalid_config,
        fmt::format("Can't {} to key {} because its type is not LIST.",
                    operation.operation == ConfigOperation::kAppend ? "APPEND" : "SUBTRACT",
                    operation.name)};
  const auto found = configs.find(operation.name);
  const auto before = found == configs.end() ? config::topic_value({}, key->name) : found->second;
  auto after = changed_list(operation, before);
  // What changes nothing is not said anew.
  if (after != before) configs.insert_or_assign(operation.name, std::move(after));
  return std::nullopt;
}

/// What a broker may be told while it runs: the defaults of its topics.
MaybeRefused check_broker_configs(const Configs& configs) {
  for (const auto& [name, value] : configs) {
    const auto* key = config::find_topic_default(name);
    if (key == nullptr)
      return invalid_request(fmt::format("Cannot update these configs dynamically: [{}]", name));
    if (const auto read = config::read_topic_value(*key, name, value); !read)
      return invalid_request(read.error().detail);
  }
  return std::nullopt;
}

MaybeRefused check_configs(std::int8_t resource_type, const Configs& configs) {
  if (resource_type == kBrokerResource) return check_broker_configs(configs);
  const auto valid = config::validate_topic_configs(configs);
  if (!valid) return Refusal{ErrorCode::invalid_config, valid.error().detail};
  return std::nullopt;
}

Configs configs_of(const TopicCatalog& catalog, const ConfigChange& change) {
  if (change.resource_type == kTopicResource) return catalog.named(change.resource_name)->configs;
  const auto found = catalog.broker_configs().find(change.resource_name);
  return found == catalog.broker_configs().end() ? Configs{} : found->second;
}

protocol::ConfigRecord record_of(const ConfigChange& change, const std::string& name,
                                 std::optional<std::string> value) {
  protocol::ConfigRecord record;
  record.resource_type = change.resource_type;
  record.resource_name = change.resource_name;
  record.name = name;
  record.value = std::move(value);
  return record;
}

ConfigDecision refuse(Refusal refusal) {
  return {.error = refusal.error, .message = std::move(refusal.message)};
}

ConfigDecision decide(const TopicCatalog& catalog, std::int32_t node_id,
                      const ConfigChange& change) {
  if (auto refused = check_resource(catalog, node_id, change)) return refuse(std::move(*refused));
  if (auto refused = check_operations(change)) return refuse(std::move(*refused));
  const auto before = configs_of(catalog, change);
  auto after = change.replaces_all ? Configs{} : before;
  for (const auto& operation : change.operations)
    if (auto refused = apply(operation, change.resource_type, after))
      return refuse(std::move(*refused));
  if (auto refused = check_configs(change.resource_type, after)) return refuse(std::move(*refused));

  ConfigDecision decision;
  for (const auto& [name, value] : before)
    if (!after.contains(name)) decision.records.emplace_back(record_of(change, name, std::nullopt));
  for (const auto& [name, value] : after) {
    const auto known = before.find(name);
    if (known == before.end() || known->second != value)
      decision.records.emplace_back(record_of(change, name, value));
  }
  return decision;
}

}  // namespace

std::vector<ConfigDecision> decide_configs(const TopicCatalog& catalog, std::int32_t node_id,
                                           const std::vector<ConfigChange>& changes) {
  std::map<std::pair<std::int8_t, std::string_view>, int> times;
  for (const auto& change : changes) ++times[{change.resource_type, change.resource_name}];
  std::vector<ConfigDecision> decisions;
  decisions.reserve(changes.size());
  for (const auto& change : changes) {
    if (times[{change.resource_type, change.resource_name}] > 1)
      decisions.push_back(refuse(invalid_request("Each resource must appear at most once.")));
    else
      decisions.push_back(decide(catalog, node_id, change));
  }
  return decisions;
}

}  // namespace broker
