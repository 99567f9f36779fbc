#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/result.h"

namespace storage {

/// At which offset each leader epoch of a partition began: what lets a client find out that records
/// it has seen are gone. Source: Kafka's LeaderEpochFileCache; epochs and start offsets both only
/// grow.
///
/// Thread: one at a time; a copy is cheap (one entry per unclean restart).
class LeaderEpochs {
 public:
  struct Entry {
    base::LeaderEpoch epoch = 0;
    base::Offset start_offset = 0;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  struct EpochEnd {
    base::LeaderEpoch epoch = 0;
    base::Offset end_offset = 0;
    friend bool operator==(const EpochEnd&, const EpochEnd&) = default;
  };

  /// Says that records from `start_offset` on carry `epoch`. An epoch not above the latest changes
  /// nothing; entries that would start at or after `start_offset` have no record left and go. True
  /// if the list changed, so that its file must be written.
  bool assign(base::LeaderEpoch epoch, base::Offset start_offset);

  /// The epoch of the newest records; nothing in a log that never had one.
  std::optional<Entry> latest() const;

  /// OffsetForLeaderEpoch: the largest known epoch that is not above `epoch`, and where it ends;
  /// the latest ends at `log_end`. As Kafka: nothing for an epoch above the latest, and for one
  /// below all known (`epoch`, start of the first).
  std::optional<EpochEnd> end_offset_for(base::LeaderEpoch epoch, base::Offset log_end) const;

  /// The epoch of the record at `offset`; nothing before the first entry.
  std::optional<base::LeaderEpoch> epoch_for_offset(base::Offset offset) const;

  /// The log now ends at `offset`: entries that start there or later go. True if any did.
  bool truncate_from_end(base::Offset offset);

  /// The log now begins at `offset`: of the entries before it the last one stays, and begins there
  /// (Kafka's LeaderEpochFileCache.truncateFromStart).
  void truncate_from_start(base::Offset offset);

  std::span<const Entry> entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }

  /// The file `leader-epoch-checkpoint` as Kafka writes it: version 0, the count, then one line
  /// "epoch startOffset" each.
  std::string to_text() const;
  /// `Fault::corruption` for anything that to_text() cannot have written; `Fault::unsupported` for
  /// another version.
  static base::Result<LeaderEpochs> parse(std::string_view text);

 private:
  std::vector<Entry> entries_;  // By epoch, and so by offset.
};

}  // namespace storage
