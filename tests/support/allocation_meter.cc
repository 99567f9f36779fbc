#include "tests/support/allocation_meter.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include <malloc.h>

namespace {

// Of this thread; what another thread frees is not subtracted, which no test here does.
thread_local std::size_t live = 0;
thread_local std::size_t peak_live = 0;

void* counted(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  live += malloc_usable_size(memory);
  peak_live = std::max(peak_live, live);
  return memory;
}

void release(void* memory) noexcept {
  live -= std::min(live, malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(std::malloc(std::max<std::size_t>(size, 1)));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(step, (size + step - 1) / step * step));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

namespace tests {

AllocationMeter::AllocationMeter() : at_first_(live) { peak_live = live; }
std::size_t AllocationMeter::peak() const { return peak_live - at_first_; }

}  // namespace tests
