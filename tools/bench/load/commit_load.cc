#include <vector>

#include <fmt/format.h>

#include "protocol/messages/offset_commit.h"
#include "protocol/messages/offset_fetch.h"
#include "tools/bench/common/field_reader.h"
#include "tools/bench/load/admin.h"
#include "tools/bench/load/closed_loop.h"
#include "tools/bench/load/groups.h"
#include "tools/bench/load/loads.h"

namespace bench {
namespace {

constexpr protocol::ApiVersion kOffsetCommit = 8;
constexpr protocol::ApiVersion kOffsetFetch = 8;
constexpr base::Offset kOffset = 1234567;

protocol::OffsetCommitRequest commit_of(const std::string& group, const std::string& topic) {
  protocol::OffsetCommitRequest request;
  request.group_id = group;
  auto& of = request.topics.emplace_back();
  of.name = topic;
  auto& partition = of.partitions.emplace_back();
  partition.partition_index = 0;
  partition.committed_offset = kOffset;
  partition.committed_metadata = "";
  return request;
}

base::Result<> check_answer(base::BytesView frame, std::int32_t correlation_id) {
  FieldReader answer(frame);
  const auto got = answer.integer<std::int32_t>();
  answer.uvarint();                // No tagged fields.
  answer.integer<std::int32_t>();  // Throttle time.
  answer.uvarint();                // One topic:
  answer.compact_bytes();          // its name.
  answer.uvarint();                // One partition:
  answer.integer<std::int32_t>();
  const auto error = answer.integer<std::int16_t>();
  if (answer.bad() || got != correlation_id)
    return base::fail(base::Fault::corruption,
                      fmt::format("request {} got the answer to {}", correlation_id, got));
  return expect_none("OffsetCommit", static_cast<protocol::ErrorCode>(error));
}

base::Result<base::Offset> records_in_offsets_topic(Admin& admin) {
  base::Offset records = 0;
  for (std::int32_t i = 0; i < kOffsetsPartitions; ++i)
    records += TRY(admin.high_watermark(kOffsetsTopic, i));
  return records;
}

base::Result<> verify_offset(Caller& caller, const std::string& group, const std::string& topic) {
  protocol::OffsetFetchRequest request;
  auto& wanted = request.groups.emplace_back();
  wanted.group_id = group;
  auto& of = wanted.topics.emplace().emplace_back();
  of.name = topic;
  of.partition_indexes = {0};
  const auto response = TRY(caller.call(std::move(request), kOffsetFetch));
  for (const auto& found : response.groups)
    for (const auto& told : found.topics)
      for (const auto& partition : told.partitions)
        if (partition.committed_offset == kOffset) return {};
  return base::fail(base::Fault::corruption, "what was committed is not what is there");
}

}  // namespace

base::Result<Report> run_commit(const Target& target, const CommitLoad& load) {
  Admin admin(TRY(Connection::open(target.broker)));
  TRY(admin.create_topic(target.topic, 1, target.synced));
  auto caller = TRY(Caller::open(target.broker));
  TRY(prepare_groups(caller));
  const auto before = TRY(records_in_offsets_topic(admin));

  std::vector<std::string> groups;
  std::vector<RequestRing> rings;
  for (int i = 0; i < load.connections; ++i) {
    groups.push_back(group_on(i % load.partitions, i));
    rings.push_back(RequestRing::of(commit_of(groups.back(), target.topic), kOffsetCommit, 1));
  }
  ClosedLoop loop{.target = target, .rings = {}, .check = check_answer};
  for (const auto& ring : rings) loop.rings.push_back(&ring);
  auto result = TRY(run_closed_loop(loop));

  const auto after = TRY(records_in_offsets_topic(admin));
  if (std::cmp_not_equal(after - before, result.requests))
    return base::fail(base::Fault::corruption,
                      fmt::format("{} commits were acknowledged and {} records are there",
                                  result.requests, after - before));
  for (const auto& group : groups) TRY(verify_offset(caller, group, target.topic));
  return result.report();
}

}  // namespace bench
