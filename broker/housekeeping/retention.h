#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/partition/partition.h"
#include "broker/runtime/loop.h"
#include "broker/runtime/task.h"
#include "broker/topics/log_starts.h"
#include "broker/topics/topic_store.h"

namespace broker {

/// Gives up what is older than a topic's retention.ms or more than its retention.bytes: looks at
/// every partition each log.retention.check.interval.ms (Kafka's LogManager.cleanupLogs).
///
/// Thread: `home`, where it is made, started and destroyed. Partitions are asked on their loops.
class Retention {
 public:
  struct Services {
    TopicStore& topics;
    LogStarts& starts;
    Loop& home;
    /// One line for each partition that lost segments, and why.
    std::function<void(const std::string&)> say;
    /// Told once when a log cannot be written any more: the broker stops (DESIGN.md section 4).
    std::function<void(const base::Error&)> on_broken_log;
    /// Told when a full disk or want of descriptors puts a round off.
    std::function<void(const base::Error&)> on_trouble;
  };

  Retention(Services services, std::chrono::milliseconds interval);

  /// Begins; rounds go on until stop().
  void start();
  /// No further round begins; `done` is called on the home loop when the present one has ended.
  void stop(Job done);

 private:
  struct Cut {
    LogStarts::Move move;
    storage::RetentionCut what;
  };

  Task<> round();
  Task<std::vector<Cut>> plan();
  void tell(const Cut& cut) const;

  Services services_;
  const std::chrono::milliseconds interval_;
  std::unique_ptr<TimerHandle> timer_;
  bool running_ = false;
  Job stopped_;
};

}  // namespace broker
