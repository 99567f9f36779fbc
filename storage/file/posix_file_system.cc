#include "storage/file/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "storage/file/posix_file.h"

namespace storage {

namespace {

// Records are private to the broker's user and group.
constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirectoryMode = 0750;

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return O_RDONLY;
    case OpenMode::read_write:
      return O_RDWR;
    case OpenMode::create_new:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::create_or_open:
      return O_RDWR | O_CREAT;
  }
  return O_RDONLY;
}

Descriptor open_at(const Path& path, int flags) {
  for (;;) {
    const int number = ::openat(AT_FDCWD, path.c_str(), flags | O_CLOEXEC, kFileMode);
    if (number >= 0 || errno != EINTR) return Descriptor(number);
  }
}

// The kernel looks for a descriptor before it looks at the path, so that nothing was created.
// Anything but an open that lacks these is broken, and not busy.
std::unexpected<base::Error> fail_to_open(int error, std::string_view what, const Path& path) {
  auto failure = fail_with_errno(error, what, path);
  if (error != EMFILE && error != ENFILE && error != ENOMEM) return failure;
  return base::fail(base::Fault::busy, std::move(failure).error().detail);
}

// What the path itself is, links not followed; nothing if there is nothing.
base::Result<std::optional<mode_t>> kind_of(const Path& path) {
  struct stat found{};
  if (::fstatat(AT_FDCWD, path.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) return found.st_mode;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  return fail_with_errno(errno, "look at", path);
}

// The pid that the holder of a lock file has written into it; empty if it has not.
std::string holder_of(const Descriptor& file) {
  std::array<char, 32> text{};
  const auto size = ::pread(file.number(), text.data(), text.size(), 0);
  const std::string_view read(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  return std::string(read.substr(0, read.find('\n')));
}

}  // namespace

PosixFileSystem::PosixFileSystem(PosixOptions options)
    : use_cachestat_(options.use_cachestat && kernel_has_cachestat()) {}

base::Result<std::shared_ptr<File>> PosixFileSystem::open(const Path& path, OpenMode mode) {
  auto file = open_at(path, flags_of(mode) | O_NOFOLLOW);
  if (!file.is_open()) return fail_to_open(errno, "open", path);
  struct stat found{};
  if (::fstat(file.number(), &found) != 0) return fail_with_errno(errno, "look at", path);
  if (!S_ISREG(found.st_mode)) return fail_with_errno(EISDIR, "open", path);
  return std::make_shared<PosixFile>(std::move(file), path, use_cachestat_);
}

base::Result<> PosixFileSystem::rename(const Path& from, const Path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return fail_with_errno(errno, fmt::format("give {} the name", from.string()), to);
  return {};
}

base::Result<> PosixFileSystem::remove(const Path& path) {
  if (::unlink(path.c_str()) == 0) return {};
  if (errno == EISDIR && ::rmdir(path.c_str()) == 0) return {};
  return fail_with_errno(errno, "remove", path);
}

base::Result<> PosixFileSystem::create_directory(const Path& path) {
  if (::mkdir(path.c_str(), kDirectoryMode) != 0)
    return fail_with_errno(errno, "create the directory", path);
  return {};
}

base::Result<> PosixFileSystem::sync_directory(const Path& path) {
  const auto directory = open_at(path, O_RDONLY | O_DIRECTORY);
  if (!directory.is_open()) return fail_to_open(errno, "open the directory", path);
  if (::fsync(directory.number()) != 0) return fail_with_errno(errno, "sync the directory", path);
  return {};
}

base::Result<std::vector<std::string>> PosixFileSystem::list(const Path& directory) {
  auto descriptor = open_at(directory, O_RDONLY | O_DIRECTORY);
  if (!descriptor.is_open()) return fail_to_open(errno, "list", directory);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(descriptor.number()), &::closedir);
  if (!stream) return fail_with_errno(errno, "list", directory);
  descriptor.release();  // The stream closes it.

  std::vector<std::string> names;
  errno = 0;
  while (const auto* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return fail_with_errno(errno, "list", directory);
  std::ranges::sort(names);
  return names;
}

base::Result<bool> PosixFileSystem::exists(const Path& path) {
  return TRY(kind_of(path)).has_value();
}

base::Result<bool> PosixFileSystem::is_directory(const Path& path) {
  const auto kind = TRY(kind_of(path));
  return kind && S_ISDIR(*kind);
}

base::Result<SpaceInfo> PosixFileSystem::space(const Path& path) {
  struct statvfs found{};
  if (::statvfs(path.c_str(), &found) != 0)
    return fail_with_errno(errno, "ask for the space at", path);
  return SpaceInfo{.capacity = found.f_blocks * found.f_frsize,
                   .available = found.f_bavail * found.f_frsize};
}

base::Result<std::shared_ptr<void>> PosixFileSystem::lock(const Path& path) {
  auto file = std::make_shared<Descriptor>(open_at(path, O_RDWR | O_CREAT | O_NOFOLLOW));
  if (!file->is_open()) return fail_with_errno(errno, "open the lock file", path);
  // A lock of the open file, so that it also keeps out a second owner in this very process; and it
  // meets the locks that Kafka takes.
  struct flock whole{};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(file->number(), F_OFD_SETLK, &whole) != 0) {
    if (errno != EAGAIN && errno != EACCES) return fail_with_errno(errno, "lock", path);
    const auto holder = holder_of(*file);
    return base::fail(base::Fault::exists,
                      fmt::format("{} is locked by {}", path.string(),
                                  holder.empty() ? "another process" : "process " + holder));
  }
  const auto pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file->number(), 0) != 0 ||
      ::pwrite(file->number(), pid.data(), pid.size(), 0) < 0) {
    // The pid only helps people; a full disk must not keep the broker from starting.
    if (errno != ENOSPC && errno != EDQUOT) return fail_with_errno(errno, "write to", path);
  }
  return file;
}

}  // namespace storage
