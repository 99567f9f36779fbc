#include "storage/log/segment.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <xxhash.h>

#include "protocol/base/assert.h"
#include "storage/log/log_files.h"

namespace storage {
namespace {

using record::BatchHeader;

/// Quiet partitions stay small: allocation begins here and doubles, in steps that a loop can wait
/// for (64 MiB: 20 us on ext4, 256 MiB: up to 4 ms).
constexpr std::uint64_t kFirstAllocation = std::uint64_t{1} << 20;
constexpr std::uint64_t kAllocationStepMax = std::uint64_t{64} << 20;
constexpr std::uint64_t kGrows = std::numeric_limits<std::uint64_t>::max();

/// A partition that needs longer for a segment can wait for its allocation, a step at a time.
constexpr std::int64_t kFastFillMs = std::int64_t{10} * 60 * 1000;

constexpr std::array<std::byte, BatchHeader::kSize> kTerminator{};

}  // namespace

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
                                                       base::Timestamp now) {
  std::unique_ptr<Segment> segment(new Segment(files, directory, base_offset));
  segment->file_ = TRY(files.open(segment->path_of(kLogSuffix), OpenMode::create_new));
  segment->data_ = std::make_shared<SegmentData>(files, segment->data_->path(), segment->file_);
  segment->begun_at_ = now;
  return segment;
}

base::Result<std::unique_ptr<Segment>> Segment::create_from(FileSystem& files,
                                                            const Path& directory,
                                                            base::Offset base_offset,
                                                            base::Timestamp now,
                                                            const PreparedFile& prepared) {
  std::unique_ptr<Segment> segment(new Segment(files, directory, base_offset));
  TRY(files.rename(prepared.path, segment->path_of(kLogSuffix)));
  segment->file_ = prepared.file;
  segment->data_ = std::make_shared<SegmentData>(files, segment->data_->path(), prepared.file);
  segment->allocated_ = prepared.bytes;
  segment->begun_at_ = now;
  return segment;
}

base::Result<std::unique_ptr<Segment>> Segment::open(FileSystem& files, const Path& directory,
                                                     base::Offset base_offset,
                                                     base::Timestamp now) {
  std::unique_ptr<Segment> segment(new Segment(files, directory, base_offset));
  segment->file_ = TRY(files.open(segment->path_of(kLogSuffix), OpenMode::read_write));
  segment->data_ = std::make_shared<SegmentData>(files, segment->data_->path(), segment->file_);
  segment->allocated_ = TRY(segment->file_->size());
  segment->begun_at_ = now;
  return segment;
}

base::Result<std::unique_ptr<Segment>> Segment::open_settled(FileSystem& files,
                                                             const Path& directory,
                                                             base::Offset base_offset,
                                                             std::uint64_t size) {
  std::unique_ptr<Segment> segment(new Segment(files, directory, base_offset));
  segment->size_ = size;
  segment->sealed_ = true;
  segment->settled_ = true;
  const auto offsets = look_at_index<OffsetEntry>(
      files, segment->path_of(kIndexSuffix), [](const auto& first, const auto& last) {
        return first.relative_offset < last.relative_offset && first.position < last.position;
      });
  const auto times = look_at_index<TimeEntry>(
      files, segment->path_of(kTimeIndexSuffix), [](const auto& first, const auto& last) {
        return first.timestamp < last.timestamp && first.relative_offset < last.relative_offset;
      });
  const bool usable = offsets && times && (times->last || size == 0) &&
                      (!offsets->last || (offsets->last->position >= 0 &&
                                          std::cmp_less(offsets->last->position, size)));
  if (!usable) return base::fail(base::Fault::missing, "the indexes must be rebuilt");
  segment->offset_count_ = offsets->count;
  segment->time_count_ = times->count;
  if (times->last) segment->max_timestamp_ = times->last->timestamp;
  return segment;
}

IndexView<OffsetEntry> Segment::offset_index() const {
  if (!settled_) return IndexView<OffsetEntry>(offsets_.snapshot());
  return {files_, path_of(kIndexSuffix), offset_count_};
}

IndexView<TimeEntry> Segment::time_index() const {
  if (!settled_) return IndexView<TimeEntry>(times_.snapshot());
  return {files_, path_of(kTimeIndexSuffix), time_count_};
}

IndexContents Segment::index_contents() const {
  ASSERT(!settled_, "the indexes of a settled segment are in its files");
  IndexContents contents{.offsets = offsets_.snapshot(), .times = times_.snapshot()};
  const auto known = times_.empty() ? base::Timestamp{-1} : times_.back().timestamp;
  if (max_timestamp_ > known)
    contents.last_time = {max_timestamp_,
                          static_cast<std::int32_t>(max_timestamp_offset_ - base_offset_)};
  return contents;
}

std::int64_t Segment::roll_ms(const config::LogConfig& config) const {
  // By chance, so that segments begun together do not all end together; the same after a restart.
  if (config.segment_jitter_ms <= 0) return config.segment_ms;
  const auto name = path_of(kLogSuffix).string();
  const auto jitter =
      XXH3_64bits(name.data(), name.size()) % static_cast<std::uint64_t>(config.segment_jitter_ms);
  return config.segment_ms - std::min(static_cast<std::int64_t>(jitter), config.segment_ms);
}

