#include "broker/runtime/usable_cores.h"

#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>

namespace broker {
namespace {

std::size_t by_affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::size_t>(CPU_COUNT(&set));
}

std::size_t rounded_up(std::int64_t quota, std::int64_t period) {
  return static_cast<std::size_t>((quota + period - 1) / period);
}

/// "max 100000" or "150000 100000": microseconds of computing in each period.
std::optional<std::size_t> by_cgroup_v2() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  std::int64_t period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return std::nullopt;
  return rounded_up(std::strtoll(quota.c_str(), nullptr, 10), period);
}

std::optional<std::size_t> by_cgroup_v1() {
  std::ifstream quota_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::ifstream period_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  std::int64_t quota = 0;
  std::int64_t period = 0;
  if (!(quota_file >> quota) || !(period_file >> period) || quota <= 0 || period <= 0)
    return std::nullopt;
  return rounded_up(quota, period);
}

}  // namespace

std::size_t usable_cores() {
  auto cores = by_affinity();
  if (const auto quota = by_cgroup_v2()) cores = std::min(cores, *quota);
  if (const auto quota = by_cgroup_v1()) cores = std::min(cores, *quota);
  return std::max<std::size_t>(cores, 1);
}

}  // namespace broker
