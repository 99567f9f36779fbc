#include "storage/log/log_loader.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "storage/file/checkpoint_file.h"
#include "storage/log/batch_scanner.h"
#include "storage/log/log_files.h"
#include "storage/log/segment_checksum.h"

namespace storage {
namespace {

using base::Fault;
using base::Result;
using record::BatchHeader;

constexpr std::size_t kSmallFileMax = std::size_t{64} << 20;
/// Whole windows of 18 million producers: more than a partition's memory holds, as it is several
/// times as large there.
constexpr std::size_t kSnapshotMax = std::size_t{4} << 30;
/// Four bytes for each batch of at least 61 in a segment of at most 2 GiB, and a head.
constexpr std::size_t kChecksumFileMax = std::size_t{160} << 20;

}  // namespace

Result<std::unique_ptr<Log>> Log::open(FileSystem& files, Path directory,
                                       const config::LogConfig& config, const LogOpening& opening,
                                       RecoveryReport& report) {
  return LogLoader(files, std::move(directory), config, opening, report).load();
}

Result<std::unique_ptr<Log>> LogLoader::load() {
  log_.reset(new Log(files_, directory_, config_));
  TRY(list());
  TRY(load_epochs());
  TRY(load_segments());
  auto& log = *log_;
  TRY(find_start());
  log.durable_end_ = log.end_;
  log.high_watermark_ = log.end_;
  log.visible_end_ = {log.end_, log.active().base_offset(), log.active().size()};
  for (const auto& segment : log.segments_) log.size_bytes_ += segment->size();
  if (epochs_lost_) TRY(rebuild_epochs());
  // Where records were visible before they were synced, any number may be gone without a trace.
  const bool lost_unseen = !opening_.clean && config_.flush_messages != 1;
  if (cut_)
    TRY(cut());
  else if (lost_unseen || (epochs_lost_ && log.end_ > log.start_offset()))
    TRY(raise_epoch());
  TRY(load_producers());
  // Files made shortly before a crash may not be in the directory on disk yet.
  if (!opening_.clean || directory_changed_) TRY(files_.sync_directory(directory_));
  return std::move(log_);
}

Result<> LogLoader::list() {
  for (const auto& name : TRY(files_.list(directory_))) {
    if (const auto base_offset = offset_in_name(name, kLogSuffix)) {
      bases_.push_back(*base_offset);
    } else if (const auto at = offset_in_name(name, kSnapshotSuffix)) {
      snapshots_.push_back(*at);
    } else if (const auto of = offset_in_name(name, kChecksumSuffix)) {
      checksums_.insert(*of);
    } else if (name == kPreparedFile || name.ends_with(".tmp")) {
      TRY(remove(name));  // Never had a name under which anything in it counted.
    }
  }
  if (bases_.empty()) return begin_anew();
  // Below the start everything was given up; a stop may have come before its files were removed.
  const auto next = std::ranges::upper_bound(bases_, opening_.start_offset);
  if (next == bases_.begin()) return {};
  for (auto gone = bases_.begin(); gone != std::prev(next); ++gone) TRY(remove_segment(*gone));
  bases_.erase(bases_.begin(), std::prev(next));
  return {};
}

Result<> LogLoader::remove_segment(base::Offset base_offset) {
  for (const auto suffix : kSegmentSuffixes) {
    const auto removed = remove(file_name(base_offset, suffix));
    if (!removed && removed.error().fault != Fault::missing)
      return std::unexpected(removed.error());
  }
  checksums_.erase(base_offset);
  return {};
}

Result<> LogLoader::begin_anew() {
  // A crash in Log::create() leaves a directory without a segment: nothing was acknowledged in it.
  if (opening_.recovery_point > 0 || opening_.start_offset > 0)
    return base::fail(
        Fault::corruption,
        fmt::format("{} has no segment, but records up to offset {} were synced in "
                    "it. Put its files back",
                    directory_.string(), std::max(opening_.recovery_point, opening_.start_offset)));
  const auto segment = TRY(Segment::create(files_, directory_, 0, opening_.now));
  TRY(segment->file()->sync());
  directory_changed_ = true;
  bases_.push_back(0);
  return {};
}

Result<> LogLoader::load_epochs() {
  const auto text = read_text_file(files_, directory_ / kLeaderEpochFile, kSmallFileMax);
  if (text) {
    auto epochs = LeaderEpochs::parse(*text);
    if (!epochs && epochs.error().fault == Fault::unsupported)
      return std::unexpected(epochs.error());
    if (epochs) log_->epochs_ = std::move(*epochs);
  } else if (text.error().fault != Fault::missing && text.error().fault != Fault::corruption) {
    return std::unexpected(text.error());
  }
  epochs_lost_ = log_->epochs_.empty();
  if (!epochs_lost_) log_->leader_epoch_ = log_->epochs_.latest()->epoch;
  return {};
}

Result<> LogLoader::load_segments() {
  if (bases_.front() > opening_.start_offset)
    return base::fail(
        Fault::corruption,
        fmt::format("{}, or a segment that begins earlier, is missing: the first one is that of "
                    "offset {}, and the log begins at {}. Nothing was changed; put its files back",
                    (directory_ / file_name(opening_.start_offset, kLogSuffix)).string(),
                    bases_.front(), opening_.start_offset));
  for (std::size_t i = 0; i < bases_.size() && !cut_; ++i) {
    const auto base_offset = bases_[i];
    const auto next_base =
        i + 1 < bases_.size() ? std::optional(bases_[i + 1]) : std::optional<base::Offset>();
    if (next_base && (opening_.clean || *next_base < opening_.recovery_point))
      TRY(load_settled(base_offset, *next_base));
    else
      TRY(verify(base_offset, next_base));
  }
  return {};
}

Result<> LogLoader::find_start() {
  auto& log = *log_;
  if (opening_.start_offset > log.end_)
    return base::fail(
        Fault::corruption,
        fmt::format("{} ends at offset {}, and what is below {} was given up: records "
                    "that were synced are gone. Restore its files from a copy",
                    directory_.string(), log.end_, opening_.start_offset));
  log.start_ = opening_.start_offset;
  log.epochs_.truncate_from_start(log.start_);
  return {};
}

Result<> LogLoader::load_settled(base::Offset base_offset, base::Offset next_base) {
  const auto path = directory_ / file_name(base_offset, kLogSuffix);
  const auto file = TRY(files_.open(path, OpenMode::read));
  const auto size = TRY(file->size());
  TRY(check_size(base_offset, size));
  log_->end_ = next_base;
  auto segment = Segment::open_settled(files_, directory_, base_offset, size);
  if (!segment && segment.error().fault != Fault::missing)
    return std::unexpected(std::move(segment).error());
  // Else the index or the records are damaged: going through all batches tells which.
  if (!segment || TRY(indexed_end(*file, **segment)) != next_base)
    return rebuild_index(base_offset, next_base, size);
  log_->segments_.push_back(*std::move(segment));
  return {};
}

/// A settled segment is never written to again, so it is as long as when its checksum was made.
Result<> LogLoader::check_size(base::Offset base_offset, std::uint64_t size) {
  if (!checksums_.contains(base_offset)) return {};
  const auto path = directory_ / file_name(base_offset, kChecksumSuffix);
  const auto file = TRY(files_.open(path, OpenMode::read));
  const auto expected = SegmentChecksum::segment_bytes(*file);
  if (expected && *expected == size) return {};
  const auto bytes = read_file(files_, path, kChecksumFileMax);
  const auto sum = bytes ? SegmentChecksum::parse(*bytes)
                         : Result<SegmentChecksum>(std::unexpected(bytes.error()));
  if (!sum) {
    report_.notes.push_back(
        fmt::format("the checksum of segment {} was ignored: {}", base_offset, sum.error().detail));
    return {};
  }
  return base::fail(
      Fault::corruption,
      fmt::format("{} has {} bytes, and {} when it was synced: the disk has damaged "
                  "it, or somebody cut it. Nothing was changed; restore the file "
                  "from a copy",
                  (directory_ / file_name(base_offset, kLogSuffix)).string(), size, sum->bytes));
}

/// The offset behind the last batch, found from the last index entry on; -1 where the batches do
/// not go on to the end of the file from there.
Result<base::Offset> LogLoader::indexed_end(const File& file, const Segment& segment) {
  const auto last = TRY(segment.offset_index().last_where([](const OffsetEntry&) { return true; }));
  const auto from = last ? static_cast<std::uint64_t>(last->position) : 0;
  BatchScanner scanner(file, segment.base_offset(), {.from = from, .end = segment.size()},
                       BatchScanner::kHeadersOnly);
  base::Offset end = segment.base_offset();
  while (const auto header = TRY(scanner.next_header())) end = header->next_offset();
  return scanner.next_position() == segment.size() ? end : -1;
}

/// Compaction will leave segments that end before the next one begins; then "not behind it" is all
/// that may be asked here and in load_settled().
Result<> LogLoader::rebuild_index(base::Offset base_offset, base::Offset next_base,
                                  std::uint64_t size) {
  auto segment = TRY(Segment::open(files_, directory_, base_offset, opening_.now));
  BatchScanner scanner(*segment->file(), base_offset, {.end = size}, BatchScanner::kHeadersOnly);
  auto end = base_offset;
  while (const auto header = TRY(scanner.next_header())) {
    segment->note_batch(*header, scanner.position(), config_.index_interval_bytes);
    end = header->next_offset();
  }
  if (segment->size() != size)
    return base::fail(Fault::corruption,
                      fmt::format("no whole batch begins at position {} of {}, which was synced "
                                  "long ago: the disk has damaged it. Restore the file from a copy",
                                  segment->size(), segment->data()->path().string()));
  if (end != next_base)
    return base::fail(
        Fault::corruption,
        fmt::format("{} ends at offset {}, and the next segment begins at {}: records "
                    "that were synced are gone. Nothing was changed; restore the "
                    "file from a copy, and put back what is missing behind it",
                    segment->data()->path().string(), end, next_base));
  report_.notes.push_back(fmt::format("the indexes of segment {} were rebuilt", base_offset));
  segment->seal();
  log_->segments_.push_back(std::move(segment));
  return {};
}

/// Goes through a segment that may have been written to when the broker stopped.
Result<> LogLoader::verify(base::Offset base_offset, std::optional<base::Offset> next_base) {
  log_->segments_.push_back(TRY(Segment::open(files_, directory_, base_offset, opening_.now)));
  auto& segment = log_->active();
  auto& file = *segment.file();
  if (!opening_.clean) {
    // What is served must be what the disk holds (DESIGN.md section 4).
    TRY(file.sync());
    TRY(file.drop_cache());
  }
  // It speaks of a segment that was whole; this one may be cut or appended to.
  if (checksums_.contains(base_offset)) TRY(remove(file_name(base_offset, kChecksumSuffix)));
  const auto size = TRY(file.size());
  log_->end_ = base_offset;
  TRY(adopt_indexes(segment, size));
  TRY(walk(segment, size, next_base.has_value()));
  TRY(check_end(segment, size, next_base));
  if (next_base && !cut_) segment.seal();
  return {};
}

/// Takes over what a checkpoint wrote of the indexes, as far as it fits the file, so that the walk
/// begins at the last entry below the recovery point. Index files are at least as new as the
/// recovery point, so they are complete below it.
Result<> LogLoader::adopt_indexes(Segment& segment, std::uint64_t size) {
  const auto base_offset = segment.base_offset();
  const auto trusted_end = opening_.clean ? INT64_MAX : opening_.recovery_point;
  const auto offsets = read_index<OffsetEntry>(
      files_, segment.path_of(kIndexSuffix), [&](const auto* before, const auto& entry) {
        const bool grows = before == nullptr || (before->relative_offset < entry.relative_offset &&
                                                 before->position < entry.position);
        return grows && entry.position >= 0 && entry.relative_offset >= 0 &&
               base_offset + entry.relative_offset < trusted_end &&
               std::cmp_less(entry.position, size);
      });
  if (!offsets || offsets->empty()) return {};
  const auto& last = offsets->back();
  const auto times = read_index<TimeEntry>(
      files_, segment.path_of(kTimeIndexSuffix), [&](const auto* before, const auto& entry) {
        const bool grows = before == nullptr || (before->timestamp < entry.timestamp &&
                                                 before->relative_offset < entry.relative_offset);
        return grows && entry.timestamp >= 0 && entry.relative_offset >= 0 &&
               entry.relative_offset < last.relative_offset;
      });
  const auto header_at = [&](std::uint64_t position) {
    return BatchScanner(*segment.file(), base_offset, {.from = position, .end = size},
                        BatchHeader::kSize)
        .next_header();
  };
  const auto first = TRY(header_at(0));
  const auto header = TRY(header_at(static_cast<std::uint64_t>(last.position)));
  if (!first || !times || !header || header->last_offset() != base_offset + last.relative_offset) {
    report_.notes.push_back(fmt::format("the indexes of segment {} were rebuilt", base_offset));
    return {};
  }
  // The last entry's own batch is noted again by the walk, with an entry of its own.
  segment.adopt_index(
      std::span(*offsets).first(offsets->size() - 1), *times,
      {.size = static_cast<std::uint64_t>(last.position), .first_timestamp = first->max_timestamp});
  log_->end_ = header->base_offset;
  return {};
}

/// Takes batches into the segment as long as they are whole, follow one another and match their
/// checksums.
Result<> LogLoader::walk(Segment& segment, std::uint64_t size, bool may_have_gaps) {
  // An index entry has 31 bits for a position.
  const auto end = std::min<std::uint64_t>(size, std::numeric_limits<std::int32_t>::max());
  BatchScanner scanner(*segment.file(), segment.base_offset(), {.from = segment.size(), .end = end},
                       opening_.clean ? BatchScanner::kHeadersOnly : BatchScanner::kWholeBatches);
  while (const auto header = TRY(scanner.next_header())) {
    // Compaction leaves gaps, and never touches the newest segment.
    if (header->base_offset != log_->end_ && !may_have_gaps) break;
    if (!has_its_epoch(*header)) break;
    if (!opening_.clean) {
      const auto batch = TRY(scanner.batch());
      if (!record::checksum_matches(*header, batch)) break;
    }
    report_.bytes_scanned += header->total_size();
    segment.note_batch(*header, scanner.position(), config_.index_interval_bytes);
    log_->end_ = header->next_offset();
  }
  return {};
}

/// The epoch lies outside the checksum; the file of epochs, which is written before any batch of an
/// epoch, says what it must be.
bool LogLoader::has_its_epoch(const BatchHeader& header) const {
  if (header.leader_epoch < 0) return false;
  if (opening_.clean || epochs_lost_ || header.base_offset < opening_.recovery_point) return true;
  const auto epoch = log_->epochs_.epoch_for_offset(header.base_offset);
  return !epoch || *epoch == header.leader_epoch;
}

/// What follows the last whole batch: the zeros of preallocation are a clean end; anything else is
/// a torn write above the recovery point, or damage below it.
Result<> LogLoader::check_end(Segment& segment, std::uint64_t size,
                              std::optional<base::Offset> next_base) {
  const auto at = segment.size();
  const auto end = TRY(last_nonzero(*segment.file(), at, size));
  const bool ends_well = end == at && (!next_base || log_->end_ == *next_base);
  if (log_->end_ < opening_.recovery_point || (opening_.clean && !ends_well))
    return base::fail(
        Fault::corruption,
        fmt::format("no whole batch with the expected offset {} begins at position {} of {}, "
                    "which was synced: the disk has damaged it. Nothing was changed; restore the "
                    "file from a copy",
                    log_->end_, at, segment.data()->path().string()));
  if (!ends_well) cut_ = LogCut{.segment = segment.base_offset(), .at = at, .end = end};
  return {};
}

/// In an order in which a second power cut finds a reason to do it again.
Result<> LogLoader::cut() {
  auto kept = TRY(keep_tail(files_, directory_, *cut_));
  TRY(raise_epoch());
  const auto later = std::ranges::upper_bound(bases_, cut_->segment);
  const auto aside = TRY(set_aside(files_, directory_, std::span(later, bases_.end())));
  auto& segment = log_->active();
  TRY(segment.trim());
  TRY(segment.file()->sync());
  directory_changed_ = true;
  report_.bytes_cut = kept.bytes + aside.bytes;
  report_.quarantine = kept.where;
  if (!kept.where.empty() && !aside.where.empty()) report_.quarantine += ", ";
  report_.quarantine += aside.where;
  return {};
}

Result<> LogLoader::rebuild_epochs() {
  auto& log = *log_;
  TRY(log.view()->each_header(log.start_offset(), [&](const BatchHeader& header) {
    const auto first = log.epochs_.empty() ? log.start_offset() : header.base_offset;
    log.epochs_.assign(std::max(header.leader_epoch, 0), first);
  }));
  if (log.epochs_.empty()) log.epochs_.assign(0, log.start_offset());
  log.leader_epoch_ = log.epochs_.latest()->epoch;
  report_.notes.emplace_back("the leader epochs were rebuilt from the batches");
  return replace_file(files_, directory_ / kLeaderEpochFile, log.epochs_.to_text());
}

Result<> LogLoader::raise_epoch() {
  log_->leader_epoch_ += 1;
  log_->epochs_.assign(log_->leader_epoch_, log_->end_);
  return replace_file(files_, directory_ / kLeaderEpochFile, log_->epochs_.to_text());
}

/// From the newest snapshot that is whole, and the batches from there on.
Result<> LogLoader::load_producers() {
  auto& log = *log_;
  // Snapshots above the end speak of batches that were cut, and others will come in their place.
  std::ranges::sort(snapshots_);
  for (; !snapshots_.empty() && snapshots_.back() > log.end_; snapshots_.pop_back())
    TRY(remove(file_name(snapshots_.back(), kSnapshotSuffix)));
  auto from = log.start_offset();
  while (!snapshots_.empty()) {
    const auto name = file_name(snapshots_.back(), kSnapshotSuffix);
    const auto bytes = read_file(files_, directory_ / name, kSnapshotMax);
    auto producers = bytes ? ProducerState::from_snapshot(*bytes)
                           : Result<ProducerState>(std::unexpected(bytes.error()));
    if (producers) {
      log.producers_ = std::move(*producers);
      from = std::max(from, snapshots_.back());
      break;
    }
    report_.notes.push_back(
        fmt::format("the producer snapshot {} was ignored: {}", name, producers.error().detail));
    if (producers.error().fault == Fault::corruption) TRY(remove(name));
    snapshots_.pop_back();
  }
  log.snapshots_ = std::move(snapshots_);
  return log.view()->each_header(from, [&](const BatchHeader& header) {
    if (header.base_offset >= from) log.producers_.update(header, header.base_offset, opening_.now);
  });
}

Result<> LogLoader::remove(const std::string& name) {
  directory_changed_ = true;
  return files_.remove(directory_ / name);
}

}  // namespace storage
