#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "broker/partition/disk_guard.h"
#include "broker/runtime/loop.h"
#include "storage/file/file_system.h"

namespace broker {

/// Measures the free space of the data directory once a second and tells the guard, with one log
/// line each time its answer changes.
///
/// Thread: one loop, where it is made and destroyed; it measures on a worker.
class DiskWatch {
 public:
  /// `files`, `workers`, `loop` and `guard` outlive this.
  DiskWatch(storage::FileSystem& files, std::filesystem::path directory, WorkerPool& workers,
            Loop& loop, DiskGuard& guard, std::function<void(const std::string&)> say);

  void start() { measure(); }

 private:
  void measure();
  void measured(const base::Result<storage::SpaceInfo>& space);

  storage::FileSystem& files_;
  const std::filesystem::path directory_;
  WorkerPool& workers_;
  Loop& loop_;
  DiskGuard& guard_;
  const std::function<void(const std::string&)> say_;
  bool told_may_append_ = true;  // An append may have found the disk full before a measurement did.
  std::unique_ptr<TimerHandle> timer_;
  std::shared_ptr<DiskWatch*> self_;  // Measurements under way hold this weakly.
};

}  // namespace broker
