#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "storage/file/file_system.h"

namespace storage {

/// The partition that holds the broker's own metadata, with the topic id Kafka gives it.
extern const base::TopicIdPartition kMetadataPartition;

/// An offset for each of many partitions: recovery points, or ends at a clean stop.
using PartitionOffsets = std::map<base::TopicIdPartition, base::Offset>;

struct PartitionDirectory {
  base::TopicIdPartition partition;
  Path path;
  /// False: the broker was killed before write_partition_metadata(); the name tells as much.
  bool has_metadata = false;
};

/// What lies in a data directory.
struct DirectoryListing {
  struct Problem {
    Path path;
    std::string why;  // What, why and how to mend it, in sentences.
  };
  std::vector<PartitionDirectory>
      partitions;                 // In order of their ids; the metadata log is not one.
  std::vector<Path> deletions;    // Begun and not finished: for finish_delete().
  std::vector<Path> strays;       // Set aside earlier.
  std::vector<Problem> problems;  // Damaged or foreign; left as they are.
};

/// The one directory in which a broker keeps everything. Nothing in it is ever deleted except
/// partitions whose topic was, and segments below the start of their log. The layout is in
/// docs/on_disk.md:
///
///     stele.format                       the version of this layout
///     .lock                              held while a broker runs
///     .stele_cleanshutdown               only between a clean stop and the next start
///     recovery-point-offset-checkpoint   below it a partition's log was synced
///     log-start-offset-checkpoint        below it a partition's log was given up
///     __cluster_metadata-0/              topics, configs, producer ids
///     <topic id>-<partition>/            a partition's log, with Kafka's partition.metadata
///     <...>-delete  <...>-stray          on its way out; set aside
///
/// Errors are for the operator: what is wrong, why that stops us, what to do.
/// Thread: one at a time. What concerns a single partition or directory (path_of(),
/// write_partition_metadata(), set_aside(), begin_delete(), finish_delete()): any, one at a time
/// for each.
class DataDirectory {
 public:
  static constexpr int kFormat = 1;

  /// Takes the directory for this process, creating it (and its parents) if need be.
  /// `Fault::exists`: another process has it. `Fault::invalid`: it holds somebody else's files.
  /// `Fault::unsupported`: written by a newer program. In all these cases nothing was changed.
  static base::Result<std::unique_ptr<DataDirectory>> open(FileSystem& files, Path path);

  const Path& path() const { return path_; }
  Path path_of(const base::TopicIdPartition& partition) const;

  /// Looks at everything in the directory. Fails only if that cannot be read at all.
  base::Result<DirectoryListing> list() const;

  /// Writes `partition.metadata` into a partition's directory, durably. Source: Kafka's
  /// PartitionMetadataFile.
  base::Result<> write_partition_metadata(const base::TopicIdPartition& partition);

  /// The ends of all logs if the last stop was clean, else nothing. The marker is gone, durably,
  /// when this returns: to be called before the first write.
  base::Result<std::optional<PartitionOffsets>> take_clean_marker();
  /// The last thing a clean stop does: all logs are closed and synced and end at `ends`.
  base::Result<> write_clean_marker(const PartitionOffsets& ends);

  /// Kafka's text format, with topic ids in place of names. A partition that is not in it has the
  /// recovery point 0. `Fault::corruption`: start no broker on a guess.
  base::Result<PartitionOffsets> read_recovery_points() const;
  base::Result<> write_recovery_points(const PartitionOffsets& points);
  /// The same for where logs begin: at 0 where nothing is said. Durable when it returns.
  base::Result<PartitionOffsets> read_start_offsets() const;
  base::Result<> write_start_offsets(const PartitionOffsets& starts);

  /// Renames a directory to `<name>-stray` (`-stray-2`... if taken), durably. Returns its new path.
  base::Result<Path> set_aside(const Path& directory);
  /// Renames a partition's directory to `<name>-delete`, durably: from now on it is not a
  /// partition. Its open files stay good. Returns its new path, for finish_delete().
  base::Result<Path> begin_delete(const base::TopicIdPartition& partition);
  /// Removes a directory and all in it. Slow: for the pool.
  base::Result<> finish_delete(const Path& directory) const;

 private:
  DataDirectory(FileSystem& files, Path path, std::shared_ptr<void> lock)
      : files_(files), path_(std::move(path)), lock_(std::move(lock)) {}

  struct Damage {
    std::string_view unknown;
    std::string_view fix;
  };
  base::Result<PartitionOffsets> read_offsets(std::string_view name, const Damage& damage) const;
  base::Result<Path> rename_with_suffix(const Path& directory, std::string_view suffix);
  base::Result<> list_one(const std::string& name, DirectoryListing& listing) const;
  base::Result<bool> check_metadata(const PartitionDirectory& found,
                                    DirectoryListing& listing) const;

  FileSystem& files_;
  const Path path_;
  const std::shared_ptr<void> lock_;
};

}  // namespace storage
