#pragma once

#include <chrono>
#include <memory>

#include "broker/runtime/loop.h"
#include "broker/runtime/task.h"
#include "broker/topics/topic_store.h"

namespace broker {

/// Has partitions forget idempotent producers that have been silent for
/// producer.id.expiration.ms. Looks every ten minutes, as Kafka does.
///
/// Thread: `home`, where it is made, started and destroyed; partitions are asked on their loops.
class ProducerExpiry {
 public:
  ProducerExpiry(TopicStore& topics, Loop& home, std::chrono::milliseconds expire_after)
      : topics_(topics), home_(home), expire_after_(expire_after) {}

  void start();

 private:
  Task<> sweep();

  TopicStore& topics_;
  Loop& home_;
  const std::chrono::milliseconds expire_after_;
  std::unique_ptr<TimerHandle> timer_;
};

}  // namespace broker
