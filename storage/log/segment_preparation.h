#pragma once

#include <cstdint>

#include "protocol/base/result.h"
#include "storage/file/file_system.h"
#include "storage/log/segment.h"

namespace storage {

/// What to make ahead of a roll, so that the loop need not wait for a large allocation (up to 4 ms,
/// measured on ext4). The file has a name of its own until the roll gives it the segment's: it
/// never holds a record, and a start removes it.
struct PreparationPlan {
  FileSystem& files;
  Path path;
  std::uint64_t bytes = 0;
};

/// Makes the file. `Fault::full`, `Fault::busy` and `Fault::unsupported` are no harm: the roll
/// makes its file itself then. Thread: any, one plan of a log at a time.
base::Result<PreparedFile> prepare_segment(const PreparationPlan& plan);

}  // namespace storage
