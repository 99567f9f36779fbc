#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/runtime/loop.h"
#include "broker/topics/topic_catalog.h"
#include "config/broker_config.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "storage/data_directory.h"
#include "storage/log/log.h"

namespace broker {

/// What was found in the data directory and recovered: enough to begin to serve.
struct OpenedData {
  std::unique_ptr<storage::DataDirectory> directory;
  std::unique_ptr<storage::Log> metadata_log;
  TopicCatalog catalog;
  std::map<base::TopicIdPartition, std::unique_ptr<storage::Log>> logs;  // One for each partition.
  storage::PartitionOffsets recovery_points;                             // As they are on disk.
  storage::PartitionOffsets start_offsets;                               // Likewise.
  std::vector<storage::Path> deletions;  // Of removed topics, begun and not finished.
};

/// Opens the data directory after any kind of stop (DESIGN.md section 4): takes its lock, removes
/// the clean-shutdown marker durably, folds the metadata log, reconciles directories with it, and
/// recovers all partitions side by side on `workers`. The first start gives the cluster its id.
/// `say` gets one line for everything that an operator should know. Nothing is deleted except what
/// is left of removed topics and of records that were given up.
///
/// Errors: `Fault::missing` when a partition's directory is gone though its topic was not removed,
/// `Fault::invalid` when cluster.id is not the directory's, and those of DataDirectory::open and
/// Log::open. Thread: main, before anything is served.
base::Result<OpenedData> open_data(storage::FileSystem& files, const config::BrokerConfig& config,
                                   WorkerPool& workers, const base::Clock& clock,
                                   const std::function<void(const std::string&)>& say);

}  // namespace broker
