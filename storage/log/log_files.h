#pragma once

#include <string_view>

namespace storage {

// Names in a partition's directory besides those of segments (docs/on_disk.md).

/// Kafka's name and format (LeaderEpochCheckpointFile).
inline constexpr std::string_view kLeaderEpochFile = "leader-epoch-checkpoint";
/// What recovery cut: `<base offset>.log.quarantine-<position>`, and whole segments that followed.
inline constexpr std::string_view kQuarantineSuffix = ".quarantine";

}  // namespace storage
