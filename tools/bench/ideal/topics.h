#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "tools/bench/ideal/partition_log.h"
#include "tools/bench/ideal/requests.h"

namespace bench {

/// The topics of the ideal broker, and its answers to the requests that make and find them. These
/// are rare: the declared messages do.
///
/// Thread: the broker's.
class Topics {
 public:
  Topics(std::filesystem::path directory, std::uint64_t segment_bytes)
      : directory_(std::move(directory)), segment_bytes_(segment_bytes) {}

  /// Null if there is no such partition.
  PartitionLog* find(base::BytesView topic, std::int32_t partition) const;

  /// The whole answer to ApiVersions, Metadata or CreateTopics; `port` is where clients reach us.
  base::Result<std::vector<std::byte>> answer(const Head& head, base::BytesView frame,
                                              std::uint16_t port);

 private:
  struct Topic {
    std::string name;
    std::vector<std::unique_ptr<PartitionLog>> partitions;
  };

  const std::filesystem::path directory_;
  const std::uint64_t segment_bytes_;
  std::vector<Topic> topics_;
};

}  // namespace bench
