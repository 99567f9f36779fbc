#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/log_config.h"
#include "protocol/base/result.h"
#include "protocol/record/batch_header.h"
#include "storage/file/file_system.h"
#include "storage/log/log.h"
#include "storage/log/log_cut.h"

namespace storage {

/// Opens a partition's directory after any kind of stop. What it does with each segment (R: the
/// recovery point):
///
///   stop      the segment      batches                torn tail    index files
///   clean     any              trusted                refused      read, else rebuilt
///   unclean   ends below R     trusted                -            read, else rebuilt
///   unclean   any other        synced, read again     set aside    read up to R, rest rebuilt
///                              and verified from R
///
/// "Ends below R": the next one begins below R. One that ends at R may not have been cut to its
/// length. Below R nothing is ever cut. Index files are rebuilt where they are missing or do not
/// fit; nothing that deletes hangs on them.
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
  base::Result<> begin_anew();
  base::Result<> remove_segment(base::Offset base_offset);
  base::Result<> load_epochs();
  base::Result<> load_segments();
  base::Result<> find_start();
  base::Result<> load_settled(base::Offset base_offset, base::Offset next_base);
  base::Result<> check_size(base::Offset base_offset, std::uint64_t size);
  base::Result<base::Offset> indexed_end(const File& file, const Segment& segment);
  base::Result<> rebuild_index(base::Offset base_offset, base::Offset next_base,
                               std::uint64_t size);
  base::Result<> verify(base::Offset base_offset, std::optional<base::Offset> next_base);
  base::Result<> adopt_indexes(Segment& segment, std::uint64_t size);
  base::Result<> walk(Segment& segment, std::uint64_t size, bool may_have_gaps);
  bool has_its_epoch(const record::BatchHeader& header) const;
  base::Result<> check_end(Segment& segment, std::uint64_t size,
                           std::optional<base::Offset> next_base);
  base::Result<> cut();
  base::Result<> rebuild_epochs();
  base::Result<> raise_epoch();
  base::Result<> load_producers();
  base::Result<> remove(const std::string& name);

  FileSystem& files_;
  const Path directory_;
  const config::LogConfig& config_;
  const LogOpening& opening_;
  RecoveryReport& report_;
  std::unique_ptr<Log> log_;
  std::vector<base::Offset> bases_;      // Of the segments found.
  std::vector<base::Offset> snapshots_;  // Found.
  std::set<base::Offset> checksums_;     // Found.
  bool epochs_lost_ = false;
  std::optional<LogCut> cut_;
  bool directory_changed_ = false;
};

}  // namespace storage
