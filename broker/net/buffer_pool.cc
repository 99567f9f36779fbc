#include "broker/net/buffer_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "protocol/base/assert.h"

namespace broker {
namespace {

void unmap(std::span<std::byte> bytes) {
  ASSERT(::munmap(bytes.data(), bytes.size()) == 0, "what was mapped can be unmapped");
}

/// The index of a class; kClasses.size() for sizes that are not kept.
std::size_t index_of(std::size_t bytes) {
  return static_cast<std::size_t>(std::ranges::find(BufferPool::kClasses, bytes) -
                                  BufferPool::kClasses.begin());
}

}  // namespace

struct BufferPool::State {
  explicit State(std::size_t bytes) : idle_max(bytes) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    for (std::size_t i = 0; i < idle.size(); ++i)
      for (auto* bytes : idle[i]) unmap({bytes, kClasses[i]});
  }

  std::byte* reuse(std::size_t bytes) {
    const auto kind = index_of(bytes);
    if (kind == idle.size()) return nullptr;
    const std::scoped_lock lock(mutex);
    // The one used last, which the processor's caches may still hold.
    if (idle[kind].empty()) return nullptr;
    auto* const found = idle[kind].back();
    idle[kind].pop_back();
    idle_bytes -= bytes;
    return found;
  }

  void give_back(std::span<std::byte> bytes) {
    if (const auto kind = index_of(bytes.size()); kind < idle.size()) {
      const std::scoped_lock lock(mutex);
      if (idle_bytes + bytes.size() <= idle_max) {
        idle[kind].push_back(bytes.data());
        idle_bytes += bytes.size();
        return;
      }
    }
    unmap(bytes);
  }

  std::mutex mutex;
  const std::size_t idle_max;
  std::size_t idle_bytes = 0;
  std::array<std::vector<std::byte*>, kClasses.size()> idle;
};

std::size_t BufferPool::class_for(std::size_t bytes) {
  const auto found = std::lower_bound(kClasses.begin() + 1, kClasses.end(), bytes);
  ASSERT(found != kClasses.end(), "larger buffers have no class");
  return *found;
}

BufferPool::Buffer::Buffer(std::shared_ptr<State> pool, std::span<std::byte> bytes,
                           MemoryBudget::Lease lease)
    : pool_(std::move(pool)), bytes_(bytes), lease_(std::move(lease)) {}

BufferPool::Buffer::~Buffer() { pool_->give_back(bytes_); }

BufferPool::BufferPool(std::size_t idle_bytes_max)
    : state_(std::make_shared<State>(idle_bytes_max)) {}

base::Result<std::shared_ptr<BufferPool::Buffer>> BufferPool::take(std::size_t bytes,
                                                                   MemoryBudget::Lease lease) {
  ASSERT(bytes > kLargest || index_of(bytes) < kClasses.size(), "a buffer has the size of a class");
  auto* memory = state_->reuse(bytes);
  if (memory == nullptr) {
    void* const mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED)
      return base::fail(base::Fault::full,
                        fmt::format("no memory for {} bytes of a request: {}", bytes,
                                    std::generic_category().message(errno)));
    memory = static_cast<std::byte*>(mapped);
    // Such a buffer is paid for as it fills, and a huge page would fill 2 MiB at a touch.
    if (bytes > kLargest) ::madvise(mapped, bytes, MADV_NOHUGEPAGE);
  }
  return std::make_shared<Buffer>(state_, std::span(memory, bytes), std::move(lease));
}

std::size_t BufferPool::idle_bytes() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->idle_bytes;
}

}  // namespace broker
