#include "tools/bench/load/machine.h"

#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include <fmt/format.h>

#include "tools/bench/common/descriptor.h"

namespace bench {

base::Result<> prewarm(std::size_t mebibytes) {
  if (mebibytes == 0) return {};
  const auto bytes = mebibytes << 20;
  void* const mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (mapped == MAP_FAILED) return fail_with_errno("cannot touch memory");
  ::munmap(mapped, bytes);
  return {};
}

base::Result<std::chrono::nanoseconds> cpu_time_of(int process) {
  if (process == 0) return std::chrono::nanoseconds(0);
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(") ");
  if (!file || name_end == std::string::npos)
    return base::fail(base::Fault::missing, fmt::format("there is no process {}", process));
  // Behind the name: the state is field 3 of proc(5), utime and stime are 14 and 15.
  std::size_t at = name_end + 2;
  for (int field = 3; field < 14; ++field) at = line.find(' ', at) + 1;
  std::size_t used = 0;
  const auto user = std::stoll(line.substr(at), &used);
  const auto system = std::stoll(line.substr(at + used));
  return std::chrono::nanoseconds((user + system) * 1'000'000'000 / ::sysconf(_SC_CLK_TCK));
}

}  // namespace bench
