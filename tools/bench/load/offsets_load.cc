#include <vector>

#include <fmt/format.h>

#include "protocol/base/clock.h"
#include "protocol/messages/offset_commit.h"
#include "protocol/messages/offset_fetch.h"
#include "tools/bench/load/admin.h"
#include "tools/bench/load/groups.h"
#include "tools/bench/load/loads.h"
#include "tools/bench/load/machine.h"

namespace bench {
namespace {

using protocol::OffsetCommitRequest;

constexpr protocol::ApiVersion kOffsetCommit = 8;
constexpr protocol::ApiVersion kOffsetFetch = 8;
constexpr int kConnections = 8;

std::string topic_name(const Target& target, int number) {
  return fmt::format("{}-{}", target.topic, number);
}

/// What the group commits for a partition; differs from its neighbours.
base::Offset offset_of(int group, int topic, std::int32_t partition) {
  return group * 1'000'000LL + topic * 1000LL + partition;
}

OffsetCommitRequest commit_of(const Target& target, const OffsetsLoad& load, int group) {
  OffsetCommitRequest request;
  request.group_id = group_on(group % kOffsetsPartitions, group / kOffsetsPartitions);
  for (int topic = 0; topic < load.topics; ++topic) {
    auto& of = request.topics.emplace_back();
    of.name = topic_name(target, topic);
    for (std::int32_t i = 0; i < load.partitions; ++i)
      of.partitions.push_back({.partition_index = i,
                               .committed_offset = offset_of(group, topic, i),
                               .committed_metadata = ""});
  }
  return request;
}

base::Result<> take_answer(Caller& caller) {
  const auto response = TRY(caller.receive<OffsetCommitRequest>(kOffsetCommit));
  for (const auto& topic : response.topics)
    for (const auto& partition : topic.partitions)
      TRY(expect_none("OffsetCommit", partition.error_code));
  return {};
}

/// All that the group has committed is there.
base::Result<> verify(Caller& caller, const Target& target, const OffsetsLoad& load, int group) {
  protocol::OffsetFetchRequest request;
  request.groups.emplace_back().group_id =
      group_on(group % kOffsetsPartitions, group / kOffsetsPartitions);
  const auto response = TRY(caller.call(std::move(request), kOffsetFetch));
  int right = 0;
  for (const auto& found : response.groups)
    for (const auto& topic : found.topics)
      for (int i = 0; i < load.topics; ++i)
        if (topic.name == topic_name(target, i))
          for (const auto& partition : topic.partitions)
            right += partition.committed_offset == offset_of(group, i, partition.partition_index);
  if (right == load.topics * load.partitions) return {};
  return base::fail(base::Fault::corruption, fmt::format("{} of {} offsets of a group are there",
                                                         right, load.topics * load.partitions));
}

}  // namespace

base::Result<Report> run_fill_offsets(const Target& target, const OffsetsLoad& load) {
  Admin admin(TRY(Connection::open(target.broker)));
  for (int i = 0; i < load.topics; ++i)
    TRY(admin.create_topic(topic_name(target, i), load.partitions, target.synced));
  std::vector<Caller> callers;
  for (int i = 0; i < kConnections; ++i) callers.push_back(TRY(Caller::open(target.broker)));
  TRY(prepare_groups(callers.front()));
  const base::SystemClock clock;
  const auto begin = clock.monotonic();
  for (int group = 0; group < load.groups; ++group) {
    auto& caller = callers[static_cast<std::size_t>(group % kConnections)];
    if (group >= kConnections) TRY(take_answer(caller));
    TRY(caller.send(commit_of(target, load, group), kOffsetCommit));
  }
  for (int i = 0; i < std::min(kConnections, load.groups); ++i)
    TRY(take_answer(callers[static_cast<std::size_t>((load.groups - 1 - i) % kConnections)]));
  const auto seconds = std::chrono::duration<double>(clock.monotonic() - begin).count();
  const auto offsets = static_cast<double>(load.groups) * load.topics * load.partitions;
  return Report{{"offsets", offsets}, {"offsets_per_s", offsets / seconds}};
}

base::Result<Report> run_first_offsets(const Target& target, const OffsetsLoad& load) {
  auto caller = TRY(Caller::open(target.broker));
  TRY(await_groups(caller));
  const auto answered = base::SystemClock().monotonic();
  const base::MonotonicTime ready{std::chrono::nanoseconds(load.ready_ns)};
  const std::chrono::duration<double> cpu = TRY(cpu_time_of(target.broker_process));
  // One group of each offsets partition, and by that all of the topics.
  for (int i = 0; i < std::min(load.groups, kOffsetsPartitions); ++i)
    TRY(verify(caller, target, load, i));
  return Report{
      {"first_offsets_ms", std::chrono::duration<double, std::milli>(answered - ready).count()},
      {"broker_cpu_s", cpu.count()}};
}

}  // namespace bench
