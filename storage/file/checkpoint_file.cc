#include "storage/file/checkpoint_file.h"

#include <fmt/format.h>

#include <algorithm>

namespace storage {

namespace {

Path fresh_name(Path path) { return path += ".tmp"; }

base::Result<> write_fresh(FileSystem& files, const Path& path, base::BytesView content) {
  const auto file = TRY(files.open(fresh_name(path), OpenMode::create_or_open));
  // A power cut may have left an older try here.
  TRY(file->truncate(0));
  TRY(file->write_at(0, content));
  return file->sync();
}

}  // namespace

base::Result<> replace_file(FileSystem& files, const Path& path, base::BytesView content) {
  TRY(write_fresh(files, path, content));
  TRY(files.rename(fresh_name(path), path));
  return files.sync_directory(path.parent_path());
}

base::Result<> replace_files(FileSystem& files, const Path& directory,
                             std::span<const NamedContent> contents) {
  for (const auto& [name, content] : contents) TRY(write_fresh(files, directory / name, content));
  for (const auto& [name, content] : contents)
    TRY(files.rename(fresh_name(directory / name), directory / name));
  return files.sync_directory(directory);
}

base::Result<std::vector<std::byte>> read_file(FileSystem& files, const Path& path,
                                               std::size_t bytes_max) {
  const auto file = TRY(files.open(path, OpenMode::read));
  const auto size = TRY(file->size());
  if (size > bytes_max)
    return base::fail(base::Fault::corruption,
                      fmt::format("{} has {} bytes, and no file of its kind has more than {}",
                                  path.string(), size, bytes_max));
  std::vector<std::byte> content(static_cast<std::size_t>(size));
  content.resize(TRY(file->read_at(0, content)));
  return content;
}

base::Result<std::string> read_text_file(FileSystem& files, const Path& path,
                                         std::size_t bytes_max) {
  const auto content = TRY(read_file(files, path, bytes_max));
  return std::string(base::as_text(content));
}

std::string to_checkpoint_text(std::span<const std::string> lines) {
  std::string text = fmt::format("0\n{}\n", lines.size());
  for (const auto& line : lines) {
    text += line;
    text += '\n';
  }
  return text;
}

base::Result<std::vector<std::string_view>> parse_checkpoint_text(std::string_view text,
                                                                  std::string_view what) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos)
      return base::fail(base::Fault::corruption, fmt::format("{}: the last line is cut", what));
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  if (lines.size() < 2)
    return base::fail(base::Fault::corruption, fmt::format("{}: version or count missing", what));
  const auto version = parse_number<int>(lines[0]);
  if (!version)
    return base::fail(base::Fault::corruption,
                      fmt::format("{}: the first line is no version", what));
  if (*version != 0)
    return base::fail(base::Fault::unsupported,
                      fmt::format("{}: version {}, and this program reads 0 only", what, *version));
  const auto count = parse_number<std::size_t>(lines[1]);
  if (count != lines.size() - 2)
    return base::fail(base::Fault::corruption, fmt::format("{}: says {} entries and has {}", what,
                                                           lines[1], lines.size() - 2));
  lines.erase(lines.begin(), lines.begin() + 2);
  return lines;
}

std::vector<std::string_view> split_words(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const auto space = line.find(' ');
    words.push_back(line.substr(0, space));
    if (space == std::string_view::npos) return words;
    line.remove_prefix(space + 1);
  }
}

}  // namespace storage
