#include <optional>
#include <set>

#include "broker/errors.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/partition_lookup.h"
#include "protocol/messages/list_offsets.h"

namespace broker {
namespace {

using protocol::ErrorCode;
using protocol::ListOffsetsRequest;
using protocol::ListOffsetsResponse;

/// Kafka's special timestamps, and the version that first knows each.
enum Special : std::int64_t {
  latest = -1,
  earliest = -2,
  max_timestamp = -3,
  earliest_local = -4,
  latest_tiered = -5,
  earliest_pending_upload = -6,
};

protocol::ApiVersion known_since(std::int64_t timestamp) {
  switch (timestamp) {
    case max_timestamp:
      return 7;
    case earliest_local:
      return 8;
    case latest_tiered:
      return 9;
    case earliest_pending_upload:
      return 11;
    default:
      return timestamp < earliest_pending_upload ? INT16_MAX : 0;
  }
}

struct Found {
  ErrorCode error = ErrorCode::none;
  std::optional<storage::TimestampOffset> at;
};

auto search(const storage::LogView& view, std::int64_t timestamp) {
  return timestamp == max_timestamp ? view.find_max_timestamp() : view.find_time(timestamp);
}

/// On the partition's loop, unless the log has to be searched: that is a worker's job.
Task<Found> find(RequestContext& context, Partition& partition, std::int64_t timestamp,
                 std::int32_t current_leader_epoch) {
  co_await hop_to(partition.loop());
  Found found;
  found.error = partition.deleted()
                    ? ErrorCode::unknown_topic_or_partition
                    : check_leader_epoch(current_leader_epoch, partition.leader_epoch());
  const auto view = partition.view();
  const auto epoch_at = [&](base::Offset offset) {
    return partition.epochs().epoch_for_offset(offset).value_or(-1);
  };
  if (found.error != ErrorCode::none) {
  } else if (timestamp == latest) {
    found.at = {.offset = view->high_watermark(), .leader_epoch = partition.leader_epoch()};
  } else if (timestamp == earliest || timestamp == earliest_local) {
    found.at = {.offset = view->start_offset(), .leader_epoch = epoch_at(view->start_offset())};
  } else if (timestamp >= 0 || timestamp == max_timestamp) {
    auto job = [view, timestamp] { return search(*view, timestamp); };
    const auto at = co_await run_on(context.services.workers, partition.loop(), std::move(job));
    if (at) {
      found.at = *at;
    } else {
      if (!partition.deleted()) partition.report_failed_read(at.error());
      found.error = error_code(at.error().fault);
    }
  }
  co_await hop_to(context.loop());
  co_return found;
}

void put(ListOffsetsResponse::Partition& answer, const Found& found, bool as_list) {
  answer.error_code = found.error;
  answer.timestamp = -1;
  answer.offset = -1;
  answer.leader_epoch = -1;
  if (!found.at) return;
  answer.timestamp = found.at->timestamp;
  answer.offset = found.at->offset;
  answer.leader_epoch = found.at->leader_epoch;
  if (as_list) answer.old_style_offsets = {found.at->offset};
}

}  // namespace

/// ListOffsets (2), v0 to v11. "Not found" is offset -1 without an error. v0 (Kafka up to 3.9)
/// answers with a list; one offset at most, which its max_num_offsets allows.
Task<ListOffsetsResponse> handle(RequestContext& context, ListOffsetsRequest request) {
  const auto image = context.services.topics.image();
  ListOffsetsResponse response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.name = topic.name;
    std::multiset<std::int32_t> asked;
    for (const auto& wanted : topic.partitions) asked.insert(wanted.partition_index);
    for (const auto& wanted : topic.partitions) {
      Found found;
      const auto there = find_partition(*image, topic.name, wanted.partition_index);
      if (asked.count(wanted.partition_index) > 1) {
        found.error = ErrorCode::invalid_request;
      } else if (there.error != ErrorCode::none) {
        found.error = there.error;
      } else if (context.version < known_since(wanted.timestamp)) {
        found.error = ErrorCode::unsupported_version;
      } else {
        found =
            co_await find(context, *there.partition, wanted.timestamp, wanted.current_leader_epoch);
      }
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = wanted.partition_index;
      put(answer, found, context.version == 0 && wanted.max_num_offsets > 0);
    }
  }
  co_return response;
}

}  // namespace broker
