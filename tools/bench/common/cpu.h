#pragma once

#include <sched.h>

#include <cerrno>
#include <system_error>

#include "protocol/base/result.h"

namespace bench {

/// Keeps the calling thread, and those it starts, on one core. A negative `core`: wherever.
inline base::Result<> pin_to_core(int core) {
  if (core < 0) return {};
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<std::size_t>(core), &cores);
  if (::sched_setaffinity(0, sizeof cores, &cores) == 0) return {};
  return base::fail(base::Fault::io,
                    "cannot pin to the core: " + std::generic_category().message(errno));
}

}  // namespace bench
