#pragma once

#include <cstdint>
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

/// Moves recovery points on, so that a start after a crash reads little (DESIGN.md section 4): now
/// and then it has every partition that took records write down its indexes and producers, and then
/// writes all recovery points into the one file that keeps them. One round at a time; a partition
/// is due after so many bytes or so much time.
///
/// Thread: loop 0, where it is made, started and destroyed. Partitions are asked on their own loops
/// and write on a worker.
class Checkpointer {
 public:
  struct Services {
    storage::FileSystem& files;
    storage::DataDirectory& directory;
    TopicStore& topics;
    WorkerPool& workers;
    Loop& home;
    /// Held while a round is under way: no segment that it names goes meanwhile.
    Gate& segments;
    /// Told once when a checkpoint cannot be written: the broker stops (DESIGN.md section 4).
    std::function<void(const base::Error&)> on_failure;
    /// Told of what was found damaged on the way. Called on a worker.
    std::function<void(const std::string&)> say;
  };
  struct Policy {
    std::uint64_t bytes = 0;                // checkpoint.bytes
    std::chrono::milliseconds interval{0};  // checkpoint.interval.ms
  };

  Checkpointer(Services services, Policy policy, storage::PartitionOffsets points);

  /// Begins; rounds go on until stop().
  void start();
  /// No further round begins; `done` is called on the home loop when the present one has ended.
  void stop(Job done);

 private:
  /// What a round found due.
  struct Due {
    std::shared_ptr<Partition> partition;
    std::uint64_t bytes = 0;                 // That made it due.
    std::unique_ptr<OneShot<bool>> durable;  // Set when those are on disk.
    storage::CheckpointPlan plan;            // Made then.
  };

  void arm();
  Task<> round();
  Task<> write_down(bool all);
  Task<std::vector<Due>> collect(bool all);
  base::Result<> write(const std::vector<Due>& due);
  void forget_deleted();

  Services services_;
  const Policy policy_;
  storage::PartitionOffsets points_;  // As they are on disk. Of the worker during a round.
  std::unique_ptr<TimerHandle> timer_;
  base::MonotonicTime last_full_{};  // When every partition that had changed was written down.
  bool running_ = false;
  Job stopped_;
};

}  // namespace broker
