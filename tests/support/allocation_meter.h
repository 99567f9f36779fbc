#pragma once

#include <cstddef>

namespace tests {

/// Measures what this thread has allocated with `new` since the meter was made, so that a test can
/// hold a decoder to its bound. One at a time. Linking it replaces the global operator new,
/// except under TSan, where the peak is always 0.
class AllocationMeter {
 public:
  AllocationMeter();
  /// The most that was allocated and not yet freed at one time, in bytes.
  std::size_t peak() const;

 private:
  std::size_t at_first_;
};

}  // namespace tests
