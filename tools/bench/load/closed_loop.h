#pragma once

#include <functional>
#include <vector>

#include "protocol/base/clock.h"
#include "tools/bench/load/loads.h"
#include "tools/bench/load/request_ring.h"
#include "tools/bench/load/samples.h"

namespace bench {

/// What a closed loop has seen.
struct LoopResult {
  std::uint64_t requests = 0;           // Answered in all,
  std::uint64_t requests_measured = 0;  // ...and within the measured time.
  std::chrono::duration<double> seconds{};
  std::chrono::duration<double> cpu{};  // The broker's, within the measured time.
  Samples samples;

  /// What all such loads report.
  Report report();
};

/// Keeps every connection full: a request of its ring goes out as soon as an answer has come in.
struct ClosedLoop {
  /// Checks the answer to the request with this correlation id.
  using Check = std::function<base::Result<>(base::BytesView frame, std::int32_t correlation_id)>;

  const Target& target;
  std::vector<const RequestRing*> rings;  // One for each connection.
  Check check;
  std::uint64_t requests_max = UINT64_MAX;  // Ends the run before its time.
};

/// Warm-up, measured time, last answers. An error if an answer is wrong or none comes.
base::Result<LoopResult> run_closed_loop(const ClosedLoop& loop);

}  // namespace bench
