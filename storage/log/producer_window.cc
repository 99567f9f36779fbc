#include "storage/log/producer_window.h"

#include <algorithm>
#include <limits>

namespace storage {

std::int32_t ProducerWindow::Batch::first_sequence() const {
  constexpr auto kSequenceMax = std::numeric_limits<std::int32_t>::max();
  return last_sequence >= offset_delta ? last_sequence - offset_delta
                                       : kSequenceMax - (offset_delta - last_sequence) + 1;
}

void ProducerWindow::add(const Batch& batch) {
  if (count == kBatches) {
    std::shift_left(batches.begin(), batches.end(), 1);
    --count;
  }
  batches[count++] = batch;
  last_timestamp = batch.timestamp;
}

}  // namespace storage