bool Segment::must_roll_before(const BatchHeader& next, const Ahead& ahead, base::Timestamp now,
                               const config::LogConfig& config) const {
  if (size_ + ahead.bytes == 0) return false;
  const auto segment_bytes = static_cast<std::uint64_t>(config.segment_bytes);
  if (size_ + ahead.bytes + next.total_size() > segment_bytes) return true;
  if (next.last_offset() - base_offset_ > std::numeric_limits<std::int32_t>::max()) return true;
  // Each batch ahead may bring an entry.
  const auto index_bytes = static_cast<std::size_t>(config.segment_index_bytes);
  const auto more = ahead.batches + 1;
  if ((offsets_.size() + more) * OffsetEntry::kSize > index_bytes ||
      (times_.size() + more) * TimeEntry::kSize > index_bytes)
    return true;
  if (size_ == 0) return false;
  // Record time decides, so that replicas and rewrites roll alike; the clock where there is none.
  if (first_timestamp_ < 0) return now - begun_at_ > roll_ms(config);
  return next.max_timestamp >= 0 && next.max_timestamp - first_timestamp_ > roll_ms(config);
}

bool Segment::fills_fast(base::Timestamp now, const config::LogConfig& config) const {
  const auto whole = static_cast<std::uint64_t>(config.segment_bytes);
  return allocated_ != kGrows && whole > kFirstAllocation && size_ >= whole / 4 * 3 &&
         now - begun_at_ < kFastFillMs;
}

base::Result<> Segment::allocate(std::uint64_t target) {
  auto allocated = file_->allocate(target);
  if (allocated) {
    allocated_ = target;
  } else if (allocated.error().fault == base::Fault::unsupported) {
    allocated_ = kGrows;
  } else {
    return allocated;
  }
  return {};
}

base::Result<> Segment::reserve(std::uint64_t bytes, const config::LogConfig& config) {
  const auto needed = size_ + bytes;
  if (allocated_ == kGrows || needed <= allocated_) return {};
  const auto before = allocated_;
  const auto doubled = std::clamp(2 * before, kFirstAllocation, before + kAllocationStepMax);
  const auto most = static_cast<std::uint64_t>(config.segment_bytes);
  auto allocated = allocate(std::max(needed, std::min(doubled, most)));
  if (allocated || allocated.error().fault != base::Fault::full) return allocated;
  // What there is may be enough for this; a failed allocation can leave part of it behind.
  TRY(file_->truncate(before));
  return allocate(needed);
}

base::Result<> Segment::append(std::span<const StampedBatch> batches,
                               const config::LogConfig& config) {
  ASSERT(!sealed_, "a sealed segment does not change");
  std::uint64_t bytes = 0;
  for (const auto& batch : batches) bytes += batch.header.total_size();
  TRY(reserve(bytes, config));
  std::vector<base::BytesView> pieces;
  pieces.reserve(2 * batches.size() + 1);
  for (const auto& batch : batches) {
    pieces.emplace_back(batch.head);
    pieces.push_back(batch.records);
  }
  if (allocated_ != kGrows) {
    const auto room = allocated_ - size_ - bytes;
    pieces.push_back(
        base::BytesView(kTerminator).first(std::min<std::size_t>(kTerminator.size(), room)));
  }
  if (auto written = file_->write_at(size_, pieces); !written)
    return take_back(std::move(written).error());
  for (const auto& batch : batches) note_batch(batch.header, size_, config.index_interval_bytes);
  return {};
}

/// A part of what could not be written may be in the file: it must never be taken for batches.
base::Result<> Segment::take_back(base::Error error) {
  if (error.fault == base::Fault::full) {
    if (auto cut = trim(); !cut) error = {base::Fault::io, std::move(cut).error().detail};
  }
  return std::unexpected(std::move(error));
}

void Segment::note_batch(const BatchHeader& header, std::uint64_t position,
                         std::int32_t index_interval_bytes) {
  ASSERT(position == size_, "batches follow one another");
  if (size_ == 0) first_timestamp_ = header.max_timestamp;
  if (header.max_timestamp > max_timestamp_) {
    max_timestamp_ = header.max_timestamp;
    max_timestamp_offset_ = header.last_offset();
  }
  if (bytes_since_entry_ > static_cast<std::uint64_t>(std::max(index_interval_bytes, 0))) {
    offsets_.push_back({static_cast<std::int32_t>(header.last_offset() - base_offset_),
                        static_cast<std::int32_t>(position)});
    if (const auto last_time = index_contents().last_time) times_.push_back(*last_time);
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

void Segment::seal() {
  ASSERT(!sealed_, "a segment is sealed once");
  sealed_ = true;
}

void Segment::settle(const IndexContents& contents) {
  ASSERT(sealed_ && !settled_, "a segment is settled once, after it was sealed");
  ASSERT(contents.offsets.size == offsets_.size(), "a sealed segment's index does not change");
  offset_count_ = contents.offsets.size;
  time_count_ = contents.times.size + (contents.last_time ? 1 : 0);
  settled_ = true;
  offsets_ = {};
  times_ = {};
  file_.reset();
}

}  // namespace storage
