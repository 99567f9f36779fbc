#pragma once

#include <cstdint>
#include <string>

#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "tools/bench/load/caller.h"

namespace bench {

/// What a run needs besides its load: a topic, and the truth about it afterwards. One request at a
/// time, with the declared messages.
///
/// Thread: one at a time.
class Admin {
 public:
  explicit Admin(Connection connection) : caller_(std::move(connection)) {}

  /// Creates a topic that syncs before it acknowledges, or never syncs, and waits until all its
  /// partitions can be written to.
  base::Result<> create_topic(const std::string& name, std::int32_t partitions, bool synced);
  base::Result<base::Offset> high_watermark(const std::string& topic, std::int32_t partition);
  /// The cheapest request there is.
  base::Result<> ask_api_versions();

 private:
  base::Result<bool> is_ready(const std::string& topic, std::int32_t partitions);

  Caller caller_;
};

}  // namespace bench
