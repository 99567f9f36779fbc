#pragma once

#include <optional>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"

namespace record {

/// Where a record is, and when.
struct RecordTime {
  base::Offset offset = 0;
  base::Timestamp timestamp = -1;  // The batch's max timestamp where it is log-append time.
};

/// The first record of a whole batch, in the order of offsets, whose timestamp is `target` or
/// later, of those at offset `from` and above. Keys and values are passed over a piece at a time
/// and never held, so that a record which is large decompressed costs time only.
/// `Fault::corruption` when the batch breaks its format before the record is found.
base::Result<std::optional<RecordTime>> first_record_since(base::BytesView batch,
                                                           base::Timestamp target,
                                                           base::Offset from = 0);

}  // namespace record
