#include "storage/log/segment.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "protocol/base/assert.h"
#include "storage/log/batch_scanner.h"

namespace storage {
namespace {

using record::BatchHeader;

/// Quiet partitions stay small: allocation begins here and doubles up to segment.bytes.
constexpr std::uint64_t kFirstAllocation = std::uint64_t{1} << 20;
constexpr std::uint64_t kGrows = std::numeric_limits<std::uint64_t>::max();

base::Result<> write_new(FileSystem& files, const Path& path, base::BytesView bytes) {
  const auto file = TRY(files.open(path, OpenMode::create_or_open));
  TRY(file->truncate(0));
  return file->write_at(0, bytes);
}

}  // namespace

std::string file_name(base::Offset offset, std::string_view suffix) {
  return fmt::format("{:020d}{}", offset, suffix);
}

Segment::Segment(FileSystem& files, Path directory, base::Offset base_offset)
    : files_(files),
      directory_(std::move(directory)),
      base_offset_(base_offset),
      data_(std::make_shared<SegmentData>(files, path_of(kLogSuffix))) {}

Path Segment::path_of(std::string_view suffix) const {
  return directory_ / file_name(base_offset_, suffix);
}

base::Result<std::unique_ptr<Segment>> Segment::create(FileSystem& files, const Path& directory,
                                                       base::Offset base_offset,
                                                       std::uint64_t bytes_at_once) {
  std::unique_ptr<Segment> segment(new Segment(files, directory, base_offset));
  const auto path = segment->path_of(kLogSuffix);
  segment->file_ = TRY(files.open(path, OpenMode::create_new));
  const auto allocated = segment->file_->allocate(bytes_at_once);
  if (allocated) {
    segment->allocated_ = bytes_at_once;
  } else if (allocated.error().fault == base::Fault::unsupported) {
    segment->allocated_ = kGrows;
  } else {
    // The name must be free for the next attempt, when there may be room again.
    const auto removed = files.remove(path);
    if (!removed) return std::unexpected(removed.error());
    return std::unexpected(allocated.error());
  }
  return segment;
}

base::Result<std::unique_ptr<Segment>> Segment::open_active(FileSystem& files,
                                                            const Path& directory,
                                                            base::Offset base_offset,
                                                            std::uint64_t size) {
  std::unique_ptr<Segment> segment(new Segment(files, directory, base_offset));
  segment->file_ = TRY(files.open(segment->path_of(kLogSuffix), OpenMode::read_write));
  segment->size_ = size;
  segment->allocated_ = TRY(segment->file_->size());
  return segment;
}

base::Result<std::unique_ptr<Segment>> Segment::open_sealed(FileSystem& files,
                                                            const Path& directory,
                                                            base::Offset base_offset,
                                                            std::uint64_t size) {
  std::unique_ptr<Segment> segment(new Segment(files, directory, base_offset));
  segment->size_ = size;
  segment->sealed_ = true;
  const auto grow = [](const auto* before, const auto& entry) {
    return before == nullptr || before->relative_offset < entry.relative_offset;
  };
  const auto offsets = read_index<OffsetEntry>(files, segment->path_of(kIndexSuffix), grow);
  const auto times = read_index<TimeEntry>(
      files, segment->path_of(kTimeIndexSuffix), [](const auto* before, const auto& entry) {
        return before == nullptr || before->timestamp < entry.timestamp;
      });
  const bool usable = offsets && times && !times->empty() &&
                      (offsets->empty() ||
                       std::cmp_less(offsets->back().position, std::max<std::uint64_t>(size, 1)));
  if (!usable) return base::fail(base::Fault::missing, "the indexes must be rebuilt");
  segment->offset_count_ = offsets->size();
  segment->time_count_ = times->size();
  segment->max_timestamp_ = times->back().timestamp;
  segment->max_timestamp_offset_ = base_offset + times->back().relative_offset;
  return segment;
}

IndexView<OffsetEntry> Segment::offset_index() const {
  if (!sealed_) return IndexView<OffsetEntry>(offsets_.snapshot());
  return {files_, path_of(kIndexSuffix), offset_count_};
}

IndexView<TimeEntry> Segment::time_index() const {
  if (!sealed_) return IndexView<TimeEntry>(times_.snapshot());
  return {files_, path_of(kTimeIndexSuffix), time_count_};
}

bool Segment::must_roll_before(const BatchHeader& next, base::Offset next_offset,
                               const config::LogConfig& config) const {
  if (size_ == 0) return false;
  const auto last_offset = next_offset + next.last_offset_delta;
  if (size_ + next.total_size() > static_cast<std::uint64_t>(config.segment_bytes)) return true;
  if (last_offset - base_offset_ > std::numeric_limits<std::int32_t>::max()) return true;
  const bool index_full =
      offsets_.size() * OffsetEntry::kSize + OffsetEntry::kSize >
          static_cast<std::size_t>(config.segment_index_bytes) ||
      (times_.size() + 1) * TimeEntry::kSize > static_cast<std::size_t>(config.segment_index_bytes);
  return index_full || expired(next.max_timestamp, config);
}

bool Segment::expired(base::Timestamp now, const config::LogConfig& config) const {
  if (size_ == 0 || now < 0 || first_timestamp_ < 0) return false;
  return now - first_timestamp_ >
         config.segment_ms - std::min(config.segment_jitter_ms, config.segment_ms);
}

base::Result<> Segment::reserve(std::uint64_t bytes, const config::LogConfig& config) {
  const auto needed = size_ + bytes;
  if (allocated_ == kGrows || needed <= allocated_) return {};
  const auto most = static_cast<std::uint64_t>(config.segment_bytes);
  const auto doubled = std::max(kFirstAllocation, 2 * allocated_);
  const auto target = std::max(needed, std::min(doubled, most));
  const auto allocated = file_->allocate(target);
  if (allocated) {
    allocated_ = target;
  } else if (allocated.error().fault == base::Fault::unsupported) {
    allocated_ = kGrows;
  } else {
    return allocated;
  }
  return {};
}

base::Result<> Segment::append(std::span<const StampedBatch> batches,
                               const config::LogConfig& config) {
  ASSERT(!sealed_, "a sealed segment does not change");
  std::uint64_t bytes = 0;
  for (const auto& batch : batches) bytes += batch.header.total_size();
  TRY(reserve(bytes, config));
  std::vector<base::BytesView> pieces;
  pieces.reserve(2 * batches.size());
  for (const auto& batch : batches) {
    pieces.emplace_back(batch.head);
    pieces.push_back(batch.records);
  }
  TRY(file_->write_at(size_, pieces));
  for (const auto& batch : batches) note_batch(batch.header, size_, config.index_interval_bytes);
  return {};
}

void Segment::note_batch(const BatchHeader& header, std::uint64_t position,
                         std::int32_t index_interval_bytes) {
  ASSERT(position == size_, "batches follow one another");
  if (size_ == 0) first_timestamp_ = header.max_timestamp;
  if (header.max_timestamp > max_timestamp_) {
    max_timestamp_ = header.max_timestamp;
    max_timestamp_offset_ = header.last_offset();
  }
  if (bytes_since_entry_ > static_cast<std::uint64_t>(index_interval_bytes)) {
    offsets_.push_back({static_cast<std::int32_t>(header.last_offset() - base_offset_),
                        static_cast<std::int32_t>(position)});
    if (times_.empty() || times_.back().timestamp < max_timestamp_)
      times_.push_back(
          {max_timestamp_, static_cast<std::int32_t>(max_timestamp_offset_ - base_offset_)});
    bytes_since_entry_ = 0;
  }
  bytes_since_entry_ += header.total_size();
  size_ += header.total_size();
}

void Segment::adopt_index(std::span<const OffsetEntry> offsets, std::span<const TimeEntry> times,
                          const Adopted& adopted) {
  ASSERT(offsets_.empty() && size_ == 0, "indexes are taken over before anything else");
  for (const auto& entry : offsets) offsets_.push_back(entry);
  for (const auto& entry : times) times_.push_back(entry);
  size_ = adopted.size;
  first_timestamp_ = adopted.first_timestamp;
  bytes_since_entry_ = std::numeric_limits<std::uint32_t>::max();
  if (times_.empty()) return;
  max_timestamp_ = times_.back().timestamp;
  max_timestamp_offset_ = base_offset_ + times_.back().relative_offset;
}

base::Result<> Segment::trim() {
  TRY(file_->truncate(size_));
  if (allocated_ != kGrows) allocated_ = size_;
  return {};
}

base::Result<> Segment::seal() {
  ASSERT(!sealed_, "a segment is sealed once");
  TRY(trim());
  const auto offsets = offset_index_bytes();
  const auto times = time_index_bytes();
  TRY(write_new(files_, path_of(kIndexSuffix), offsets));
  TRY(write_new(files_, path_of(kTimeIndexSuffix), times));
  offset_count_ = offsets.size() / OffsetEntry::kSize;
  time_count_ = times.size() / TimeEntry::kSize;
  sealed_ = true;
  offsets_ = {};
  times_ = {};
  return {};
}

std::vector<std::byte> Segment::offset_index_bytes() const {
  return index_bytes<OffsetEntry>(offsets_.items());
}

std::vector<std::byte> Segment::time_index_bytes() const {
  auto entries = std::vector<TimeEntry>(times_.items().begin(), times_.items().end());
  // Kafka closes a time index with the segment's largest timestamp (LogSegment.onBecomeInactive).
  if (size_ > 0 && (entries.empty() || entries.back().timestamp < max_timestamp_))
    entries.push_back(
        {max_timestamp_, static_cast<std::int32_t>(max_timestamp_offset_ - base_offset_)});
  return index_bytes<TimeEntry>(entries);
}

}  // namespace storage
