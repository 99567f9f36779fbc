#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "storage/file/file_system.h"

namespace test_support {

/// A file system whose file syncs wait for leave, so that a test sees what happens while one is
/// under way. Everything else goes straight to the disk beneath. Counts writes and syncs.
///
///     HeldSyncs files(disk);
///     files.hold();
///     ...                      // Whoever syncs now waits.
///     files.wait_until_held(1);
///     files.release();
///
/// Thread: any.
class HeldSyncs final : public storage::FileSystem {
 public:
  explicit HeldSyncs(storage::FileSystem& disk) : disk_(disk), gate_(std::make_shared<Gate>()) {}

  void hold() {
    const std::scoped_lock lock(gate_->mutex);
    gate_->holds = true;
  }
  /// Lets one sync go, that waits or that comes next.
  void let_one_go() {
    const std::scoped_lock lock(gate_->mutex);
    ++gate_->leaves;
    gate_->changed.notify_all();
  }
  void release() {
    const std::scoped_lock lock(gate_->mutex);
    gate_->holds = false;
    gate_->changed.notify_all();
  }
  /// Waits until so many syncs wait.
  void wait_until_held(int count) {
    std::unique_lock lock(gate_->mutex);
    gate_->changed.wait(lock, [&] { return gate_->held >= count; });
  }
  int syncs() const {
    const std::scoped_lock lock(gate_->mutex);
    return gate_->syncs;
  }
  int writes() const {
    const std::scoped_lock lock(gate_->mutex);
    return gate_->writes;
  }

  base::Result<std::shared_ptr<storage::File>> open(const storage::Path& path,
                                                    storage::OpenMode mode) override {
    auto file = disk_.open(path, mode);
    if (!file) return file;
    return std::make_shared<OpenFile>(std::move(*file), gate_);
  }
  base::Result<> rename(const storage::Path& from, const storage::Path& to) override {
    return disk_.rename(from, to);
  }
  base::Result<> remove(const storage::Path& path) override { return disk_.remove(path); }
  base::Result<> create_directory(const storage::Path& path) override {
    return disk_.create_directory(path);
  }
  base::Result<> sync_directory(const storage::Path& path) override {
    return disk_.sync_directory(path);
  }
  base::Result<std::vector<std::string>> list(const storage::Path& directory) override {
    return disk_.list(directory);
  }
  base::Result<bool> exists(const storage::Path& path) override { return disk_.exists(path); }
  base::Result<bool> is_directory(const storage::Path& path) override {
    return disk_.is_directory(path);
  }
  base::Result<storage::SpaceInfo> space(const storage::Path& path) override {
    return disk_.space(path);
  }
  base::Result<std::shared_ptr<void>> lock(const storage::Path& path) override {
    return disk_.lock(path);
  }

 private:
  struct Gate {
    mutable std::mutex mutex;
    std::condition_variable changed;
    bool holds = false;
    int leaves = 0;
    int held = 0;
    int syncs = 0;
    int writes = 0;
  };

  class OpenFile final : public storage::File {
   public:
    OpenFile(std::shared_ptr<storage::File> file, std::shared_ptr<Gate> gate)
        : file_(std::move(file)), gate_(std::move(gate)) {}

    base::Result<> write_at(std::uint64_t at, std::span<const base::BytesView> pieces) override {
      {
        const std::scoped_lock lock(gate_->mutex);
        ++gate_->writes;
      }
      return file_->write_at(at, pieces);
    }
    base::Result<std::size_t> read_at(std::uint64_t at, std::span<std::byte> into) const override {
      return file_->read_at(at, into);
    }
    base::Result<std::uint64_t> size() const override { return file_->size(); }
    base::Result<std::uint64_t> next_data(std::uint64_t from) const override {
      return file_->next_data(from);
    }
    base::Result<> sync() override {
      {
        std::unique_lock lock(gate_->mutex);
        ++gate_->syncs;
        ++gate_->held;
        gate_->changed.notify_all();
        gate_->changed.wait(lock, [&] { return !gate_->holds || gate_->leaves > 0; });
        if (gate_->holds) --gate_->leaves;
        --gate_->held;
      }
      return file_->sync();
    }
    void start_writeback() override { file_->start_writeback(); }
    base::Result<> allocate(std::uint64_t size) override { return file_->allocate(size); }
    base::Result<> truncate(std::uint64_t size) override { return file_->truncate(size); }
    base::Result<base::SharedBytes> map(std::uint64_t length) override {
      return file_->map(length);
    }
    bool resident(std::uint64_t at, std::uint64_t length) const override {
      return file_->resident(at, length);
    }
    base::Result<> drop_cache() override { return file_->drop_cache(); }

   private:
    const std::shared_ptr<storage::File> file_;
    const std::shared_ptr<Gate> gate_;
  };

  storage::FileSystem& disk_;
  const std::shared_ptr<Gate> gate_;
};

}  // namespace test_support
