#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "tools/bench/common/field_reader.h"

namespace bench {

// The one version of Produce and Fetch that the load generator speaks, read and written by hand:
// the shape is that of protocol/messages/{produce,fetch}.h with one topic and one partition.
inline constexpr std::int16_t kProduceVersion = 12;
inline constexpr std::int16_t kFetchVersion = 12;

/// What stands in front of a request; `body` has read up to the end of it.
struct Head {
  std::int16_t api_key = 0;
  std::int16_t version = 0;
  std::int32_t correlation_id = 0;
};

struct Produce {
  std::int16_t acks = 0;
  base::BytesView topic;
  std::int32_t partition = 0;
  base::BytesView batch;
};

struct Fetch {
  std::int32_t max_wait_ms = 0;
  std::int32_t max_bytes = 0;
  base::BytesView topic;
  std::int32_t partition = 0;
  base::Offset offset = 0;
};

/// The part all request headers share; tagged fields may follow.
Head read_head(FieldReader& frame);
/// From behind read_head() on. False if it is cut short or names more than one partition.
bool read_produce(FieldReader& frame, Produce& request);
bool read_fetch(FieldReader& frame, Fetch& request);

void write_produce_answer(std::vector<std::byte>& out, std::int32_t correlation_id,
                          const Produce& request, base::Offset base_offset);
/// Everything in front of `records_size` bytes of records; kFetchTail comes behind them.
void write_fetch_head(std::vector<std::byte>& out, std::int32_t correlation_id,
                      const Fetch& request, base::Offset high_watermark, std::size_t records_size);
/// No tagged fields: of the partition, the topic and the response.
inline constexpr std::byte kFetchTail[3]{};

}  // namespace bench
