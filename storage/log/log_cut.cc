#include "storage/log/log_cut.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "storage/log/log_files.h"

namespace storage {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;
/// Zeros behind the last byte may belong to what is kept, so it is kept to the end of its sector.
constexpr std::uint64_t kSector = 512;

/// `wanted`, or with "-2"... behind it: what an earlier recovery kept stays.
base::Result<Path> free_name(FileSystem& files, const Path& wanted) {
  Path name = wanted;
  for (int i = 2; TRY(files.exists(name)); ++i) name = fmt::format("{}-{}", wanted.string(), i);
  return name;
}

struct Range {
  std::uint64_t at = 0;
  std::uint64_t end = 0;
};

base::Result<> copy(FileSystem& files, const File& from, const Range& range, const Path& to) {
  const Path fresh = to.string() + ".tmp";
  const auto file = TRY(files.open(fresh, OpenMode::create_or_open));
  TRY(file->truncate(0));
  std::vector<std::byte> piece(kPiece);
  for (auto at = range.at; at < range.end;) {
    const auto wanted = std::min<std::uint64_t>(kPiece, range.end - at);
    const auto got = TRY(from.read_at(at, std::span(piece).first(wanted)));
    if (got == 0) break;
    TRY(file->write_at(at - range.at, base::BytesView(piece).first(got)));
    at += got;
  }
  TRY(file->sync());
  TRY(files.rename(fresh, to));
  return files.sync_directory(to.parent_path());
}

base::Result<> remove_if_there(FileSystem& files, const Path& path) {
  auto removed = files.remove(path);
  if (removed || removed.error().fault == base::Fault::missing) return {};
  return removed;
}

}  // namespace

base::Result<std::uint64_t> last_nonzero(const File& file, std::uint64_t from, std::uint64_t to) {
  std::vector<std::byte> piece(kPiece);
  auto last = from;
  for (auto at = TRY(file.next_data(from)); at < to;) {
    const auto wanted = std::min<std::uint64_t>(kPiece, to - at);
    const auto got = TRY(file.read_at(at, std::span(piece).first(wanted)));
    if (got == 0) break;
    const auto read = std::span(piece).first(got);
    const auto found = std::find_if(read.rbegin(), read.rend(),
                                    [](std::byte byte) { return byte != std::byte{0}; });
    if (found != read.rend()) last = at + static_cast<std::uint64_t>(read.rend() - found);
    at = TRY(file.next_data(at + got));
  }
  return last;
}

base::Result<CutBytes> keep_tail(FileSystem& files, const Path& directory, const LogCut& cut) {
  if (cut.end == cut.at) return CutBytes{};
  const auto path = directory / file_name(cut.segment, kLogSuffix);
  const auto file = TRY(files.open(path, OpenMode::read_write));
  const auto size = TRY(file->size());
  const Range tail{.at = cut.at,
                   .end = std::min((cut.end + kSector - 1) / kSector * kSector, size)};
  TRY(file->truncate(tail.end));
  const auto aside =
      TRY(free_name(files, fmt::format("{}{}-{}", path.string(), kQuarantineSuffix, cut.at)));
  auto copied = copy(files, *file, tail, aside);
  if (!copied && copied.error().fault == base::Fault::full)
    return base::fail(
        base::Fault::full,
        fmt::format("the {} bytes behind position {} of {} are no whole batch and would be kept in "
                    "{}, but the disk is full. Make room for them and start again",
                    cut.end - cut.at, cut.at, path.string(), aside.string()));
  if (!copied) return std::unexpected(std::move(copied).error());
  return CutBytes{.bytes = cut.end - cut.at, .where = aside.string()};
}

base::Result<CutBytes> set_aside(FileSystem& files, const Path& directory,
                                 std::span<const base::Offset> bases) {
  CutBytes all;
  for (const auto base_offset : bases) {
    const auto path = directory / file_name(base_offset, kLogSuffix);
    const auto file = TRY(files.open(path, OpenMode::read));
    const auto size = TRY(file->size());
    const auto bytes = TRY(last_nonzero(*file, 0, size));
    for (const auto suffix : {kIndexSuffix, kTimeIndexSuffix, kChecksumSuffix})
      TRY(remove_if_there(files, directory / file_name(base_offset, suffix)));
    if (bytes == 0) {
      TRY(files.remove(path));
      continue;
    }
    const auto aside = TRY(free_name(files, path.string() + std::string(kQuarantineSuffix)));
    TRY(files.rename(path, aside));
    all.bytes += bytes;
    all.where += (all.where.empty() ? "" : ", ") + aside.string();
  }
  return all;
}

}  // namespace storage
