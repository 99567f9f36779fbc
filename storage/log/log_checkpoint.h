#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "storage/file/file_system.h"
#include "storage/log/producer_table.h"
#include "storage/log/segment_data.h"
#include "storage/log/segment_index.h"

namespace storage {

/// What a checkpoint has to write: taken on the partition's loop, written on a worker. Holds shares
/// of what it needs, so that the log may go on meanwhile.
struct CheckpointPlan {
  struct SegmentPart {
    base::Offset base_offset = 0;
    std::shared_ptr<File> file;
    std::shared_ptr<SegmentData> data;
    IndexContents index;
    /// The final length of a segment that is sealed and on disk; nothing else is settled.
    std::optional<std::uint64_t> settled_size;
  };

  base::Offset recovery_point = 0;
  Path directory;
  std::vector<SegmentPart> segments;  // All that are not settled.
  ProducerTable::Shared producers;    // For their snapshot,
  base::Offset producers_at = 0;      // ...and where in the log it was taken.
  std::vector<base::Offset> snapshots_kept;
  std::vector<base::Offset> snapshots_obsolete;
};

/// Carries a plan out: cuts sealed segments to their length, replaces index files, writes the
/// producers' snapshot and the checksums of sealed segments. What is below the recovery point was
/// synced by the committer before. When this returns the caller may make the recovery point durable
/// and then call Log::note_checkpoint(). `Fault::full` and `Fault::busy`: nothing is lost, try
/// again later. Any other failure is final, as that of a sync is. The value: lines for the operator
/// about what was found to be damaged on the way.
///
/// Thread: any, one plan of a log at a time.
base::Result<std::vector<std::string>> write_checkpoint(FileSystem& files,
                                                        const CheckpointPlan& plan);

}  // namespace storage
