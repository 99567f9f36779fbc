#include "storage/file/posix_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <limits>
#include <system_error>

namespace storage {

namespace {

// Debian 12's headers do not know cachestat(2) yet; this is its part of linux/mman.h.
constexpr long kCachestat = 451;
struct CachestatRange {
  std::uint64_t offset;
  std::uint64_t length;
};
struct Cachestat {
  std::uint64_t cached;
  std::uint64_t dirty;
  std::uint64_t writeback;
  std::uint64_t evicted;
  std::uint64_t recently_evicted;
};

std::uint64_t page_size() {
  static const auto size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

off_t as_offset(std::uint64_t at) { return static_cast<off_t>(at); }

// The next pieces as the kernel wants them; `skip` bytes of the first are done.
std::size_t fill_vectors(std::array<iovec, IOV_MAX>& vectors,
                         std::span<const base::BytesView> pieces, std::size_t skip) {
  std::size_t count = 0;
  for (const auto& piece : pieces.first(std::min<std::size_t>(pieces.size(), IOV_MAX))) {
    // The kernel only reads what is written, whatever the type of iov_base.
    auto* begin = const_cast<std::byte*>(piece.data());
    vectors[count++] = {.iov_base = begin + skip, .iov_len = piece.size() - skip};
    skip = 0;
  }
  return count;
}

}  // namespace

base::Fault fault_of_errno(int error) {
  switch (error) {
    case ENOENT:
      return base::Fault::missing;
    case EEXIST:
      return base::Fault::exists;
    case ENOSPC:
    case EDQUOT:
      return base::Fault::full;
    case EOPNOTSUPP:
    case ENOSYS:
      return base::Fault::unsupported;
    default:
      return base::Fault::io;
  }
}

std::unexpected<base::Error> fail_with_errno(int error, std::string_view what, const Path& path) {
  return base::fail(fault_of_errno(error), fmt::format("cannot {} {}: {}", what, path.string(),
                                                       std::generic_category().message(error)));
}

Descriptor::~Descriptor() {
  if (is_open()) ::close(number_);
}

PosixFile::PosixFile(Descriptor descriptor, Path path, bool use_cachestat)
    : descriptor_(std::move(descriptor)), path_(std::move(path)), use_cachestat_(use_cachestat) {}

base::Result<> PosixFile::write_at(std::uint64_t at, std::span<const base::BytesView> pieces) {
  std::array<iovec, IOV_MAX> vectors;
  std::size_t skip = 0;  // Bytes of the first piece that are written already.
  for (;;) {
    while (!pieces.empty() && pieces.front().size() == skip) {
      pieces = pieces.subspan(1);
      skip = 0;
    }
    if (pieces.empty()) return {};
    const auto count = fill_vectors(vectors, pieces, skip);
    const auto written =
        ::pwritev(descriptor_.number(), vectors.data(), static_cast<int>(count), as_offset(at));
    if (written < 0) {
      if (errno == EINTR) continue;
      return fail_with_errno(errno, fmt::format("write at {} of", at), path_);
    }
    auto done = static_cast<std::size_t>(written);
    at += done;
    while (done > 0) {
      const auto step = std::min(done, pieces.front().size() - skip);
      done -= step;
      skip += step;
      if (skip < pieces.front().size()) break;
      pieces = pieces.subspan(1);
      skip = 0;
    }
  }
}

base::Result<std::size_t> PosixFile::read_at(std::uint64_t at, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto got =
        ::pread(descriptor_.number(), into.data() + done, into.size() - done, as_offset(at + done));
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR) continue;
      return fail_with_errno(errno, fmt::format("read at {} of", at + done), path_);
    }
    done += static_cast<std::size_t>(got);
  }
  return done;
}

base::Result<std::uint64_t> PosixFile::size() const {
  struct stat found{};
  if (::fstat(descriptor_.number(), &found) != 0)
    return fail_with_errno(errno, "ask for the size of", path_);
  return static_cast<std::uint64_t>(found.st_size);
}

