#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "storage/file/file_system.h"

namespace storage {

/// Replaces a small file whole or not at all: writes `<path>.tmp`, syncs it, renames it to `path`
/// and syncs the directory. After a failure, and after a power cut at any moment, the old content
/// stands or the new one, never a mix. One caller at a time per path.
base::Result<> replace_file(FileSystem& files, const Path& path, base::BytesView content);
inline base::Result<> replace_file(FileSystem& files, const Path& path, std::string_view text) {
  return replace_file(files, path, base::as_bytes(text));
}

/// One of several files to be replaced.
struct NamedContent {
  std::string name;
  std::vector<std::byte> content;
};
/// Replaces small files of one directory, each whole or not at all, with one sync of the directory
/// for all. After a failure, and after a power cut, any of them may be old and any new.
base::Result<> replace_files(FileSystem& files, const Path& directory,
                             std::span<const NamedContent> contents);

/// The whole of a small file. `Fault::missing` if there is none, `Fault::corruption` if it is
/// larger than `bytes_max`: then it is not the file we wrote.
base::Result<std::vector<std::byte>> read_file(FileSystem& files, const Path& path,
                                               std::size_t bytes_max = std::size_t{64} << 20);
base::Result<std::string> read_text_file(FileSystem& files, const Path& path,
                                         std::size_t bytes_max = std::size_t{64} << 20);

/// Kafka's text checkpoints: version 0, the number of lines, the lines. Source: CheckpointFile.
std::string to_checkpoint_text(std::span<const std::string> lines);
/// The lines of such a text, as views into it. `Fault::corruption` unless it is exactly that,
/// `Fault::unsupported` for another version. `what` names it in the error.
base::Result<std::vector<std::string_view>> parse_checkpoint_text(std::string_view text,
                                                                  std::string_view what);

/// A whole decimal number and nothing else.
template <std::integral I>
std::optional<I> parse_number(std::string_view text) {
  I value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// The words of a line that single spaces part; an empty word where there are two.
std::vector<std::string_view> split_words(std::string_view line);

}  // namespace storage
