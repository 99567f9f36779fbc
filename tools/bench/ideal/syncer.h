#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "protocol/base/ids.h"
#include "tools/bench/common/descriptor.h"
#include "tools/bench/ideal/partition_log.h"

namespace bench {

/// One thread that syncs what was written while it was syncing before: the sync in flight is the
/// only batching window there is.
///
/// Thread: submit() and take_done() the broker's.
class Syncer {
 public:
  Syncer();
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;
  ~Syncer();

  /// The log up to its end.
  void submit(PartitionLog& log);
  /// Becomes readable when something was synced.
  int done_event() const { return done_event_.number(); }
  /// Logs, and how far they are on disk now. A failed sync ends the process.
  std::vector<std::pair<PartitionLog*, base::Offset>> take_done();

 private:
  struct Order {
    PartitionLog* log;
    std::vector<int> files;
    base::Offset end;
  };

  void run();

  Descriptor done_event_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::vector<Order> orders_;
  std::vector<std::pair<PartitionLog*, base::Offset>> done_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace bench
