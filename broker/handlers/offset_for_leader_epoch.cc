#include "protocol/messages/offset_for_leader_epoch.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/partition_lookup.h"

namespace broker {
namespace {

using protocol::ErrorCode;
using protocol::OffsetForLeaderEpochRequest;
using protocol::OffsetForLeaderEpochResponse;

/// On the partition's loop.
void put(Partition& partition, const OffsetForLeaderEpochRequest::Partition& wanted,
         OffsetForLeaderEpochResponse::Partition& answer) {
  answer.error_code = check_leader_epoch(wanted.current_leader_epoch, partition.leader_epoch());
  if (answer.error_code != ErrorCode::none) return;
  const auto end =
      partition.epochs().end_offset_for(wanted.leader_epoch, partition.view()->high_watermark());
  if (!end) return;
  answer.leader_epoch = end->epoch;
  answer.end_offset = end->end_offset;
}

}  // namespace

/// OffsetForLeaderEpoch (23), v0 to v4: where an epoch ended, so that a client finds out whether
/// records it has seen are gone (KIP-320). -1 and -1 where nothing is known of the epoch.
Task<OffsetForLeaderEpochResponse> handle(RequestContext& context,
                                          OffsetForLeaderEpochRequest request) {
  const auto image = context.services.topics.image();
  OffsetForLeaderEpochResponse response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.topic = topic.topic;
    answers.partitions.reserve(topic.partitions.size());
    for (const auto& wanted : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition = wanted.partition;
      answer.leader_epoch = -1;
      answer.end_offset = -1;
      const auto found = find_partition(*image, topic.topic, wanted.partition);
      answer.error_code = found.error;
      if (found.error != ErrorCode::none) continue;
      co_await hop_to(found.partition->loop());
      put(*found.partition, wanted, answer);
    }
  }
  co_await hop_to(context.loop());
  co_return response;
}

}  // namespace broker
