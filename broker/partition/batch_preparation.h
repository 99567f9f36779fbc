#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/log_config.h"
#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/error_code.h"
#include "protocol/record/batch_check.h"
#include "protocol/record/batch_header.h"

namespace broker {

/// Why a batch is not taken; `error` none: it is.
struct Refusal {
  protocol::ErrorCode error = protocol::ErrorCode::none;
  std::string why;
  std::vector<record::RecordFault> records;

  bool refused() const { return error != protocol::ErrorCode::none; }
};

/// A batch on its way into the log: what arrived, and what the log shall keep.
struct BatchInPreparation {
  base::SharedBytes bytes;               // The whole batch, as it arrived or as it was rebuilt.
  record::BatchHeader header;            // As the log shall keep it.
  base::Timestamp log_append_time = -1;  // For the answer; -1 where the producer's time counts.

  base::BytesView records() const { return bytes.view.subspan(record::BatchHeader::kSize); }
};

/// First half, always cheap enough for a loop: header, checksum, size, what this broker does not
/// take. One pass over the bytes.
Refusal begin_preparation(BatchInPreparation& batch, const config::LogConfig& config);

/// True if finish_preparation() may take longer than a loop should (DESIGN.md section 3).
bool is_slow_to_finish(const BatchInPreparation& batch, const config::LogConfig& config);

/// The second half where it is quick. Nothing, with the batch as it was, if it may take longer than
/// a loop should: a small batch that turns out to be a large one is left at its first 256 KiB.
std::optional<Refusal> finish_if_quick(BatchInPreparation& batch, const config::LogConfig& config,
                                       base::Timestamp now);

/// Second half: walks the records, brings them into the topic's codec and time. Touches nothing but
/// its arguments, so it may run on a worker. Source: Kafka's LogValidator.
Refusal finish_preparation(BatchInPreparation& batch, const config::LogConfig& config,
                           base::Timestamp now);

}  // namespace broker
