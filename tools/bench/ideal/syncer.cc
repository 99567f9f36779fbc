#include "tools/bench/ideal/syncer.h"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cstdint>

#include "protocol/base/assert.h"

namespace bench {

Syncer::Syncer()
    : done_event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), thread_([this] { run(); }) {}

Syncer::~Syncer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

void Syncer::submit(PartitionLog& log) {
  const auto files = log.dirty_files();
  const std::scoped_lock lock(mutex_);
  const auto known = std::ranges::find(orders_, &log, &Order::log);
  if (known != orders_.end()) {
    known->end = log.end();
    for (const int file : files)
      if (std::ranges::find(known->files, file) == known->files.end()) known->files.push_back(file);
    return;
  }
  orders_.push_back({&log, files, log.end()});
  if (orders_.size() == 1) work_.notify_one();
}

std::vector<std::pair<PartitionLog*, base::Offset>> Syncer::take_done() {
  std::uint64_t ignored = 0;
  static_cast<void>(::read(done_event_.number(), &ignored, sizeof ignored));
  const std::scoped_lock lock(mutex_);
  return std::exchange(done_, {});
}

void Syncer::run() {
  for (;;) {
    std::vector<Order> orders;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [this] { return stopping_ || !orders_.empty(); });
      if (orders_.empty()) return;
      orders.swap(orders_);
    }
    // With several files this lets their write-back overlap.
    if (orders.size() > 1) {
      for (const auto& order : orders)
        for (const int file : order.files)
          static_cast<void>(::sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE));
    }
    for (const auto& order : orders)
      for (const int file : order.files)
        ASSERT(::fdatasync(file) == 0, "a benchmark on a failing disk measures nothing");
    const std::scoped_lock lock(mutex_);
    for (const auto& order : orders) done_.emplace_back(order.log, order.end);
    const std::uint64_t one = 1;
    static_cast<void>(::write(done_event_.number(), &one, sizeof one));
  }
}

}  // namespace bench
