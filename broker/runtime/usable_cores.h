#pragma once

#include <cstddef>

namespace broker {

/// How many cores this process may use: by affinity and by the quota of its cgroup (v2 or v1),
/// rounded up; at least one. Thread: any.
std::size_t usable_cores();

}  // namespace broker
