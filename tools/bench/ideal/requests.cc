#include "tools/bench/ideal/requests.h"

#include "tools/bench/common/field_writer.h"

namespace bench {
namespace {

// Compact arrays carry their size plus one.
constexpr std::uint32_t kOneItem = 2;
constexpr std::uint32_t kNoItem = 1;
constexpr std::uint32_t kNull = 0;
constexpr std::uint32_t kNoTags = 0;

}  // namespace

Head read_head(FieldReader& frame) {
  Head head;
  head.api_key = frame.integer<std::int16_t>();
  head.version = frame.integer<std::int16_t>();
  head.correlation_id = frame.integer<std::int32_t>();
  frame.short_text();  // The client's id.
  return head;
}

bool read_produce(FieldReader& frame, Produce& request) {
  const auto header_tags = frame.uvarint();
  frame.compact_bytes();  // Transactional id.
  request.acks = frame.integer<std::int16_t>();
  frame.integer<std::int32_t>();  // Time-out.
  const auto topics = frame.uvarint();
  request.topic = frame.compact_bytes();
  const auto partitions = frame.uvarint();
  request.partition = frame.integer<std::int32_t>();
  request.batch = frame.compact_bytes();
  return !frame.bad() && header_tags == kNoTags && topics == kOneItem && partitions == kOneItem;
}

bool read_fetch(FieldReader& frame, Fetch& request) {
  const auto header_tags = frame.uvarint();
  frame.integer<std::int32_t>();  // Replica id.
  request.max_wait_ms = frame.integer<std::int32_t>();
  frame.integer<std::int32_t>();  // Least bytes: one is enough here.
  request.max_bytes = frame.integer<std::int32_t>();
  frame.integer<std::int8_t>();   // Isolation level.
  frame.integer<std::int32_t>();  // Session id,
  frame.integer<std::int32_t>();  // and its epoch.
  const auto topics = frame.uvarint();
  request.topic = frame.compact_bytes();
  const auto partitions = frame.uvarint();
  request.partition = frame.integer<std::int32_t>();
  frame.integer<std::int32_t>();  // Leader epoch.
  request.offset = frame.integer<std::int64_t>();
  return !frame.bad() && header_tags == kNoTags && topics == kOneItem && partitions == kOneItem;
}

void write_produce_answer(std::vector<std::byte>& out, std::int32_t correlation_id,
                          const Produce& request, base::Offset base_offset) {
  FieldWriter answer(out);
  const auto begin = answer.begin_frame();
  answer.integer(correlation_id);
  answer.uvarint(kNoTags);
  answer.uvarint(kOneItem);
  answer.compact_bytes(request.topic);
  answer.uvarint(kOneItem);
  answer.integer(request.partition);
  answer.integer(std::int16_t{0});  // Error code.
  answer.integer(base_offset);
  answer.integer(std::int64_t{-1});  // Append time.
  answer.integer(std::int64_t{0});   // Log start.
  answer.uvarint(kNoItem);           // Record errors,
  answer.uvarint(kNull);             // and their message.
  answer.uvarint(kNoTags);
  answer.uvarint(kNoTags);
  answer.integer(std::int32_t{0});  // Throttle time.
  answer.uvarint(kNoTags);
  answer.end_frame(begin);
}

void write_fetch_head(std::vector<std::byte>& out, std::int32_t correlation_id,
                      const Fetch& request, base::Offset high_watermark, std::size_t records_size) {
  FieldWriter answer(out);
  const auto begin = answer.begin_frame();
  answer.integer(correlation_id);
  answer.uvarint(kNoTags);
  answer.integer(std::int32_t{0});  // Throttle time.
  answer.integer(std::int16_t{0});  // Error code.
  answer.integer(std::int32_t{0});  // Session id.
  answer.uvarint(kOneItem);
  answer.compact_bytes(request.topic);
  answer.uvarint(kOneItem);
  answer.integer(request.partition);
  answer.integer(std::int16_t{0});  // Error code.
  answer.integer(high_watermark);
  answer.integer(high_watermark);   // Last stable offset.
  answer.integer(std::int64_t{0});  // Log start.
  answer.uvarint(kNull);            // Aborted transactions.
  answer.integer(std::int32_t{-1});
  answer.uvarint(static_cast<std::uint32_t>(records_size) + 1);
  answer.end_frame(begin, records_size + sizeof kFetchTail);
}

}  // namespace bench
