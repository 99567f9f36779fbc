#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "storage/file/file_system.h"

namespace storage {

/// Where recovery ends a log: behind the last batch that is whole, in what is the active segment
/// from then on.
struct LogCut {
  base::Offset segment = 0;  // Its base offset.
  std::uint64_t at = 0;      // Its length from now on.
  std::uint64_t end = 0;     // Behind its last byte that is not zero: `at` if nothing follows.
};

/// What was taken out and kept.
struct CutBytes {
  std::uint64_t bytes = 0;
  std::string where;  // The files, with commas between.
};

/// The position behind the last byte in [from, to) that is not zero; `from` if all are.
base::Result<std::uint64_t> last_nonzero(const File& file, std::uint64_t from, std::uint64_t to);

/// Copies what follows the cut into a quarantine file, durably. The file itself only loses zeros,
/// first of all: on a full disk they are the room for the copy.
base::Result<CutBytes> keep_tail(FileSystem& files, const Path& directory, const LogCut& cut);

/// Takes the segments with these base offsets out of the log: what has bytes gets a quarantine
/// name, what has none goes, and so do their indexes and checksums. The caller syncs the directory.
base::Result<CutBytes> set_aside(FileSystem& files, const Path& directory,
                                 std::span<const base::Offset> bases);

}  // namespace storage
