#include "tools/bench/load/groups.h"

#include <chrono>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "protocol/messages/find_coordinator.h"
#include "protocol/messages/offset_fetch.h"

namespace bench {
namespace {

using protocol::ErrorCode;

constexpr protocol::ApiVersion kFindCoordinator = 4;
constexpr protocol::ApiVersion kOffsetFetch = 8;
/// Nothing tells when a coordinator is there or has loaded, so it is asked again and again.
constexpr std::chrono::milliseconds kAskAgain(1);
constexpr int kAttempts = 30'000;

/// Kafka's: Java's hash of the text, without its sign. For ASCII.
std::int32_t offsets_partition_of(std::string_view group) {
  std::uint32_t hash = 0;
  for (const char c : group) hash = hash * 31 + static_cast<unsigned char>(c);
  return static_cast<std::int32_t>((hash & 0x7fffffffU) %
                                   static_cast<std::uint32_t>(kOffsetsPartitions));
}

bool is_put_off(ErrorCode error) {
  return error == ErrorCode::coordinator_load_in_progress ||
         error == ErrorCode::coordinator_not_available || error == ErrorCode::not_coordinator;
}

}  // namespace

std::string group_on(std::int32_t offsets_partition, int number) {
  for (int i = 0;; ++i) {
    auto name = fmt::format("bench-{}-{}", number, i);
    if (offsets_partition_of(name) == offsets_partition) return name;
  }
}

base::Result<> expect_none(const char* request, ErrorCode error) {
  if (error == ErrorCode::none) return {};
  return base::fail(base::Fault::invalid, fmt::format("{} was answered with error {}", request,
                                                      static_cast<std::int16_t>(error)));
}

base::Result<> await_groups(Caller& caller) {
  std::vector<std::string> waiting;
  for (std::int32_t i = 0; i < kOffsetsPartitions; ++i) waiting.push_back(group_on(i, 0));
  for (int i = 0; i < kAttempts; ++i) {
    protocol::OffsetFetchRequest request;
    for (const auto& group : waiting) {
      auto& wanted = request.groups.emplace_back();
      wanted.group_id = group;
      wanted.topics.emplace();  // Of no topic: whether it may be asked is what is asked.
    }
    const auto response = TRY(caller.call(std::move(request), kOffsetFetch));
    waiting.clear();
    for (const auto& group : response.groups) {
      if (is_put_off(group.error_code))
        waiting.push_back(group.group_id);
      else
        TRY(expect_none("OffsetFetch", group.error_code));
    }
    if (waiting.empty()) return {};
    std::this_thread::sleep_for(kAskAgain);
  }
  return base::fail(base::Fault::closed, "the groups do not become available");
}

base::Result<> prepare_groups(Caller& caller) {
  for (int i = 0; i < kAttempts; ++i) {
    protocol::FindCoordinatorRequest request;
    request.coordinator_keys = {group_on(0, 0)};
    const auto response = TRY(caller.call(std::move(request), kFindCoordinator));
    if (response.coordinators.empty())
      return base::fail(base::Fault::missing, "the answer to FindCoordinator is empty");
    const auto error = response.coordinators.front().error_code;
    if (!is_put_off(error)) {
      TRY(expect_none("FindCoordinator", error));
      return await_groups(caller);
    }
    std::this_thread::sleep_for(kAskAgain);
  }
  return base::fail(base::Fault::closed, "there is no coordinator");
}

}  // namespace bench
