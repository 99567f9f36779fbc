#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/log_config.h"
#include "protocol/base/result.h"
#include "protocol/record/batch_header.h"
#include "storage/file/file_system.h"
#include "storage/log/log.h"

namespace storage {

/// Opens a partition's directory after any kind of stop. What it does with each segment:
///
///   stop     where the segment lies              batches           torn tail      indexes
///   clean    anywhere                            trusted           none           read
///   unclean  below the recovery point            trusted           none           read, else
///   rebuilt unclean  holds the recovery point, or above  synced, read      quarantined    rebuilt
///   above it
///                                                again, verified   and cut
///
/// Below the recovery point nothing is ever cut. Indexes are rebuilt where they are missing or do
/// not fit; they decide nothing.
///
/// Thread: one; different partitions side by side.
class LogLoader {
 public:
  LogLoader(FileSystem& files, Path directory, const config::LogConfig& config,
            const LogOpening& opening, RecoveryReport& report)
      : files_(files),
        directory_(std::move(directory)),
        config_(config),
        opening_(opening),
        report_(report) {}

  base::Result<std::unique_ptr<Log>> load();

 private:
  base::Result<> list();
  base::Result<> load_epochs();
  base::Result<> load_sealed(base::Offset base, base::Offset next_base);
  base::Result<> rebuild_sealed(base::Offset base, std::uint64_t size);
  base::Result<> load_active(base::Offset base);
  base::Result<> adopt_indexes(Segment& segment, std::uint64_t size);
  base::Result<> verify_from(Segment& segment, std::uint64_t size);
  base::Result<> settle_tail(Segment& segment, std::uint64_t at, std::uint64_t size);
  base::Result<std::uint64_t> last_nonzero(const File& file, std::uint64_t from,
                                           std::uint64_t to) const;
  base::Result<> quarantine(const File& file, const Path& path, std::uint64_t from,
                            std::uint64_t to);
  base::Result<> set_aside_later_segments(base::Offset base);
  base::Result<> load_producers();
  base::Result<> bump_epoch();

  FileSystem& files_;
  const Path directory_;
  const config::LogConfig& config_;
  const LogOpening& opening_;
  RecoveryReport& report_;
  std::unique_ptr<Log> log_;
  std::vector<base::Offset> bases_;      // Of the segments found.
  std::vector<base::Offset> snapshots_;  // Found.
  bool cut_ = false;
};

}  // namespace storage
