#include "tests/support/allocation_meter.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include <malloc.h>

namespace {

// Of this thread; what another thread frees is not subtracted, which no test here does.
thread_local std::size_t live = 0;
thread_local std::size_t peak_live = 0;

}  // namespace

// TSan brings its own and lets nobody replace it: there nothing is counted.
#if defined(__SANITIZE_THREAD__)
#define STELE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STELE_TSAN 1
#endif
#endif

#ifndef STELE_TSAN

namespace {

void* allocate(std::size_t size) { return std::malloc(std::max<std::size_t>(size, 1)); }
void* allocate(std::size_t size, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  return std::aligned_alloc(step, (std::max<std::size_t>(size, 1) + step - 1) / step * step);
}

void* noted(void* memory) noexcept {
  if (memory == nullptr) return nullptr;
  live += malloc_usable_size(memory);
  peak_live = std::max(peak_live, live);
  return memory;
}

void* counted(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return noted(memory);
}

void release(void* memory) noexcept {
  live -= std::min(live, malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

// All forms: ASan has its own of each, and minds when a block of one is freed by another.
void* operator new(std::size_t size) { return counted(allocate(size)); }
void* operator new[](std::size_t size) { return counted(allocate(size)); }
void* operator new(std::size_t size, std::align_val_t step) {
  return counted(allocate(size, step));
}
void* operator new[](std::size_t size, std::align_val_t step) {
  return counted(allocate(size, step));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return noted(allocate(size));
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return noted(allocate(size));
}
void* operator new(std::size_t size, std::align_val_t step, const std::nothrow_t&) noexcept {
  return noted(allocate(size, step));
}
void* operator new[](std::size_t size, std::align_val_t step, const std::nothrow_t&) noexcept {
  return noted(allocate(size, step));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  release(memory);
}

#endif  // STELE_TSAN

namespace tests {

AllocationMeter::AllocationMeter() : at_first_(live) { peak_live = live; }
std::size_t AllocationMeter::peak() const { return peak_live - at_first_; }

}  // namespace tests
