#include "storage/log/log_view.h"

#include <algorithm>

#include <fmt/format.h>

#include "protocol/base/assert.h"
#include "protocol/record/record_reader.h"
#include "storage/log/batch_scanner.h"

namespace storage {
namespace {

using base::Fault;
using base::Result;

/// Enough for the batches between two index entries, most of the time.
constexpr std::size_t kSmallPiece = 8192;
/// A record that is larger is not searched for its time.
constexpr std::size_t kRecordBytesMax = std::size_t{256} << 20;

std::unexpected<base::Error> damaged(const SegmentData& data, std::uint64_t position) {
  return base::fail(Fault::corruption, fmt::format("no whole batch begins at position {} of {}",
                                                   position, data.path().string()));
}

}  // namespace

Result<std::uint64_t> LogView::position_of(const Part& part, base::Offset offset) const {
  const auto entry = TRY(part.offsets.last_where([&](const OffsetEntry& e) {
    return part.base_offset + e.relative_offset <= offset && std::cmp_less(e.position, part.size);
  }));
  const auto from = entry ? static_cast<std::uint64_t>(entry->position) : 0;
  const auto file = TRY(part.data->file());
  BatchScanner scanner(*file, from, part.size, kSmallPiece);
  while (const auto header = TRY(scanner.next_header())) {
    if (header->last_offset() >= offset) return scanner.position();
  }
  if (scanner.next_position() < part.size) return damaged(*part.data, scanner.next_position());
  return part.size;
}

Result<std::uint64_t> LogView::end_of_slice(const Part& part, std::uint64_t from,
                                            std::size_t bytes_max, bool at_least_one) const {
  if (part.size - from <= bytes_max) return part.size;
  // Index entries are borders of batches: the last one that fits cuts without reading the log.
  const auto entry = TRY(part.offsets.last_where([&](const OffsetEntry& e) {
    return static_cast<std::uint64_t>(e.position) <= from + bytes_max &&
           std::cmp_less(e.position, part.size);
  }));
  if (entry && std::cmp_greater(entry->position, from))
    return static_cast<std::uint64_t>(entry->position);
  const auto file = TRY(part.data->file());
  BatchScanner scanner(*file, from, part.size, kSmallPiece);
  auto end = from;
  while (const auto header = TRY(scanner.next_header())) {
    const bool first = end == from;
    if (scanner.next_position() - from > bytes_max && !(first && at_least_one)) return end;
    end = scanner.next_position();
  }
  if (end == from) return damaged(*part.data, from);
  return end;
}

Result<LogSlice> LogView::read(base::Offset from, std::size_t bytes_max, bool at_least_one) const {
  ASSERT(start_ <= from && from <= high_watermark_, "readers stay inside the log");
  if (from == high_watermark_) return LogSlice{};
  auto part = std::ranges::upper_bound(parts_, from, {}, &Part::base_offset);
  if (part != parts_.begin()) --part;
  for (; part != parts_.end(); ++part) {
    const auto begin = TRY(position_of(*part, from));
    if (begin == part->size) continue;  // A gap at the end of the segment, or nothing visible yet.
    const auto end = TRY(end_of_slice(*part, begin, bytes_max, at_least_one));
    auto bytes = TRY(part->data->bytes(begin, end - begin));
    return LogSlice{std::move(bytes), TRY(part->data->file()), begin};
  }
  return LogSlice{};
}

Result<std::optional<TimestampOffset>> LogView::find_time_in(const Part& part,
                                                             base::Timestamp target) const {
  // No record up to the entry's offset is as late as `target`: the search begins behind it.
  const auto entry =
      TRY(part.times.last_where([&](const TimeEntry& e) { return e.timestamp < target; }));
  std::uint64_t from = 0;
  if (entry) from = TRY(position_of(part, part.base_offset + entry->relative_offset));
  const auto file = TRY(part.data->file());
  BatchScanner scanner(*file, from, part.size);
  std::optional<TimestampOffset> found;
  while (const auto header = TRY(scanner.next_header())) {
    if (header->max_timestamp < target) continue;
    const auto batch = TRY(scanner.batch());
    TRY(record::each_record(batch, kRecordBytesMax, [&](const record::RecordView& record) {
      if (record.timestamp < target) return true;
      found = {record.timestamp, record.offset, header->leader_epoch};
      return false;
    }));
    if (found) return found->offset < high_watermark_ ? found : std::nullopt;
  }
  if (scanner.next_position() < part.size) return damaged(*part.data, scanner.next_position());
  return std::nullopt;
}

Result<std::optional<TimestampOffset>> LogView::find_time(base::Timestamp target) const {
  for (const auto& part : parts_) {
    if (part.max_timestamp < target) continue;
    const auto found = TRY(find_time_in(part, target));
    if (found) return found;
  }
  return std::nullopt;
}

Result<base::Timestamp> LogView::max_timestamp_of(const Part& part, bool last) const {
  // What is known of the last segment counts records above the high watermark too.
  if (!last) return part.max_timestamp;
  base::Timestamp most = -1;
  const auto file = TRY(part.data->file());
  BatchScanner scanner(*file, 0, part.size);
  while (const auto header = TRY(scanner.next_header()))
    most = std::max(most, header->max_timestamp);
  return most;
}

Result<std::optional<TimestampOffset>> LogView::find_max_timestamp() const {
  const Part* latest = nullptr;
  base::Timestamp most = -1;
  for (const auto& part : parts_) {
    const auto here = TRY(max_timestamp_of(part, &part == &parts_.back()));
    if (latest != nullptr && here <= most) continue;
    latest = &part;
    most = here;
  }
  if (latest == nullptr || most < 0) return std::nullopt;
  return find_time_in(*latest, most);
}

}  // namespace storage
