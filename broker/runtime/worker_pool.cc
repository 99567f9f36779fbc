#include "broker/runtime/worker_pool.h"

#include <utility>

#include <pthread.h>

#include "protocol/base/assert.h"

namespace broker {

ThreadPool::ThreadPool(std::size_t threads) {
  ASSERT(threads > 0, "somebody must do the work");
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      pthread_setname_np(pthread_self(), "worker");
      work();
    });
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::post(Job job) {
  {
    const std::scoped_lock lock(mutex_);
    if (!stopping_) jobs_.push_back(std::exchange(job, nullptr));
  }
  if (job) {
    job();
  } else {
    wake_.notify_one();
  }
}

void ThreadPool::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void ThreadPool::work() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace broker
