#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/base/ids.h"

namespace storage {

/// The last batches of one idempotent producer, oldest first. Five, because a client keeps at most
/// five requests in flight and may repeat any of them (KIP-98, KAFKA-5494).
///
/// Thread: whoever owns it.
struct ProducerWindow {
  static constexpr std::size_t kBatches = 5;
  struct Batch {
    base::Offset last_offset = -1;
    base::Timestamp timestamp = -1;  // When the batch was appended.
    std::int32_t last_sequence = -1;
    std::int32_t offset_delta = 0;  // Of the last record.

    base::Offset base_offset() const { return last_offset - offset_delta; }
    std::int32_t first_sequence() const;
    friend bool operator==(const Batch&, const Batch&) = default;
  };

  std::array<Batch, kBatches> batches{};  // The first `count` are in use.
  base::Timestamp last_timestamp = -1;    // Of the last append, a control batch's too.
  base::ProducerEpoch epoch = -1;
  std::uint8_t count = 0;

  std::span<const Batch> known() const { return {batches.data(), count}; }
  void add(const Batch& batch);
};

}  // namespace storage
