#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "broker/partition/partition.h"
#include "broker/runtime/loop.h"
#include "broker/runtime/task.h"
#include "protocol/base/result.h"
#include "protocol/messages/metadata_records.h"

namespace broker {

/// How __cluster_metadata-0 is kept: for ever, synced before anything is answered.
std::shared_ptr<const config::LogConfig> metadata_log_config();

/// Hands every record of the metadata log to `apply`, from the beginning. Fails at what it cannot
/// read, naming the version that wrote it where that is why.
base::Result<> replay_metadata(
    const storage::LogView& log,
    const std::function<base::Result<>(const protocol::MetadataRecord&)>& apply);

/// The records as one batch of that log. Errors: those of BatchBuilder.
base::Result<std::vector<std::byte>> metadata_batch(
    const std::vector<protocol::MetadataRecord>& records, base::Timestamp now);

/// Appends to __cluster_metadata-0: all records of one call or none.
///
/// Thread: the loop of its partition.
class MetadataLog {
 public:
  explicit MetadataLog(std::shared_ptr<Partition> partition) : partition_(std::move(partition)) {}

  const std::shared_ptr<Partition>& partition() const { return partition_; }
  Loop& loop() { return partition_->loop(); }

  /// Ends when the records are committed, which for this log means on disk.
  Task<base::Result<>> append(std::vector<protocol::MetadataRecord> records);

 private:
  std::shared_ptr<Partition> partition_;
};

}  // namespace broker
