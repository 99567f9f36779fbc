#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"

namespace bench {

/// What a fetch brought: whole batches, counted.
struct Fetched {
  base::Offset next = 0;  // Offset behind the last record; where it began if there is none.
  base::Offset high_watermark = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

/// Makes fetch requests (v12) for one partition and reads their answers, as far as counting needs:
/// batches must follow one another without a gap from the offset asked for.
///
/// Thread: one at a time.
class Fetcher {
 public:
  Fetcher(std::string topic, std::int32_t partition)
      : topic_(std::move(topic)), partition_(partition) {}

  /// A request, valid until the next call. `wait_ms`: how long the broker may wait for a byte.
  base::BytesView request(base::Offset from, std::int32_t bytes_max, std::int32_t wait_ms);
  /// Reads the answer to the last request. `Fault::invalid` for an error code.
  base::Result<Fetched> answer(base::BytesView frame) const;

 private:
  const std::string topic_;
  const std::int32_t partition_;
  std::vector<std::byte> request_;
  std::int32_t correlation_id_ = 0;
  base::Offset from_ = 0;
};

}  // namespace bench
