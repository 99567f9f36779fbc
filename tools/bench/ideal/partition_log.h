#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "tools/bench/common/descriptor.h"

namespace bench {

/// The least that a log has to be to be compared with Stele's: preallocated segments, written with
/// pwritev, read through a mapping. It keeps no index file and recovers nothing.
///
/// Thread: the broker's; what dirty_files() names may be synced on another.
class PartitionLog {
 public:
  PartitionLog(std::string name, std::filesystem::path directory, std::uint64_t segment_bytes,
               bool synced)
      : name_(std::move(name)),
        directory_(std::move(directory)),
        segment_bytes_(segment_bytes),
        synced_(synced) {}

  const std::string& name() const { return name_; }
  /// True: batches may be seen and acknowledged only when a sync covers them.
  bool synced() const { return synced_; }

  /// Stamps base offset and leader epoch into `batch` and keeps it for the next write(). Its bytes
  /// stay where they are until then. Returns the base offset.
  base::Result<base::Offset> take(std::span<std::byte> batch, std::int32_t last_offset_delta);
  /// Writes what was taken, with one system call.
  base::Result<> write();

  base::Offset end() const { return end_; }
  base::Offset committed() const { return committed_; }
  void commit(base::Offset end) { committed_ = std::max(committed_, end); }
  /// Files written since the last call.
  std::vector<int> dirty_files() { return std::exchange(dirty_, {}); }

  /// Whole batches from `from` on, up to `bytes_max` but one at least, from one segment.
  base::BytesView read(base::Offset from, std::size_t bytes_max) const;

 private:
  struct Batch {
    base::Offset offset;
    std::uint64_t position;
  };
  struct Segment {
    Descriptor file;
    const std::byte* mapping = nullptr;  // Stays until the process ends.
    std::uint64_t size = 0;              // Written and taken.
    std::vector<Batch> batches;
  };

  base::Result<> roll();

  const std::string name_;
  const std::filesystem::path directory_;
  const std::uint64_t segment_bytes_;
  const bool synced_;
  std::vector<Segment> segments_;
  std::vector<iovec> taken_;
  std::uint64_t taken_bytes_ = 0;
  std::vector<int> dirty_;
  base::Offset end_ = 0;
  base::Offset committed_ = 0;
};

}  // namespace bench
