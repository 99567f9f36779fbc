#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "storage/file/file_system.h"
#include "storage/log/growing_array.h"

namespace storage {

/// One entry of `NNN.index`: the batch whose last offset is base + `relative_offset` begins at
/// `position`. Source: Kafka's OffsetIndex.
struct OffsetEntry {
  static constexpr std::size_t kSize = 8;
  std::int32_t relative_offset = 0;
  std::int32_t position = 0;

  void store(std::byte* to) const;
  static OffsetEntry load(const std::byte* from);
  friend bool operator==(const OffsetEntry&, const OffsetEntry&) = default;
};

/// One entry of `NNN.timeindex`: no record up to base + `relative_offset` is later than
/// `timestamp`. Source: Kafka's TimeIndex.
struct TimeEntry {
  static constexpr std::size_t kSize = 12;
  base::Timestamp timestamp = -1;
  std::int32_t relative_offset = 0;

  void store(std::byte* to) const;
  static TimeEntry load(const std::byte* from);
  friend bool operator==(const TimeEntry&, const TimeEntry&) = default;
};

/// A sorted run of entries for readers: in memory for the active segment, in the file for a sealed
/// one, which is opened for each search and read with pread, so that thousands of cold segments
/// cost neither memory nor descriptors.
///
/// Thread: any.
template <class Entry>
class IndexView {
 public:
  IndexView() = default;
  explicit IndexView(typename GrowingArray<Entry>::Snapshot entries)
      : entries_(std::move(entries)), count_(entries_.size) {}
  IndexView(FileSystem& files, Path path, std::size_t count)
      : files_(&files), path_(std::move(path)), count_(count) {}

  /// The last entry for which `before(entry)` holds; nothing if there is none. `before` must hold
  /// for a front part of the entries and for none behind it.
  template <class Before>
  base::Result<std::optional<Entry>> last_where(Before before) const {
    std::shared_ptr<const File> file;
    if (files_ != nullptr && count_ > 0) file = TRY(files_->open(path_, OpenMode::read));
    std::size_t low = 0;
    std::size_t high = count_;
    std::optional<Entry> found;
    while (low < high) {
      const auto middle = low + (high - low) / 2;
      const auto entry = TRY(at(file.get(), middle));
      if (before(entry)) {
        found = entry;
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return found;
  }

  std::size_t size() const { return count_; }

 private:
  base::Result<Entry> at(const File* file, std::size_t i) const {
    if (file == nullptr) return entries_.items()[i];
    std::byte bytes[Entry::kSize];
    const auto got = TRY(file->read_at(i * Entry::kSize, bytes));
    if (got != sizeof bytes)
      return base::fail(base::Fault::corruption, path_.string() + " is shorter than it was");
    return Entry::load(bytes);
  }

  typename GrowingArray<Entry>::Snapshot entries_;
  FileSystem* files_ = nullptr;
  Path path_;
  std::size_t count_ = 0;
};

/// What the index files of a segment must say at one moment. Copies are cheap: the entries are
/// shared with the segment that goes on.
///
/// Thread: any.
struct IndexContents {
  GrowingArray<OffsetEntry>::Snapshot offsets;
  GrowingArray<TimeEntry>::Snapshot times;
  /// Kafka closes a time index with the segment's largest timestamp
  /// (LogSegment.onBecomeInactiveSegment); nothing if `times` ends with it.
  std::optional<TimeEntry> last_time;

  std::vector<std::byte> offset_bytes() const;
  std::vector<std::byte> time_bytes() const;
};

/// How an index file ends, without reading what is before.
template <class Entry>
struct IndexEnd {
  std::size_t count = 0;
  std::optional<Entry> last;
};

/// Nothing if there is no such file or it cannot be an index: not a whole number of entries, or its
/// last one is not behind its first by `grows` (Kafka's files end in zeros after a crash).
template <class Entry, class Grows>
std::optional<IndexEnd<Entry>> look_at_index(FileSystem& files, const Path& path, Grows grows) {
  const auto file = files.open(path, OpenMode::read);
  if (!file) return std::nullopt;
  const auto size = (*file)->size();
  if (!size || *size % Entry::kSize != 0) return std::nullopt;
  IndexEnd<Entry> end{.count = static_cast<std::size_t>(*size / Entry::kSize)};
  if (end.count == 0) return end;
  std::byte bytes[Entry::kSize];
  const auto entry_at = [&](std::uint64_t at) -> std::optional<Entry> {
    const auto got = (*file)->read_at(at, bytes);
    if (!got || *got != sizeof bytes) return std::nullopt;
    return Entry::load(bytes);
  };
  const auto first = entry_at(0);
  end.last = entry_at(*size - Entry::kSize);
  if (!first || !end.last || (end.count > 1 && !grows(*first, *end.last))) return std::nullopt;
  return end;
}

/// Reads an index file as far as its entries grow and fit what `fits` says; what follows is not
/// trusted. Nothing if there is no such file or it is not a whole number of entries.
template <class Entry, class Fits>
std::optional<std::vector<Entry>> read_index(FileSystem& files, const Path& path, Fits fits) {
  const auto file = files.open(path, OpenMode::read);
  if (!file) return std::nullopt;
  const auto size = (*file)->size();
  if (!size || *size % Entry::kSize != 0) return std::nullopt;
  std::vector<std::byte> bytes(*size);
  const auto got = (*file)->read_at(0, bytes);
  if (!got || *got != bytes.size()) return std::nullopt;
  std::vector<Entry> entries;
  for (std::size_t at = 0; at < bytes.size(); at += Entry::kSize) {
    const auto entry = Entry::load(bytes.data() + at);
    if (!fits(entries.empty() ? nullptr : &entries.back(), entry)) break;
    entries.push_back(entry);
  }
  return entries;
}

}  // namespace storage
