#pragma once

#include <chrono>
#include <cstddef>

#include "protocol/base/result.h"

namespace bench {

/// Touches so much memory and gives it back: a page that the machine holds already costs a fraction
/// of one that its host has to bring, and the next minute's page cache is to be made of the former.
base::Result<> prewarm(std::size_t mebibytes);

/// CPU time that a process has used, all threads, in steps of 10 ms. Zero for process 0.
base::Result<std::chrono::nanoseconds> cpu_time_of(int process);

}  // namespace bench
