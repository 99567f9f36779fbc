#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/record/batch_header.h"

namespace record {

/// One header of a record. A null value is not an empty one.
struct HeaderView {
  std::string_view key;
  std::optional<base::BytesView> value;
};

/// One record of a batch, valid during the visit only.
struct RecordView {
  base::Offset offset = 0;
  base::Timestamp timestamp = -1;  // The batch's max timestamp where it is log-append time.
  std::optional<base::BytesView> key;
  std::optional<base::BytesView> value;
  base::BytesView headers;  // Their wire form: a varint count, then the headers.
};

/// Visits the headers of a record in order. `Fault::corruption` if they break their format.
base::Result<> each_header(base::BytesView headers,
                           const std::function<void(const HeaderView&)>& visit);

/// Visits the records of a whole batch in order until `visit` returns false. Decompresses bounded:
/// `Fault::full` when a single record exceeds `record_bytes_max`, `Fault::corruption` when the
/// batch breaks its format.
base::Result<> each_record(base::BytesView batch, std::size_t record_bytes_max,
                           const std::function<bool(const RecordView&)>& visit);

/// Visits the batches in a run of bytes, stopping silently at the first that is not whole, as
/// consumers do. `visit` gets the header and the whole batch; false ends the visit.
void each_batch(base::BytesView bytes,
                const std::function<bool(const BatchHeader&, base::BytesView)>& visit);

}  // namespace record
