#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/ids.h"

namespace storage {

// Names in a partition's directory (docs/on_disk.md). Kafka's where Kafka has such a file:
// LogFileUtils, LeaderEpochCheckpointFile.

inline constexpr std::string_view kLogSuffix = ".log";
inline constexpr std::string_view kIndexSuffix = ".index";
inline constexpr std::string_view kTimeIndexSuffix = ".timeindex";
inline constexpr std::string_view kSnapshotSuffix = ".snapshot";
/// Ours: see segment_checksum.h.
inline constexpr std::string_view kChecksumSuffix = ".checksum";
inline constexpr std::string_view kLeaderEpochFile = "leader-epoch-checkpoint";
/// Room for the next segment, without a record in it: see segment_preparation.h.
inline constexpr std::string_view kPreparedFile = "next-segment.prepared";
/// What recovery took out: `<name>.log.quarantine` a whole file, `<name>.log.quarantine-<position>`
/// what followed a position; with "-2"... where that name was taken.
inline constexpr std::string_view kQuarantineSuffix = ".quarantine";

/// Files that belong to a segment, in the order in which they are removed: as long as one of them
/// is there, the last one is, and tells.
inline constexpr std::array kSegmentSuffixes{kChecksumSuffix, kTimeIndexSuffix, kIndexSuffix,
                                             kLogSuffix};

/// "00000000000000000042.log".
std::string file_name(base::Offset offset, std::string_view suffix);
/// The offset a file is named by, if its name has this suffix and no other form.
std::optional<base::Offset> offset_in_name(std::string_view name, std::string_view suffix);

}  // namespace storage
