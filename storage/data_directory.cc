#include "storage/data_directory.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>

#include "storage/file/checkpoint_file.h"

namespace storage {

namespace {

constexpr std::string_view kFormatName = "stele.format";
constexpr std::string_view kLockName = ".lock";
constexpr std::string_view kCleanName = ".stele_cleanshutdown";
constexpr std::string_view kRecoveryName = "recovery-point-offset-checkpoint";
constexpr std::string_view kStartName = "log-start-offset-checkpoint";
constexpr std::string_view kMetadataLogName = "__cluster_metadata-0";
constexpr std::string_view kPartitionMetadataName = "partition.metadata";
constexpr std::string_view kDelete = "-delete";
constexpr std::string_view kStray = "-stray";
constexpr std::string_view kTemporary = ".tmp";  // Left by replace_file() when the power went.
constexpr std::size_t kIdLength = 22;

constexpr std::string_view kFormatHead = "format: ";

std::string name_of(const base::TopicIdPartition& partition) {
  if (partition == kMetadataPartition) return std::string(kMetadataLogName);
  return fmt::format("{}-{}", partition.topic_id.to_text(), partition.partition);
}

// Only the spelling that name_of() has, so that no two names mean one partition.
std::optional<base::TopicIdPartition> partition_named(std::string_view name) {
  if (name.size() < kIdLength + 2 || name[kIdLength] != '-') return std::nullopt;
  const auto id = base::Uuid::from_text(name.substr(0, kIdLength));
  const auto number = parse_number<std::int32_t>(name.substr(kIdLength + 1));
  if (!id || !number || *number < 0) return std::nullopt;
  const base::TopicIdPartition partition{*id, *number};
  if (partition == kMetadataPartition || name_of(partition) != name) return std::nullopt;
  return partition;
}

// "x-stray" and "x-stray-2" have the suffix "-stray".
bool has_suffix(std::string_view name, std::string_view suffix) {
  if (name.ends_with(suffix)) return true;
  const auto dash = name.rfind('-');
  return dash != std::string_view::npos && parse_number<std::uint32_t>(name.substr(dash + 1)) &&
         name.substr(0, dash).ends_with(suffix);
}

bool has(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_own_file(std::string_view name) {
  if (name.ends_with(kTemporary)) name.remove_suffix(kTemporary.size());
  return has(
      std::array{kFormatName, kLockName, kCleanName, kRecoveryName, kStartName, kMetadataLogName},
      name);
}

// May be in a directory that somebody made for us, or that a power cut left half made.
bool is_nothing_yet(std::string_view name) {
  return name == "lost+found" || name == kLockName ||
         name == fmt::format("{}{}", kFormatName, kTemporary);
}

std::string with_fix(std::string_view what, std::string_view fix) {
  return fmt::format("{}. {}.", what, fix);
}

std::string format_text() {
  return fmt::format("stele data directory\n{}{}\n", kFormatHead, DataDirectory::kFormat);
}

base::Result<> check_format(std::string_view text, const Path& path) {
  const auto line = text.find(kFormatHead);
  std::optional<int> format;
  if (line != std::string_view::npos) {
    const auto number = text.substr(line + kFormatHead.size());
    format = parse_number<int>(number.substr(0, number.find('\n')));
  }
  if (!format)
    return base::fail(
        base::Fault::corruption,
        with_fix(fmt::format("{} is damaged, so the layout of the data directory is not known",
                             path.string()),
                 "Restore the file from a backup; the data itself has not been touched"));
  if (*format != DataDirectory::kFormat)
    return base::fail(
        base::Fault::unsupported,
        with_fix(fmt::format("{} says format {}, and this program knows format {} only",
                             path.string(), *format, DataDirectory::kFormat),
                 "Start the version of Stele that wrote it, or a newer one"));
  return {};
}

std::string offset_line(const PartitionOffsets::value_type& entry) {
  const auto& [partition, offset] = entry;
  return fmt::format("{} {} {}", partition.topic_id.to_text(), partition.partition, offset);
}

std::string to_text(const PartitionOffsets& offsets) {
  std::vector<std::string> lines;
  lines.reserve(offsets.size());
  std::ranges::transform(offsets, std::back_inserter(lines), offset_line);
  return to_checkpoint_text(lines);
}

base::Result<PartitionOffsets> parse_offsets(std::string_view text, const Path& path) {
  PartitionOffsets offsets;
  for (const auto line : TRY(parse_checkpoint_text(text, path.string()))) {
    const auto words = split_words(line);
    std::optional<base::Uuid> id;
    std::optional<std::int32_t> partition;
    std::optional<base::Offset> offset;
    if (words.size() == 3) {
      id = base::Uuid::from_text(words[0]);
      partition = parse_number<std::int32_t>(words[1]);
      offset = parse_number<base::Offset>(words[2]);
    }
    if (!id || !partition || !offset || *partition < 0 || *offset < 0 ||
        !offsets.try_emplace({*id, *partition}, *offset).second)
      return base::fail(base::Fault::corruption,
                        fmt::format("{}: wrong line '{}'", path.string(), line));
  }
  return offsets;
}

std::string digest_line(std::string_view text) {
  return fmt::format("xxh3 {:016x}\n", XXH3_64bits(text.data(), text.size()));
}

Path parent_of(const Path& path) { return path.has_parent_path() ? path.parent_path() : Path("."); }

base::Result<> create_with_parents(FileSystem& files, const Path& path) {
  // The slash at the end lets a data directory be a symbolic link.
  if (path.empty() || TRY(files.is_directory(path / ""))) {
    // It may be ours all the same, made by a process that was killed before it could sync its name.
    // A parent that we may not open was not made by us.
    if (!path.empty()) static_cast<void>(files.sync_directory(parent_of(path)));
    return {};
  }
  TRY(create_with_parents(files, path.parent_path()));
  TRY(files.create_directory(path));
  return files.sync_directory(parent_of(path));
}

// A start before this one may have made these directories and not lived to sync them. Somebody
// else's need not let us.
void sync_way_to(FileSystem& files, Path path) {
  while (path.has_relative_path()) {
    path = path.parent_path();
    static_cast<void>(files.sync_directory(path.empty() ? Path(".") : path));
  }
}

// True if the directory is ours, false if there is nothing in it yet.
base::Result<bool> is_ours(FileSystem& files, const Path& path) {
  const auto names = TRY(files.list(path));
  if (has(names, kFormatName)) return true;
  const auto foreign = std::ranges::find_if_not(names, is_nothing_yet);
  if (foreign == names.end()) return false;
  const bool is_kafka = has(names, "meta.properties");
  return base::fail(
      base::Fault::invalid,
      with_fix(
          fmt::format("{} is not empty and not a Stele data directory: it holds {}{}",
                      path.string(), *foreign, is_kafka ? " and seems to be Apache Kafka's" : ""),
          "Name an empty directory, or one that does not exist yet, as data directory"));
}

}  // namespace

// Kafka's Uuid.METADATA_TOPIC_ID: the number one.
const base::TopicIdPartition kMetadataPartition = [] {
  base::TopicIdPartition partition;
  partition.topic_id.bytes.back() = std::byte{1};
  return partition;
}();

base::Result<std::unique_ptr<DataDirectory>> DataDirectory::open(FileSystem& files, Path path) {
  path = path.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "data/" is "data".
  // Looked at before the lock file is made: nothing is put into what is not ours.
  if (!TRY(files.is_directory(path / "")) || !TRY(is_ours(files, path)))
    TRY(create_with_parents(files, path));
  auto lock = files.lock(path / kLockName);
  if (!lock && lock.error().fault == base::Fault::exists)
    return base::fail(base::Fault::exists,
                      with_fix(fmt::format("the data directory {} is in use: {}", path.string(),
                                           lock.error().detail),
                               "Stop that process, or give this one another data directory"));
  if (!lock) return std::unexpected(std::move(lock).error());

  const auto format = path / kFormatName;
  if (TRY(is_ours(files, path))) {  // Again: it may have been made while we were not alone.
    const auto text = TRY(read_text_file(files, format, 4096));
    TRY(check_format(text, format));
    // What a killed process saw in here last may not be on disk yet.
    TRY(files.sync_directory(path));
  } else {
    sync_way_to(files, path);
    TRY(replace_file(files, format, format_text()));
  }
  return std::unique_ptr<DataDirectory>(
      new DataDirectory(files, std::move(path), *std::move(lock)));
}

Path DataDirectory::path_of(const base::TopicIdPartition& partition) const {
  return path_ / name_of(partition);
}

base::Result<DirectoryListing> DataDirectory::list() const {
  DirectoryListing listing;
  for (const auto& name : TRY(files_.list(path_))) TRY(list_one(name, listing));
  std::ranges::sort(listing.partitions, {}, &PartitionDirectory::partition);
  return listing;
}

base::Result<> DataDirectory::list_one(const std::string& name, DirectoryListing& listing) const {
  if (is_own_file(name) || name == "lost+found") return {};
  const auto path = path_ / name;
  const bool is_directory = TRY(files_.is_directory(path));
  if (const auto partition = partition_named(name); partition && is_directory) {
    PartitionDirectory found{.partition = *partition, .path = path};
    if (TRY(check_metadata(found, listing))) {
      found.has_metadata = TRY(files_.exists(path / kPartitionMetadataName));
      listing.partitions.push_back(std::move(found));
    }
  } else if (is_directory && has_suffix(name, kDelete)) {
    listing.deletions.push_back(path);
  } else if (is_directory && has_suffix(name, kStray)) {
    listing.strays.push_back(path);
  } else {
    listing.problems.push_back(
        {path, with_fix(fmt::format("{} is not a part of a Stele data directory, so it is ignored",
                                    path.string()),
                        "Move it elsewhere")});
  }
  return {};
}

// False if the directory cannot be taken for the partition its name tells.
base::Result<bool> DataDirectory::check_metadata(const PartitionDirectory& found,
                                                 DirectoryListing& listing) const {
  const auto problem = [&](std::string_view what, std::string_view fix) {
    listing.problems.push_back({found.path, with_fix(what, fix)});
    return false;
  };
  if (const auto names = files_.list(found.path); !names)
    return problem(fmt::format("the partition {} cannot be read: {}", found.path.string(),
                               names.error().detail),
                   "Give the broker's user access to it, or restore it from a backup");
  const auto file = found.path / kPartitionMetadataName;
  const auto text = read_text_file(files_, file, 4096);
  if (!text && text.error().fault == base::Fault::missing) return true;
  if (!text)
    return problem(fmt::format("the partition {} cannot be read: {}", found.path.string(),
                               text.error().detail),
                   "Give the broker's user access to it, or restore it from a backup");
  const auto id = found.partition.topic_id.to_text();
  if (*text == fmt::format("version: 0\ntopic_id: {}", id) ||
      *text == fmt::format("version: 0\ntopic_id: {}\n", id))
    return true;
  return problem(
      fmt::format("{} does not say topic id {}, as the name of its directory does, so one of them "
                  "is another partition's copy",
                  file.string(), id),
      "Rename the directory to the id in the file, or move it out of the data directory");
}

base::Result<> DataDirectory::write_partition_metadata(const base::TopicIdPartition& partition) {
  return replace_file(files_, path_of(partition) / kPartitionMetadataName,
                      fmt::format("version: 0\ntopic_id: {}", partition.topic_id.to_text()));
}

base::Result<std::optional<PartitionOffsets>> DataDirectory::take_clean_marker() {
  const auto path = path_ / kCleanName;
  auto text = read_text_file(files_, path);
  if (!text && text.error().fault == base::Fault::missing) return std::nullopt;
  if (!text && text.error().fault != base::Fault::corruption)
    return std::unexpected(std::move(text).error());
  TRY(files_.remove(path));
  TRY(files_.sync_directory(path_));
  if (!text) return std::nullopt;

  // A marker that is not whole proves nothing: the stop counts as unclean.
  const auto digest_at = text->rfind("xxh3 ");
  if (digest_at == std::string::npos) return std::nullopt;
  const auto body = std::string_view(*text).substr(0, digest_at);
  if (text->substr(digest_at) != digest_line(body)) return std::nullopt;
  auto ends = parse_offsets(body, path);
  if (!ends) return std::nullopt;
  return *std::move(ends);
}

base::Result<> DataDirectory::write_clean_marker(const PartitionOffsets& ends) {
  const auto text = to_text(ends);
  return replace_file(files_, path_ / kCleanName, text + digest_line(text));
}

/// Nothing in a file that is not there; `damage` says what a damaged one means and how to mend it.
base::Result<PartitionOffsets> DataDirectory::read_offsets(std::string_view name,
                                                           const Damage& damage) const {
  const auto path = path_ / name;
  const auto text = read_text_file(files_, path);
  if (!text && text.error().fault == base::Fault::missing) return PartitionOffsets{};
  auto offsets = text ? parse_offsets(*text, path)
                      : base::Result<PartitionOffsets>(std::unexpected(text.error()));
  if (offsets || offsets.error().fault != base::Fault::corruption) return offsets;
  return base::fail(
      base::Fault::corruption,
      with_fix(fmt::format("{}, so it is not known {}", offsets.error().detail, damage.unknown),
               damage.fix));
}

base::Result<PartitionOffsets> DataDirectory::read_recovery_points() const {
  return read_offsets(
      kRecoveryName,
      {.unknown = "which records were already safe on disk",
       .fix = "Restore the file from a backup, or remove it to have every log checked from its "
              "start, which cuts a damaged one at the damage"});
}

base::Result<PartitionOffsets> DataDirectory::read_start_offsets() const {
  return read_offsets(kStartName, {.unknown = "where logs begin, and which records were deleted",
                                   .fix = "Restore the file from a backup"});
}

base::Result<> DataDirectory::write_start_offsets(const PartitionOffsets& starts) {
  return replace_file(files_, path_ / kStartName, to_text(starts));
}

base::Result<> DataDirectory::write_recovery_points(const PartitionOffsets& points) {
  return replace_file(files_, path_ / kRecoveryName, to_text(points));
}

base::Result<Path> DataDirectory::rename_with_suffix(const Path& directory,
                                                     std::string_view suffix) {
  const auto plain = directory.filename().string() + std::string(suffix);
  Path to = path_ / plain;
  for (int i = 2; TRY(files_.exists(to)); ++i) to = path_ / fmt::format("{}-{}", plain, i);
  TRY(files_.rename(directory, to));
  TRY(files_.sync_directory(path_));
  return to;
}

base::Result<Path> DataDirectory::set_aside(const Path& directory) {
  return rename_with_suffix(directory, kStray);
}

base::Result<Path> DataDirectory::begin_delete(const base::TopicIdPartition& partition) {
  return rename_with_suffix(path_of(partition), kDelete);
}

base::Result<> DataDirectory::finish_delete(const Path& directory) const {
  for (const auto& name : TRY(files_.list(directory))) {
    const auto path = directory / name;
    if (TRY(files_.is_directory(path)))
      TRY(finish_delete(path));
    else
      TRY(files_.remove(path));
  }
  TRY(files_.remove(directory));
  return files_.sync_directory(directory.parent_path());
}

}  // namespace storage
