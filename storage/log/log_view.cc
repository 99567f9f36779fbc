#include "storage/log/log_view.h"

#include <algorithm>

#include <fmt/format.h>

#include "protocol/base/assert.h"
#include "protocol/record/record_times.h"

namespace storage {
namespace {

using base::Fault;
using base::Result;
using record::BatchHeader;

/// Behind an index entry, where the headers up to the next one lie.
constexpr std::uint64_t kHeadersSpan = std::uint64_t{64} << 10;

std::unexpected<base::Error> damaged(const SegmentData& data, std::uint64_t position) {
  return base::fail(Fault::corruption, fmt::format("no whole batch begins at position {} of {}",
                                                   position, data.path().string()));
}

BatchScanner scan(const File& file, const LogView::Part& part, std::uint64_t from,
                  std::size_t piece = BatchScanner::kHeadersOnly) {
  return {file, part.base_offset, {.from = from, .end = part.size}, piece};
}

/// The entry's position, if the batch it speaks of begins there: an index is a cache, and one that
/// was damaged must cost time only.
Result<std::optional<std::uint64_t>> verified(const File& file, const LogView::Part& part,
                                              const std::optional<OffsetEntry>& entry) {
  if (!entry || entry->position < 0) return std::nullopt;
  const auto position = static_cast<std::uint64_t>(entry->position);
  auto scanner = scan(file, part, position, BatchHeader::kSize);
  const auto header = TRY(scanner.next_header());
  if (!header || header->last_offset() != part.base_offset + entry->relative_offset)
    return std::nullopt;
  return position;
}

}  // namespace

std::size_t LogView::part_with(base::Offset offset) const {
  if (offset >= last_.base_offset || count_ == 0) return count_;
  const std::span sealed(sealed_->data(), count_);
  const auto above = std::ranges::upper_bound(sealed, offset, {}, &Part::base_offset);
  return static_cast<std::size_t>(std::max<std::ptrdiff_t>(above - sealed.begin() - 1, 0));
}

Result<std::uint64_t> LogView::position_of(const Part& part, base::Offset offset) const {
  const auto entry = TRY(part.offsets.last_where([&](const OffsetEntry& e) {
    return part.base_offset + e.relative_offset <= offset && std::cmp_less(e.position, part.size);
  }));
  const auto file = TRY(part.data->file());
  const auto from = TRY(verified(*file, part, entry)).value_or(0);
  auto scanner = scan(*file, part, from);
  while (const auto header = TRY(scanner.next_header())) {
    if (header->last_offset() >= offset) return scanner.position();
  }
  if (scanner.next_position() < part.size) return damaged(*part.data, scanner.next_position());
  return part.size;
}

Result<std::uint64_t> LogView::end_of_slice(const Part& part, std::uint64_t from,
                                            std::size_t bytes_max, bool at_least_one) const {
  if (part.size - from <= bytes_max) return part.size;
  const auto file = TRY(part.data->file());
  // Index entries are borders of batches: the last one that fits cuts without reading the log.
  const auto entry = TRY(part.offsets.last_where([&](const OffsetEntry& e) {
    return std::cmp_less_equal(e.position, from + bytes_max) &&
           std::cmp_less(e.position, part.size);
  }));
  const auto border = TRY(verified(*file, part, entry));
  if (border && *border > from) return *border;
  auto scanner = scan(*file, part, from);
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
  for (auto i = part_with(from); i < parts(); ++i) {
    const auto& where = part(i);
    const auto begin = TRY(position_of(where, from));
    if (begin == where.size) continue;  // A gap at the end of the segment.
    const auto end = TRY(end_of_slice(where, begin, bytes_max, at_least_one));
    auto bytes = TRY(where.data->bytes(begin, end - begin));
    return LogSlice{std::move(bytes), TRY(where.data->file()), begin};
  }
  return LogSlice{};
}

bool LogView::may_block(base::Offset from) const {
  if (from >= high_watermark_) return false;
  if (part_with(from) < count_) return true;
  const auto entry = last_.offsets.last_where([&](const OffsetEntry& e) {
    return last_.base_offset + e.relative_offset <= from && std::cmp_less(e.position, last_.size);
  });
  const auto file = last_.data->file();
  if (!entry || !file) return true;  // read() says why.
  const auto at = *entry ? static_cast<std::uint64_t>((*entry)->position) : 0;
  return !(*file)->resident(at, std::min(kHeadersSpan, last_.size - at));
}

Result<> LogView::each_header(base::Offset from,
                              const std::function<void(const BatchHeader&)>& visit) const {
  for (auto i = part_with(from); i < parts(); ++i) {
    const auto& where = part(i);
    const auto file = TRY(where.data->file());
    const auto begin = TRY(position_of(where, from));
    auto scanner = scan(*file, where, begin);
    while (const auto header = TRY(scanner.next_header())) visit(*header);
    if (scanner.next_position() < where.size) return damaged(*where.data, scanner.next_position());
  }
  return {};
}

/// A border of batches, in front of which every record is earlier than `target`.
Result<std::uint64_t> LogView::position_before_time(const Part& part,
                                                    base::Timestamp target) const {
  const auto entry =
      TRY(part.times.last_where([&](const TimeEntry& e) { return e.timestamp < target; }));
  if (!entry) return 0;
  return position_of(part, part.base_offset + entry->relative_offset);
}

Result<std::optional<TimestampOffset>> LogView::find_time_in(const Part& part,
                                                             base::Timestamp target,
                                                             base::Offset least) const {
  const auto from = TRY(position_before_time(part, target));
  const auto file = TRY(part.data->file());
  auto scanner = scan(*file, part, from);
  while (const auto header = TRY(scanner.next_header())) {
    if (header->max_timestamp < target || header->last_offset() < least) continue;
    const auto batch = TRY(scanner.batch());
    const auto found = TRY(record::first_record_since(batch, target, least));
    if (found) return TimestampOffset{found->timestamp, found->offset, header->leader_epoch};
  }
  if (scanner.next_position() < part.size) return damaged(*part.data, scanner.next_position());
  return std::nullopt;
}

Result<std::optional<TimestampOffset>> LogView::find_time(base::Timestamp target) const {
  for (std::size_t i = 0; i < parts(); ++i) {
    if (part(i).max_timestamp < target) continue;
    const auto found = TRY(find_time_in(part(i), target, start_));
    if (found) return found;
  }
  return std::nullopt;
}

Result<base::Timestamp> LogView::max_timestamp_of(const Part& part) const {
  if (part.whole) return part.max_timestamp;
  // What is known of the segment counts records above the high watermark too.
  const auto entry = TRY(part.times.last_where(
      [&](const TimeEntry& e) { return part.base_offset + e.relative_offset < high_watermark_; }));
  base::Timestamp most = -1;
  std::uint64_t from = 0;
  if (entry) from = TRY(position_of(part, part.base_offset + entry->relative_offset));
  const auto file = TRY(part.data->file());
  auto scanner = scan(*file, part, from);
  while (const auto header = TRY(scanner.next_header()))
    most = std::max(most, header->max_timestamp);
  if (scanner.next_position() < part.size) return damaged(*part.data, scanner.next_position());
  return most;
}

Result<std::optional<TimestampOffset>> LogView::find_max_timestamp() const {
  const Part* latest = nullptr;
  base::Timestamp most = -1;
  for (std::size_t i = 0; i < parts(); ++i) {
    const auto here = TRY(max_timestamp_of(part(i)));
    if (here <= most) continue;
    latest = &part(i);
    most = here;
  }
  if (latest == nullptr) return std::nullopt;
  // As in Kafka also where that record lies below the start, in a segment that is still there.
  return find_time_in(*latest, most, 0);
}

}  // namespace storage
