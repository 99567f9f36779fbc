#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/net/buffer_pool.h"

using broker::BufferPool;
using broker::MemoryBudget;

TEST_CASE("the class of a size is the smallest that holds it", "[pool]") {
  CHECK(BufferPool::class_for(1) == BufferPool::kSmallest);
  CHECK(BufferPool::class_for(BufferPool::kSmallest) == BufferPool::kSmallest);
  CHECK(BufferPool::class_for(BufferPool::kSmallest + 1) == BufferPool::kClasses[2]);
  CHECK(BufferPool::class_for(BufferPool::kLargest) == BufferPool::kLargest);
  // The sizes that clients use: a batch and its headers fit.
  CHECK(BufferPool::class_for((1 << 20) + 1000) == BufferPool::kClasses[3]);
  CHECK(BufferPool::size_of(BufferPool::kSmallest) == MemoryBudget::Size::small);
  CHECK(BufferPool::size_of((1 << 20) + 1000) == MemoryBudget::Size::medium);
  CHECK(BufferPool::size_of(2 << 20) == MemoryBudget::Size::large);
}

TEST_CASE("a buffer goes back with its last share, and what pays for it too", "[pool]") {
  MemoryBudget budget(1 << 20, 0);
  BufferPool pool(1 << 20);
  auto buffer =
      *pool.take(BufferPool::kSmallest, *budget.try_take({.bytes = BufferPool::kSmallest}));
  const auto* const memory = buffer->data();
  const auto share = buffer;
  buffer.reset();
  CHECK(pool.idle_bytes() == 0);
  CHECK(budget.used() == BufferPool::kSmallest);
  const_cast<std::shared_ptr<BufferPool::Buffer>&>(share).reset();
  CHECK(pool.idle_bytes() == BufferPool::kSmallest);
  CHECK(budget.used() == 0);
  // The same pages again: they are in the process already.
  CHECK((*pool.take(BufferPool::kSmallest, {}))->data() == memory);
}

TEST_CASE("no more is kept than allowed, and nothing beyond the classes", "[pool]") {
  BufferPool pool(2 * BufferPool::kSmallest);
  {
    std::vector<std::shared_ptr<BufferPool::Buffer>> taken;
    taken.reserve(3);
    for (int i = 0; i < 3; ++i) taken.push_back(*pool.take(BufferPool::kSmallest, {}));
    const auto large = *pool.take(BufferPool::kLargest + 1, {});
    CHECK(large->size() == BufferPool::kLargest + 1);
    std::memset(large->data(), 1, large->size());
  }
  CHECK(pool.idle_bytes() == 2 * BufferPool::kSmallest);
}

TEST_CASE("when the system has no memory it is said, not died of", "[pool]") {
  BufferPool pool(0);
  const auto taken = pool.take(std::size_t{1} << 60, {});
  REQUIRE(!taken);
  CHECK(taken.error().fault == base::Fault::full);
}

TEST_CASE("a buffer may outlive its pool and end on another thread", "[pool]") {
  std::optional<BufferPool> pool(std::in_place, 1 << 20);
  auto buffer = *pool->take(BufferPool::kSmallest, {});
  pool.reset();
  std::thread([last = std::move(buffer)] { std::memset(last->data(), 1, last->size()); }).join();
}
