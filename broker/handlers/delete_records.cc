#include "protocol/messages/delete_records.h"

#include <expected>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/handlers/handlers.h"
#include "broker/handlers/partition_lookup.h"
#include "broker/topics/log_starts.h"

namespace broker {
namespace {

using protocol::DeleteRecordsRequest;
using protocol::DeleteRecordsResponse;
using protocol::ErrorCode;

constexpr base::Offset kHighWatermark = -1;
constexpr base::Offset kNoLowWatermark = -1;

/// What is asked of each partition, the last word counting, as in Kafka.
using Wanted = std::map<std::string, std::map<std::int32_t, base::Offset>>;

Wanted wanted_of(DeleteRecordsRequest request) {
  Wanted wanted;
  for (auto& topic : request.topics) {
    auto& partitions = wanted[std::move(topic.name)];
    for (const auto& partition : topic.partitions)
      partitions[partition.partition_index] = partition.offset;
  }
  return wanted;
}

/// Kafka's ReplicaManager.deleteRecordsOnLocalLog.
ErrorCode refusal(const FoundPartition& found) {
  if (found.topic != nullptr && found.topic->internal) return ErrorCode::invalid_topic_exception;
  return found.error;
}

/// Where the partition shall begin, on its loop; what is above the last sync is synced first, since
/// a log must not begin behind its end after a crash.
Task<std::expected<base::Offset, ErrorCode>> start_wanted(Partition& partition,
                                                          base::Offset offset) {
  if (partition.deleted()) co_return std::unexpected(ErrorCode::unknown_topic_or_partition);
  if (!partition.config().cleanup_delete) co_return std::unexpected(ErrorCode::policy_violation);
  const auto high_watermark = partition.log().high_watermark();
  const auto start = offset == kHighWatermark ? high_watermark : offset;
  if (start < 0 || start > high_watermark)
    co_return std::unexpected(ErrorCode::offset_out_of_range);
  if (start > partition.log().durable_end()) {
    OneShot<bool> durable;
    partition.flush();
    partition.when_durable([&durable] { durable.set(true); });
    co_await durable;
  }
  co_return start;
}

}  // namespace

/// DeleteRecords (21), v0 to v2. Answered when the new beginnings are on disk and readers see them;
/// files go a while later.
Task<DeleteRecordsResponse> handle(RequestContext& context, DeleteRecordsRequest request) {
  const auto image = context.services.topics.image();
  DeleteRecordsResponse response;
  std::vector<LogStarts::Move> moves;
  for (const auto& [name, partitions] : wanted_of(std::move(request))) {
    auto& topic = response.topics.emplace_back();
    topic.name = name;
    for (const auto& [index, offset] : partitions) {
      auto& answer = topic.partitions.emplace_back();
      answer.partition_index = index;
      answer.low_watermark = kNoLowWatermark;
      const auto found = find_partition(*image, name, index);
      answer.error_code = refusal(found);
      if (answer.error_code != ErrorCode::none) continue;
      auto partition = found.topic->partitions[static_cast<std::size_t>(index)];
      co_await hop_to(partition->loop());
      const auto start = co_await start_wanted(*partition, offset);
      co_await hop_to(context.loop());
      if (!start)
        answer.error_code = start.error();
      else
        moves.push_back({.partition = std::move(partition), .to = *start});
    }
  }
  if (moves.empty()) co_return response;
  const auto moved = co_await context.services.starts.advance(context.loop(), moves);
  auto move = moves.begin();
  for (auto& topic : response.topics) {
    for (auto& answer : topic.partitions) {
      if (answer.error_code != ErrorCode::none) continue;
      auto& partition = *move++->partition;
      co_await hop_to(partition.loop());
      if (!moved)
        answer.error_code = ErrorCode::kafka_storage_error;
      else
        answer.low_watermark = partition.log().start_offset();
      co_await hop_to(context.loop());
    }
  }
  co_return response;
}

}  // namespace broker
