#include "tools/bench/load/fetcher.h"

#include <fmt/format.h>

#include "protocol/record/batch_header.h"
#include "tools/bench/common/field_reader.h"
#include "tools/bench/common/field_writer.h"

namespace bench {
namespace {

constexpr std::int16_t kFetchKey = 1;
constexpr std::int16_t kVersion = 12;
// Compact arrays carry their size plus one.
constexpr std::uint32_t kOneItem = 2;
constexpr std::uint32_t kNoItem = 1;
constexpr std::uint32_t kNoTags = 0;

}  // namespace

base::BytesView Fetcher::request(base::Offset from, std::int32_t bytes_max, std::int32_t wait_ms) {
  from_ = from;
  request_.clear();
  FieldWriter out(request_);
  const auto begin = out.begin_frame();
  out.integer(kFetchKey);
  out.integer(kVersion);
  out.integer(++correlation_id_);
  out.short_text("bench");
  out.uvarint(kNoTags);
  out.integer(std::int32_t{-1});  // Not a follower.
  out.integer(wait_ms);
  out.integer(std::int32_t{1});  // Bytes worth an answer.
  out.integer(bytes_max);
  out.integer(std::int8_t{0});    // Isolation level.
  out.integer(std::int32_t{0});   // No session.
  out.integer(std::int32_t{-1});  // Its epoch.
  out.uvarint(kOneItem);
  out.compact_bytes(base::as_bytes(topic_));
  out.uvarint(kOneItem);
  out.integer(partition_);
  out.integer(std::int32_t{-1});  // Leader epoch.
  out.integer(from);
  out.integer(std::int32_t{-1});  // Last epoch.
  out.integer(std::int64_t{-1});  // Log start.
  out.integer(bytes_max);
  out.uvarint(kNoTags);
  out.uvarint(kNoTags);
  out.uvarint(kNoItem);  // Forgotten topics.
  out.uvarint(kNoItem);  // Rack: the empty string.
  out.uvarint(kNoTags);
  out.end_frame(begin);
  return request_;
}

base::Result<Fetched> Fetcher::answer(base::BytesView frame) const {
  FieldReader in(frame);
  const auto correlation_id = in.integer<std::int32_t>();
  in.uvarint();                // No tagged fields.
  in.integer<std::int32_t>();  // Throttle time.
  const auto error = in.integer<std::int16_t>();
  in.integer<std::int32_t>();  // Session id.
  in.uvarint();                // One topic:
  in.compact_bytes();          // its name.
  in.uvarint();                // One partition:
  in.integer<std::int32_t>();
  const auto partition_error = in.integer<std::int16_t>();
  Fetched fetched{.next = from_, .high_watermark = in.integer<std::int64_t>()};
  in.integer<std::int64_t>();         // Last stable offset.
  in.integer<std::int64_t>();         // Log start.
  const auto aborted = in.uvarint();  // Null or empty.
  in.integer<std::int32_t>();         // Preferred replica.
  auto records = in.compact_bytes();
  if (in.bad() || correlation_id != correlation_id_ || aborted > 1)
    return base::fail(base::Fault::corruption, "not the answer to this fetch");
  if (error != 0 || partition_error != 0)
    return base::fail(
        base::Fault::invalid,
        fmt::format("a fetch was answered with errors {} and {}", error, partition_error));
  while (!records.empty()) {
    const auto header = record::BatchHeader::read(records);
    if (!header || !header->plausible() || header->total_size() > records.size()) break;
    const bool follows = header->base_offset == fetched.next ||
                         (fetched.records == 0 && header->base_offset < fetched.next);
    if (!follows || header->next_offset() <= fetched.next)
      return base::fail(base::Fault::corruption, fmt::format("offset {} where {} was expected",
                                                             header->base_offset, fetched.next));
    fetched.next = header->next_offset();
    fetched.records += static_cast<std::uint64_t>(header->record_count);
    fetched.bytes += header->total_size();
    records = records.subspan(header->total_size());
  }
  return fetched;
}

}  // namespace bench
