#include "storage/log/log_loader.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "protocol/base/assert.h"
#include "storage/file/checkpoint_file.h"
#include "storage/log/batch_scanner.h"
#include "storage/log/log_files.h"

namespace storage {
namespace {

using base::Fault;
using base::Result;

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::size_t kSmallPiece = std::size_t{8} << 10;
constexpr std::size_t kSmallFileMax = std::size_t{64} << 20;

/// The offset a file is named by, if it has this suffix.
std::optional<base::Offset> offset_of(const std::string& name, std::string_view suffix) {
  if (name.size() != 20 + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  base::Offset offset = 0;
  const auto* end = name.data() + 20;
  const auto [stop, error] = std::from_chars(name.data(), end, offset);
  return error == std::errc{} && stop == end ? std::optional(offset) : std::nullopt;
}

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
  for (std::size_t i = 0; i + 1 < bases_.size() && !cut_; ++i)
    TRY(load_sealed(bases_[i], bases_[i + 1]));
  if (!cut_) TRY(load_active(bases_.back()));
  log_->durable_end_ = log_->end_;
  log_->marks_.clear();
  log_->visible_end_ = {log_->end_, log_->active().base_offset(), log_->active().size()};
  log_->high_watermark_ = log_->end_;
  for (const auto& segment : log_->segments_) log_->size_bytes_ += segment->size();
  TRY(load_producers());
  // Files that were created shortly before a crash may not be in the directory on disk yet.
  if (!opening_.clean) TRY(files_.sync_directory(directory_));
  return std::move(log_);
}

Result<> LogLoader::list() {
  for (const auto& name : TRY(files_.list(directory_))) {
    if (const auto base = offset_of(name, kLogSuffix)) bases_.push_back(*base);
    if (const auto at = offset_of(name, kSnapshotSuffix)) snapshots_.push_back(*at);
  }
  if (!bases_.empty()) return {};
  // A crash in Log::create() leaves a directory without a segment: nothing was acknowledged in it.
  if (opening_.recovery_point > 0)
    return base::fail(Fault::corruption,
                      fmt::format("{} has no segment, but records up to offset {} were synced in "
                                  "it. Put its files back",
                                  directory_.string(), opening_.recovery_point));
  const auto segment = TRY(Segment::create(files_, directory_, 0, 0));
  TRY(segment->file()->sync());
  TRY(files_.sync_directory(directory_));
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
  } else if (text.error().fault != Fault::missing) {
    return std::unexpected(text.error());
  }
  if (log_->epochs_.empty()) {
    // The batches say which epochs there were; the walk below adds them. An empty log begins anew.
    report_.notes.push_back("the leader epochs were rebuilt from the batches");
    log_->epochs_.assign(0, bases_.front());
  }
  log_->leader_epoch_ = log_->epochs_.latest()->epoch;
  return {};
}

Result<> LogLoader::load_sealed(base::Offset base, base::Offset next_base) {
  const auto path = directory_ / file_name(base, kLogSuffix);
  const auto file = TRY(files_.open(path, OpenMode::read_write));
  const auto size = TRY(file->size());
  const bool trusted = opening_.clean || next_base <= opening_.recovery_point;
  if (trusted) {
    auto segment = Segment::open_sealed(files_, directory_, base, size);
    if (!segment && segment.error().fault == Fault::missing) return rebuild_sealed(base, size);
    log_->segments_.push_back(TRY(std::move(segment)));
    log_->end_ = next_base;
    return {};
  }
  auto segment = TRY(Segment::open_active(files_, directory_, base, 0));
  log_->segments_.push_back(std::move(segment));
  TRY(verify_from(log_->active(), size));
  if (cut_) return set_aside_later_segments(base);
  if (log_->end_ != next_base) {
    // Whole batches are missing at its end: a size that was never synced. Later ones are a gap
    // away.
    report_.notes.push_back(fmt::format("segment {} ends at offset {} and the next begins at {}",
                                        base, log_->end_, next_base));
    cut_ = true;
    TRY(bump_epoch());
    return set_aside_later_segments(base);
  }
  TRY(log_->active().seal());
  log_->active().release_file();
  return {};
}

Result<> LogLoader::rebuild_sealed(base::Offset base, std::uint64_t size) {
  report_.notes.push_back(fmt::format("the indexes of segment {} were rebuilt", base));
  auto segment = TRY(Segment::open_active(files_, directory_, base, 0));
  BatchScanner scanner(*segment->file(), 0, size);
  while (const auto header = TRY(scanner.next_header())) {
    segment->note_batch(*header, scanner.position(), config_.index_interval_bytes);
    log_->end_ = header->next_offset();
  }
  if (scanner.next_position() != size)
    return base::fail(Fault::corruption,
                      fmt::format("no whole batch begins at position {} of {}, which was synced "
                                  "long ago: the disk has damaged it. Restore the file",
                                  scanner.next_position(), segment->data()->path().string()));
  TRY(segment->seal());
  segment->release_file();
  log_->segments_.push_back(std::move(segment));
  return {};
}

Result<> LogLoader::load_active(base::Offset base) {
  const auto path = directory_ / file_name(base, kLogSuffix);
  const auto file = TRY(files_.open(path, OpenMode::read_write));
  const auto size = TRY(file->size());
  log_->segments_.push_back(TRY(Segment::open_active(files_, directory_, base, 0)));
  log_->end_ = base;
  return verify_from(log_->active(), size);
}

/// Takes over what a checkpoint wrote of the indexes, as far as it fits the file, so that the walk
/// begins at the last entry below the recovery point.
Result<> LogLoader::adopt_indexes(Segment& segment, std::uint64_t size) {
  const auto base = segment.base_offset();
  const auto trusted_end = opening_.clean ? INT64_MAX : opening_.recovery_point;
  const auto offsets = read_index<OffsetEntry>(
      files_, segment.path_of(kIndexSuffix), [&](const auto* before, const auto& entry) {
        const bool grows = before == nullptr || (before->relative_offset < entry.relative_offset &&
                                                 before->position < entry.position);
        return grows && entry.position >= 0 && base + entry.relative_offset < trusted_end &&
               std::cmp_less(entry.position, size);
      });
  if (!offsets || offsets->empty()) return {};
  const auto& last = offsets->back();
  const auto times = read_index<TimeEntry>(
      files_, segment.path_of(kTimeIndexSuffix), [&](const auto* before, const auto& entry) {
        return (before == nullptr || before->timestamp < entry.timestamp) &&
               entry.relative_offset < last.relative_offset;
      });
  const auto first = TRY(BatchScanner(*segment.file(), 0, size, kSmallPiece).next_header());
  BatchScanner check(*segment.file(), static_cast<std::uint64_t>(last.position), size, kSmallPiece);
  const auto header = TRY(check.next_header());
  if (!first || !times || !header || header->last_offset() != base + last.relative_offset) {
    report_.notes.push_back(fmt::format("the indexes of segment {} were rebuilt", base));
    return {};
  }
  // The last entry's own batch is noted again by the walk, with an entry of its own.
  segment.adopt_index(
      std::span(*offsets).first(offsets->size() - 1), *times,
      {.size = static_cast<std::uint64_t>(last.position), .first_timestamp = first->max_timestamp});
  log_->end_ = header->base_offset;
  return {};
}

/// Goes through the batches of a segment that may have been written to when the broker stopped.
Result<> LogLoader::verify_from(Segment& segment, std::uint64_t size) {
  auto& file = *segment.file();
  if (!opening_.clean) {
    // What is served must be what the disk holds (DESIGN.md section 4).
    TRY(file.sync());
    TRY(file.drop_cache());
  }
  log_->end_ = segment.base_offset();
  TRY(adopt_indexes(segment, size));
  auto good = segment.size();
  BatchScanner scanner(file, good, size);
  while (const auto header = TRY(scanner.next_header())) {
    if (header->base_offset != log_->end_ || header->leader_epoch < 0) break;
    if (!opening_.clean) {
      const auto batch = TRY(scanner.batch());
      if (!record::checksum_matches(*header, batch)) break;
    }
    report_.bytes_scanned += header->total_size();
    segment.note_batch(*header, scanner.position(), config_.index_interval_bytes);
    if (header->leader_epoch > log_->leader_epoch_) {
      log_->epochs_.assign(header->leader_epoch, header->base_offset);
      log_->leader_epoch_ = header->leader_epoch;
    }
    log_->end_ = header->next_offset();
    good = scanner.next_position();
  }
  return settle_tail(segment, good, size);
}

/// What follows the last whole batch: the zeros of preallocation are the clean end; anything else
/// is a torn write above the recovery point, or damage below it.
Result<> LogLoader::settle_tail(Segment& segment, std::uint64_t at, std::uint64_t size) {
  auto& file = *segment.file();
  const auto nonzero = TRY(last_nonzero(file, at, size));
  const bool damaged = opening_.clean ? nonzero > at : log_->end_ < opening_.recovery_point;
  if (damaged)
    return base::fail(
        Fault::corruption,
        fmt::format("no whole batch with the expected offset {} begins at position {} of {}, "
                    "which was synced: the disk has damaged it. Nothing was changed; restore the "
                    "file from a copy",
                    log_->end_, at, segment.data()->path().string()));
  if (nonzero == at) return {};
  TRY(quarantine(file, segment.data()->path(), at, nonzero));
  TRY(bump_epoch());
  TRY(segment.trim());
  TRY(file.sync());
  report_.bytes_cut += nonzero - at;
  cut_ = true;
  return {};
}

Result<std::uint64_t> LogLoader::last_nonzero(const File& file, std::uint64_t from,
                                              std::uint64_t to) const {
  std::vector<std::byte> piece(kPiece);
  auto last = from;
  for (auto at = from; at < to;) {
    const auto got = TRY(file.read_at(at, std::span(piece).first(static_cast<std::size_t>(
                                              std::min<std::uint64_t>(kPiece, to - at)))));
    if (got == 0) break;
    for (std::size_t i = got; i > 0; --i) {
      if (piece[i - 1] == std::byte{0}) continue;
      last = at + i;
      break;
    }
    at += got;
  }
  return last;
}

Result<> LogLoader::quarantine(const File& file, const Path& path, std::uint64_t from,
                               std::uint64_t to) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(to - from));
  bytes.resize(TRY(file.read_at(from, bytes)));
  const Path aside = path.string() + std::string(kQuarantineSuffix) + "-" + std::to_string(from);
  TRY(replace_file(files_, aside, bytes));
  report_.quarantine = aside.string();
  return {};
}

