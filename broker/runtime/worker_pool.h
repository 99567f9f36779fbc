#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "broker/runtime/loop.h"

namespace broker {

/// A fixed number of threads that take jobs in the order they were posted.
///
/// Thread: post() any; stop() and destruction the one that made it.
class ThreadPool final : public WorkerPool {
 public:
  explicit ThreadPool(std::size_t threads);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() override;

  /// After stop() the job runs inside the call: slow at the end is fine, lost is not.
  void post(Job job) override;
  /// Runs what is queued, and ends the threads.
  void stop();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace broker
