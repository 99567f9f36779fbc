#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace storage {

using Path = std::filesystem::path;

/// One open file. Every door to its bytes returns errors as values; a mapping is only for handing
/// to the kernel (DESIGN.md section 4), never to be read by our own code.
///
/// Thread: write calls come from one thread at a time; read_at(), sync() and mapping() from any.
class File {
 public:
  virtual ~File() = default;

  /// Writes all pieces one after another from `at` on (pwritev), or fails. `Fault::full` on ENOSPC.
  virtual base::Result<> write_at(std::uint64_t at, std::span<const base::BytesView> pieces) = 0;
  base::Result<> write_at(std::uint64_t at, base::BytesView piece) {
    return write_at(at, std::span(&piece, 1));
  }
  /// Reads up to `into.size()` bytes; fewer only at the end of the file.
  virtual base::Result<std::size_t> read_at(std::uint64_t at, std::span<std::byte> into) const = 0;
  virtual base::Result<std::uint64_t> size() const = 0;
  /// The first position from `from` on where something else than zeros may be, as far as the file
  /// system knows its holes and unwritten blocks (SEEK_DATA); the size or beyond if nothing is.
  virtual base::Result<std::uint64_t> next_data(std::uint64_t from) const = 0;
  /// Makes the data and the size durable (fdatasync). After a failure nothing written since the
  /// last success may be trusted, and a retry proves nothing: the caller stops (reliability.md
  /// finding 1).
  virtual base::Result<> sync() = 0;
  /// Starts write-back of what is dirty without waiting (sync_file_range); a hint.
  virtual void start_writeback() = 0;
  /// Reserves blocks up to `size` and makes the file that long, zeros where nothing was written.
  /// `Fault::unsupported` where the file system cannot: then grow by writing. `Fault::full`:
  /// ENOSPC.
  virtual base::Result<> allocate(std::uint64_t size) = 0;
  virtual base::Result<> truncate(std::uint64_t size) = 0;
  /// A shared read-only mapping of the file's first `length` bytes (which must be within the file),
  /// kept alive by the result. Later writes to the file are seen through it.
  virtual base::Result<base::SharedBytes> map(std::uint64_t length) = 0;
  /// True if the range is in the page cache, as far as one can know cheaply (cachestat, else
  /// RWF_NOWAIT); false means: read it on the pool first.
  virtual bool resident(std::uint64_t at, std::uint64_t length) const = 0;
  /// Drops clean pages of the file from the page cache, so that the next read asks the disk.
  virtual base::Result<> drop_cache() = 0;
};

enum class OpenMode : std::uint8_t {
  read,        // Must exist.
  read_write,  // Must exist.
  create_new,  // Must not exist.
  create_or_open,
};

struct SpaceInfo {
  std::uint64_t capacity = 0;
  std::uint64_t available = 0;  // To us, not to root.
};

/// The only door to the disk. A posix one for real life, one in memory for crash tests. An entry
/// (created, renamed, removed) is durable only after sync_directory() of its parent. What has to
/// open something fails with `Fault::busy` when there is no descriptor or memory for it (EMFILE,
/// ENFILE, ENOMEM): then it has done nothing. Writes and syncs of a file never do.
///
/// Thread: any.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual base::Result<std::shared_ptr<File>> open(const Path& path, OpenMode mode) = 0;
  virtual base::Result<> rename(const Path& from, const Path& to) = 0;  // Replaces a file at `to`.
  virtual base::Result<> remove(const Path& path) = 0;            // A file or an empty directory.
  virtual base::Result<> create_directory(const Path& path) = 0;  // Fault::exists if there.
  virtual base::Result<> sync_directory(const Path& path) = 0;
  /// Names, not paths, sorted. `Fault::missing` if there is no such directory.
  virtual base::Result<std::vector<std::string>> list(const Path& directory) = 0;
  virtual base::Result<bool> exists(const Path& path) = 0;
  virtual base::Result<bool> is_directory(const Path& path) = 0;
  virtual base::Result<SpaceInfo> space(const Path& path) = 0;
  /// Holds `path` (created if need be) for this process until the result is destroyed.
  /// `Fault::exists` if another process has it; the detail names its pid where it is known.
  virtual base::Result<std::shared_ptr<void>> lock(const Path& path) = 0;
};

}  // namespace storage
