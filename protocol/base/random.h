#pragma once

#include <cstdint>
#include <random>

namespace base {

/// The only source of chance. Seeded, so that a test can have the same night twice.
///
/// Thread: one at a time.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t next() { return engine_(); }
  /// A number in [0, bound). `bound` must not be 0.
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace base
