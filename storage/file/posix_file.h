#pragma once

#include <mutex>
#include <string_view>
#include <utility>

#include "storage/file/file_system.h"

namespace storage {

/// The fault of an errno: ENOENT missing, EEXIST exists, ENOSPC and EDQUOT full, EOPNOTSUPP
/// unsupported, all else io.
base::Fault fault_of_errno(int error);
/// "cannot <what> <path>: <the system's text>".
[[nodiscard]] std::unexpected<base::Error> fail_with_errno(int error, std::string_view what,
                                                           const Path& path);

/// A file descriptor that is closed with its owner. Thread: one at a time.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

/// An open file of the operating system. Thread: as File says.
class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, Path path, bool use_cachestat);

  using File::write_at;
  base::Result<> write_at(std::uint64_t at, std::span<const base::BytesView> pieces) override;
  base::Result<std::size_t> read_at(std::uint64_t at, std::span<std::byte> into) const override;
  base::Result<std::uint64_t> size() const override;
  base::Result<std::uint64_t> next_data(std::uint64_t from) const override;
  base::Result<> sync() override;
  void start_writeback() override;
  base::Result<> allocate(std::uint64_t size) override;
  base::Result<> truncate(std::uint64_t size) override;
  base::Result<base::SharedBytes> map(std::uint64_t length) override;
  bool resident(std::uint64_t at, std::uint64_t length) const override;
  base::Result<> drop_cache() override;

 private:
  bool page_resident(std::uint64_t at) const;

  // A failed write-back is told to one caller of fdatasync only; here every later one fails too.
  std::mutex sync_mutex_;
  bool sync_failed_ = false;  // Under sync_mutex_.

  const Descriptor descriptor_;
  const Path path_;  // For errors; a rename does not change it.
  const bool use_cachestat_;
};

/// True if the kernel has cachestat(2) (Linux 6.5).
bool kernel_has_cachestat();

}  // namespace storage
