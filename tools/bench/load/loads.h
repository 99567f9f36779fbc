#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/result.h"
#include "tools/bench/load/connection.h"
#include "tools/bench/load/request_ring.h"

namespace bench {

/// What is said about a run: names and numbers, in order. Units are part of the names.
using Report = std::vector<std::pair<std::string, double>>;

/// What all loads are told.
struct Target {
  Address broker;
  int broker_process = 0;  // Whose CPU time to report; 0: nobody's.
  std::string topic = "bench";
  bool synced = false;  // The topic's batches are acknowledged when they are on disk.
  std::chrono::milliseconds warm_up{300};
  std::chrono::milliseconds duration{2000};
};

/// As many produce requests as `connections` take, each with `depth` of them under way.
struct ProduceLoad {
  BatchShape shape;
  std::int32_t partitions = 1;
  int connections = 1;
  std::size_t depth = 1;
  std::uint64_t bytes_max = UINT64_MAX;  // Of record values; ends the run before its time.
};
base::Result<Report> run_produce(const Target& target, const ProduceLoad& load);

/// Single records at a fixed rate, and how long each takes until a consumer that waits for it has
/// it. Times count from when a record was due, not from when the generator got round to it.
struct LatencyLoad {
  std::size_t record_bytes = 100;
  int records_per_second = 1000;
};
base::Result<Report> run_latency(const Target& target, const LatencyLoad& load);

/// Fetches what was just produced, over and over, one request at a time on each connection.
struct ConsumeLoad {
  int connections = 1;
  std::int32_t fetch_bytes = 1 << 20;
  std::uint64_t fill_bytes = 256 << 20;  // For each connection, in a partition of its own.
};
base::Result<Report> run_consume(const Target& target, const ConsumeLoad& load);

/// Groups of one member each, which beats every `interval`; all of them spread evenly over it.
struct HeartbeatLoad {
  int groups = 10'000;
  int connections = 100;
  std::chrono::milliseconds interval{3000};
};
base::Result<Report> run_heartbeat(const Target& target, const HeartbeatLoad& load);

/// A group whose leader comes again, over and over. The group's initial delay must be long enough
/// for all members to come; the partitions are only talked about.
struct RebalanceLoad {
  int members = 100;
  std::int32_t partitions = 1000;
  int rebalances = 20;
};
base::Result<Report> run_rebalance(const Target& target, const RebalanceLoad& load);

/// A group for each connection, which commits one offset at a time. Their states are spread over so
/// many partitions of __consumer_offsets.
struct CommitLoad {
  int connections = 64;
  std::int32_t partitions = 50;
};
base::Result<Report> run_commit(const Target& target, const CommitLoad& load);

/// Every group commits an offset for every partition of every topic.
struct OffsetsLoad {
  int groups = 1000;
  int topics = 20;
  std::int32_t partitions = 50;  // Of each topic.
  std::int64_t ready_ns = 0;     // When the broker was ready, by the monotonic clock.
};
base::Result<Report> run_fill_offsets(const Target& target, const OffsetsLoad& load);
/// Of a broker that was filled and started again: from when it was ready until a group of each
/// partition of __consumer_offsets is told its offsets.
base::Result<Report> run_first_offsets(const Target& target, const OffsetsLoad& load);

/// Starts `command`, which must print "ready on HOST:PORT", and takes the time from exec to its
/// first answer. Ends it again.
base::Result<Report> run_start(const std::vector<std::string>& command);

}  // namespace bench
