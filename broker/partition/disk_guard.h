#pragma once

#include <atomic>
#include <cstdint>

namespace broker {

/// Decides whether produce may append: refuses when the disk is nearly full and resumes by itself
/// once there is clearly room again, so that the last bytes are left for commits, checkpoints and a
/// clean stop (DESIGN.md section 4).
///
/// Thread: any.
class DiskGuard {
 public:
  /// Produce stops below `reserve_bytes` of free space and goes on above 1.5 times as much.
  explicit DiskGuard(std::uint64_t reserve_bytes) : reserve_bytes_(reserve_bytes) {}

  bool may_append() const { return may_append_.load(std::memory_order_relaxed); }
  /// An append met a full disk, whatever the last measurement said.
  void note_full() { may_append_.store(false, std::memory_order_relaxed); }
  /// The result of a measurement.
  void note_available(std::uint64_t bytes) {
    const bool now = may_append() ? bytes >= reserve_bytes_ : bytes >= resume_bytes();
    may_append_.store(now, std::memory_order_relaxed);
  }

 private:
  std::uint64_t resume_bytes() const { return reserve_bytes_ + reserve_bytes_ / 2; }

  const std::uint64_t reserve_bytes_;
  std::atomic<bool> may_append_{true};
};

}  // namespace broker
