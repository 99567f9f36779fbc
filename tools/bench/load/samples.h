#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace bench {

/// Durations, kept one by one: a run has few enough.
class Samples {
 public:
  void add(std::chrono::nanoseconds duration) {
    samples_.push_back(static_cast<std::uint32_t>(duration.count() / 100));
  }
  std::size_t count() const { return samples_.size(); }
  /// Microseconds below which `share` of the samples lie; 0 without samples.
  double percentile(double share) {
    if (samples_.empty()) return 0;
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(samples_.size() - 1));
    const auto nth = samples_.begin() + static_cast<std::ptrdiff_t>(rank);
    std::ranges::nth_element(samples_, nth);
    return static_cast<double>(*nth) / 10;
  }

 private:
  std::vector<std::uint32_t> samples_;  // Tenths of a microsecond.
};

}  // namespace bench
