#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "protocol/record/batch_header.h"
#include "storage/log/producer_table.h"

namespace storage {

enum class SequenceVerdict : std::uint8_t {
  ok,
  duplicate,               // The batch is in the log already.
  out_of_order_sequence,   // OUT_OF_ORDER_SEQUENCE_NUMBER
  invalid_producer_epoch,  // INVALID_PRODUCER_EPOCH
};

/// What check() found. The offsets and the timestamp are the original batch's, for duplicates only.
struct SequenceCheck {
  SequenceVerdict verdict = SequenceVerdict::ok;
  base::Offset base_offset = -1;
  base::Offset last_offset = -1;
  base::Timestamp timestamp = -1;  // When it was appended; -1 for a batch with create time.
};

/// Which batch each idempotent producer has appended last to a partition: tells repeats from gaps.
///
/// An append checks and applies batch by batch, so that batches of one append see each other, and
/// takes back what could not be written:
///
///     const auto mark = producers.mark();
///     for (batch : batches)
///       if (producers.check(batch).verdict == SequenceVerdict::ok)
///         producers.update(batch, base_offset, now);
///     write() ? producers.commit() : producers.rollback(mark);
///
/// Timestamps here are those of the append, not of the records: a producer that sends old records
/// must not be forgotten at once. Otherwise the rules are Kafka's ProducerAppendInfo and
/// ProducerStateManager.
///
/// Thread: one at a time.
class ProducerState {
 public:
  /// How many updates can be taken back; from mark().
  using Mark = std::size_t;

  /// May the batch be appended now? A batch without producer always may. Duplicates are found
  /// first, in the producer's present epoch only; then an older epoch is refused, a newer one must
  /// begin with sequence 0, and otherwise the sequence must follow the last (0 follows 2^31 - 1).
  /// A producer that is not known may begin with any sequence: its state may have expired.
  SequenceCheck check(const record::BatchHeader& header) const;

  /// The batch is in the log at `base_offset` (the header's own does not count). `now`: time of the
  /// append, or in replay the time of opening; a batch with log-append time carries its own.
  void update(const record::BatchHeader& header, base::Offset base_offset, base::Timestamp now);

  /// Updates from here on can be taken back until commit().
  Mark mark();
  /// Takes back every update since `mark`, and keeps those before it open to be taken back.
  void rollback(Mark mark);
  /// Keeps all updates; marks are void.
  void commit();

  /// Forgets producers that have not appended for `expiration_ms` (producer.id.expiration.ms).
  /// Returns how many. Not between mark() and commit().
  std::size_t expire(base::Timestamp now, std::int64_t expiration_ms);

  /// A producer's window, for tests and tools; null if it is not known.
  const ProducerWindow* find(base::ProducerId producer_id) const;
  /// All windows of this moment, without a copy.
  ProducerTable::Shared windows() const { return producers_.share(); }
  std::size_t size() const { return producers_.size(); }
  void clear();

  /// The file `NNN.snapshot` in Kafka's format (version 1, big-endian): CRC-32C over what follows
  /// it, a count, then per batch of a window, oldest first, producer id, epoch, last sequence, last
  /// offset, offset delta, timestamp, coordinator epoch and first offset of the open transaction
  /// (both -1). Kafka writes the last batch of each producer only and lets the last entry of a
  /// producer win, so it reads ours; we read either.
  ///
  /// `windows` may be of an earlier moment, so that a worker makes the file: it takes long.
  static std::vector<std::byte> to_snapshot(const ProducerTable::Shared& windows);
  std::vector<std::byte> to_snapshot() const { return to_snapshot(windows()); }
  /// `Fault::corruption` for bytes that break the format or their checksum, `Fault::unsupported`
  /// for another version.
  static base::Result<ProducerState> from_snapshot(base::BytesView bytes);

 private:
  struct Undo {
    base::ProducerId producer_id;
    std::optional<ProducerWindow> before;
  };

  ProducerTable producers_;
  std::vector<Undo> undo_;
  bool staging_ = false;
};

}  // namespace storage