base::Result<std::uint64_t> PosixFile::next_data(std::uint64_t from) const {
  const auto found = ::lseek(descriptor_.number(), as_offset(from), SEEK_DATA);
  if (found >= 0) return static_cast<std::uint64_t>(found);
  if (errno == ENXIO) return std::numeric_limits<std::uint64_t>::max();
  if (errno == EINVAL || errno == EOPNOTSUPP) return from;  // It does not know of holes.
  return fail_with_errno(errno, "look for data in", path_);
}

base::Result<> PosixFile::sync() {
  const std::scoped_lock lock(sync_mutex_);
  if (sync_failed_)
    return base::fail(base::Fault::io, fmt::format("{} could not be synced before, so nothing in "
                                                   "it counts as being on disk",
                                                   path_.string()));
  // EINTR counts as a failure too: nobody knows what was written.
  if (::fdatasync(descriptor_.number()) == 0) return {};
  sync_failed_ = true;
  return fail_with_errno(errno, "sync", path_);
}

void PosixFile::start_writeback() {
  static_cast<void>(::sync_file_range(descriptor_.number(), 0, 0, SYNC_FILE_RANGE_WRITE));
}

base::Result<> PosixFile::allocate(std::uint64_t size) {
  // Not posix_fallocate: glibc emulates that by writing where the file system cannot.
  while (::fallocate(descriptor_.number(), 0, 0, as_offset(size)) != 0)
    if (errno != EINTR)
      return fail_with_errno(errno, fmt::format("reserve {} bytes for", size), path_);
  return {};
}

base::Result<> PosixFile::truncate(std::uint64_t size) {
  while (::ftruncate(descriptor_.number(), as_offset(size)) != 0)
    if (errno != EINTR) return fail_with_errno(errno, fmt::format("cut to {} bytes", size), path_);
  return {};
}

base::Result<base::SharedBytes> PosixFile::map(std::uint64_t length) {
  if (length == 0) return base::SharedBytes{};
  const auto present = TRY(size());
  if (length > present)
    return base::fail(base::Fault::invalid, fmt::format("cannot map {} bytes of {}: it has {}",
                                                        length, path_.string(), present));
  void* begin = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, descriptor_.number(), 0);
  if (begin == MAP_FAILED) return fail_with_errno(errno, "map", path_);
  const auto unmap = [length](const void* mapping) {
    ::munmap(const_cast<void*>(mapping), length);
  };
  return base::SharedBytes{.owner = std::shared_ptr<const void>(begin, unmap),
                           .view = {static_cast<const std::byte*>(begin), length}};
}

bool PosixFile::page_resident(std::uint64_t at) const {
  std::byte probe{};
  const iovec into{.iov_base = &probe, .iov_len = 1};
  return ::preadv2(descriptor_.number(), &into, 1, as_offset(at), RWF_NOWAIT) == 1;
}

bool PosixFile::resident(std::uint64_t at, std::uint64_t length) const {
  const auto present = size();
  if (!present || at >= *present) return true;  // Nothing there that a disk would have to bring.
  length = std::min(length, *present - at);
  if (length == 0) return true;
  const auto first = at / page_size();
  const auto last = (at + length - 1) / page_size();

  if (use_cachestat_) {
    CachestatRange range{.offset = at, .length = length};
    Cachestat found{};
    if (::syscall(kCachestat, descriptor_.number(), &range, &found, 0) == 0)
      return found.cached >= last - first + 1;
  }
  // Pages come into the cache in runs, so that a sample finds a missing run.
  constexpr std::uint64_t kSamples = 16;
  const auto steps = std::min(last - first, kSamples - 1);
  for (std::uint64_t i = 0; i <= steps; ++i) {
    const auto page = steps == 0 ? first : first + (last - first) * i / steps;
    if (!page_resident(std::max(page * page_size(), at))) return false;
  }
  return true;
}

base::Result<> PosixFile::drop_cache() {
  const int error = ::posix_fadvise(descriptor_.number(), 0, 0, POSIX_FADV_DONTNEED);
  if (error != 0) return fail_with_errno(error, "drop the cached pages of", path_);
  return {};
}

bool kernel_has_cachestat() {
  // With a descriptor that is none, a kernel that knows the call says EBADF.
  CachestatRange range{};
  Cachestat found{};
  return ::syscall(kCachestat, -1, &range, &found, 0) != 0 && errno == EBADF;
}

}  // namespace storage
