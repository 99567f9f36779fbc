#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/record/batch_header.h"

namespace record {

/// What is wrong with a batch that a producer sent, in the protocol's terms; the broker maps each
/// to its error code. Source: Kafka's LogValidator, DefaultRecord, ProduceRequest.
enum class BatchFault : std::uint8_t {
  none,
  corrupt,            // CORRUPT_MESSAGE: checksum, lengths, varints, decompression.
  invalid_record,     // INVALID_RECORD: counts, deltas, control, keyless on a compacted topic.
  unsupported_codec,  // UNSUPPORTED_COMPRESSION_TYPE
  invalid_timestamp,  // INVALID_TIMESTAMP
  too_large,          // MESSAGE_TOO_LARGE: decompressed beyond the bound.
};

/// A record that was refused (KIP-467): its index in the batch, and why.
struct RecordFault {
  std::int32_t batch_index = 0;
  std::string why;
};

struct BatchVerdict {
  BatchFault fault = BatchFault::none;
  std::string why;
  std::vector<RecordFault> records;  // At most the first 100.

  bool ok() const { return fault == BatchFault::none; }
};

/// Checks header and checksum of the one batch that `bytes` must be: whole, magic 2, CRC, count =
/// last offset delta + 1 > 0, base offset 0, not a control batch, producer fields consistent, codec
/// known. One pass over the bytes; decompresses nothing.
BatchVerdict check_header(base::BytesView bytes, BatchHeader& header);

/// What the topic asks of records.
struct RecordRules {
  bool key_required = false;  // Compacted topic.
  bool create_time = true;    // False: the broker stamps the time, the records' own does not count.
  base::Timestamp timestamp_least = INT64_MIN;  // now - message.timestamp.before.max.ms
  base::Timestamp timestamp_most = INT64_MAX;   // now + message.timestamp.after.max.ms
  /// Decompressed bytes of one batch at most; a bomb stops there.
  std::size_t plain_bytes_max = std::size_t{1} << 30;
};

/// Walks the records of a batch that passed check_header(): varints, lengths, offset deltas
/// 0..n-1, header keys, nothing left over. Decompresses piece by piece where there is a codec.
/// `max_timestamp` is what the header must say (-1 stays -1). CPU: ~8 ns a record uncompressed.
BatchVerdict check_records(base::BytesView batch, const BatchHeader& header,
                           const RecordRules& rules, base::Timestamp& max_timestamp);

/// True if check_records() may take longer than about a millisecond, so that a loop must not run
/// it.
bool is_slow_to_check(const BatchHeader& header);

}  // namespace record
