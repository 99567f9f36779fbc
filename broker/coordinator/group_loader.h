#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/coordinator/group_core.h"
#include "protocol/base/result.h"
#include "protocol/record/record_reader.h"
#include "storage/log/log_view.h"

namespace broker {

/// The groups that a partition of __consumer_offsets tells of.
struct LoadedGroups {
  std::unique_ptr<GroupCore> core;
  /// What could not be read and was left out, one line each; the groups it names are distrusted.
  std::vector<std::string> notes;
};

/// Folds one record, of a batch that matches its checksum. If it cannot be read its group is
/// distrusted; an error, with the faults of decode_group_record(), where not even that can be told.
base::Result<> fold_record(GroupCore& core, const record::RecordView& record);

/// Folds the log. A record that cannot be read costs its own group only. Where a batch does not
/// match its checksum, its records cannot be told apart, or batches cannot be found any more, any
/// group may have lost something: an error,
/// that of record::each_record() or replay_log().
///
/// Thread: a worker.
base::Result<LoadedGroups> load_groups(const storage::LogView& log, const GroupLimits& limits,
                                       std::uint64_t seed);

}  // namespace broker
