#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "broker/partition/partition.h"
#include "broker/runtime/gate.h"
#include "broker/runtime/loop.h"
#include "broker/runtime/task.h"
#include "broker/topics/topic_store.h"
#include "protocol/base/result.h"
#include "storage/data_directory.h"
#include "storage/file/file_system.h"

namespace broker {

/// Moves the beginnings of logs, for retention and DeleteRecords: first into the one file that
/// keeps them, durably, then for readers, then segments below go. So nothing that was gone comes
/// back, whenever the power goes, and nothing goes that is not below a start on disk.
///
/// Thread: advance() any; everything else `home`, where it is made and destroyed.
class LogStarts {
 public:
  struct Services {
    storage::FileSystem& files;
    storage::DataDirectory& directory;
    TopicStore& topics;
    WorkerPool& workers;
    Loop& home;
    /// Held while segments go: a checkpoint that is under way may name them.
    Gate& segments;
    /// Told once when the file cannot be written: the broker stops (DESIGN.md section 4).
    std::function<void(const base::Error&)> on_failure;
    /// Told of files that should have been removed and could not be.
    std::function<void(const base::Error&)> on_leftover;
  };

  struct Move {
    std::shared_ptr<Partition> partition;
    base::Offset to = 0;  // Durable and visible.
    bool rolled = false;  // Its directory has a new segment, not synced yet.
  };

  /// `starts`: as they are on disk.
  LogStarts(Services services, storage::PartitionOffsets starts);

  /// Every one of these partitions begins at its offset or later when this is done, and is not
  /// there any more if it was deleted. `Fault::full` and `Fault::busy`: nothing has changed.
  Task<base::Result<>> advance(Loop& caller, std::vector<Move> moves);

 private:
  /// Files of segments that nobody will open once their file.delete.delay.ms is over.
  struct Removal {
    base::MonotonicTime when;
    std::vector<storage::Path> files;
  };

  Task<base::Result<>> write_down(const std::vector<Move>& moves);
  Task<> retire(const std::vector<Move>& moves);
  void remove_later(Removal removal);
  void arm();
  void remove_due();

  Services services_;
  storage::PartitionOffsets starts_;
  std::vector<Removal> removals_;  // A heap: the earliest is first.
  std::unique_ptr<TimerHandle> timer_;
};

}  // namespace broker