Result<> LogLoader::set_aside_later_segments(base::Offset base) {
  for (const auto later : bases_) {
    if (later <= base) continue;
    const auto path = directory_ / file_name(later, kLogSuffix);
    const auto file = TRY(files_.open(path, OpenMode::read));
    const auto size = TRY(file->size());
    const auto bytes = TRY(last_nonzero(*file, 0, size));
    report_.bytes_cut += bytes;
    const Path aside = path.string() + std::string(kQuarantineSuffix);
    TRY(files_.rename(path, aside));
    if (bytes > 0) report_.quarantine = aside.string();
  }
  return files_.sync_directory(directory_);
}

Result<> LogLoader::load_producers() {
  std::ranges::sort(snapshots_, std::ranges::greater());
  base::Offset from = log_->start_offset();
  for (const auto at : snapshots_) {
    // Snapshots above the end speak of batches that were cut.
    if (at > log_->end_) continue;
    const auto bytes =
        read_file(files_, directory_ / file_name(at, kSnapshotSuffix), kSmallFileMax);
    auto producers = bytes ? ProducerState::from_snapshot(*bytes)
                           : base::Result<ProducerState>(std::unexpected(bytes.error()));
    if (!producers) {
      report_.notes.push_back(
          fmt::format("the producer snapshot {} was ignored: {}", at, producers.error().detail));
      continue;
    }
    log_->producers_ = std::move(*producers);
    from = at;
    break;
  }
  for (const auto at : snapshots_) {
    if (at <= log_->end_) log_->snapshots_.push_back(at);
  }
  std::ranges::sort(log_->snapshots_);
  for (const auto& segment : log_->segments_) {
    const bool last = segment.get() == &log_->active();
    const auto end = last ? log_->end_ : (&segment + 1)->get()->base_offset();
    if (end <= from) continue;
    const auto file = TRY(segment->data()->file());
    BatchScanner scanner(*file, 0, segment->size());
    while (const auto header = TRY(scanner.next_header())) {
      if (header->base_offset < from || !header->has_producer() || header->control()) continue;
      log_->producers_.update(*header, header->base_offset, opening_.now);
    }
  }
  log_->producers_.commit();
  return {};
}

Result<> LogLoader::bump_epoch() {
  log_->leader_epoch_ += 1;
  log_->epochs_.assign(log_->leader_epoch_, log_->end_);
  return replace_file(files_, directory_ / kLeaderEpochFile,
                      base::as_bytes(log_->epochs_.to_text()));
}

}  // namespace storage
