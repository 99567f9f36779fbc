#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "broker/net/memory_budget.h"
#include "protocol/base/result.h"

namespace broker {

/// Memory for received bytes. It is taken from the system directly and kept for the next one, since
/// a page that is new to the process costs five times one it holds (performance.md 0.1).
///
///     auto buffer = pool.take(BufferPool::class_for(bytes), std::move(lease));
///
/// Thread: any. Buffers may outlive the pool.
class BufferPool {
  struct State;

 public:
  /// Sizes that are kept. Each but the first has room beyond its power of two, so that a request
  /// with a batch of that size fits with its headers.
  static constexpr std::array<std::size_t, 5> kClasses{4 << 10, (64 + 4) << 10, (256 + 4) << 10,
                                                       (1024 + 64) << 10, (4096 + 64) << 10};
  /// So small that a connection may have one without paying.
  static constexpr std::size_t kPocket = kClasses[0];
  /// Of those that are paid for.
  static constexpr std::size_t kSmallest = kClasses[1];
  static constexpr std::size_t kLargest = kClasses.back();

  /// What the budget calls a request of so many bytes.
  static constexpr MemoryBudget::Size size_of(std::size_t bytes) {
    if (bytes <= kSmallest) return MemoryBudget::Size::small;
    return bytes <= kClasses[3] ? MemoryBudget::Size::medium : MemoryBudget::Size::large;
  }

  /// The smallest class from kSmallest on that holds `bytes`, which are at most kLargest.
  static std::size_t class_for(std::size_t bytes);

  /// Bytes with what pays for them. Goes back to the pool when the last share of it goes.
  ///
  /// Thread: any; who writes and who reads which part is up to its users.
  class Buffer {
   public:
    Buffer(std::shared_ptr<State> pool, std::span<std::byte> bytes, MemoryBudget::Lease lease);
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer();

    std::byte* data() const { return bytes_.data(); }
    std::size_t size() const { return bytes_.size(); }
    MemoryBudget::Lease& lease() { return lease_; }

   private:
    std::shared_ptr<State> pool_;
    std::span<std::byte> bytes_;
    MemoryBudget::Lease lease_;
  };

  explicit BufferPool(std::size_t idle_bytes_max);

  /// `bytes` is one of kClasses, or more than the largest: such a buffer is virtual memory until it
  /// is written to, and not kept. Errors: `Fault::full` when the system gives no memory.
  base::Result<std::shared_ptr<Buffer>> take(std::size_t bytes, MemoryBudget::Lease lease);

  std::size_t idle_bytes() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace broker
