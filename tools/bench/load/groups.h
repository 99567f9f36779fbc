#pragma once

#include <cstdint>
#include <string>

#include "protocol/base/result.h"
#include "protocol/error_code.h"
#include "tools/bench/load/caller.h"

namespace bench {

/// How many partitions __consumer_offsets has by default, with Kafka and with us.
inline constexpr std::int32_t kOffsetsPartitions = 50;
inline constexpr const char* kOffsetsTopic = "__consumer_offsets";

/// A group whose state is kept in `offsets_partition`; others for other numbers.
std::string group_on(std::int32_t offsets_partition, int number);

/// Returns when a group of every partition is answered and not put off.
base::Result<> await_groups(Caller& caller);

/// Makes the offsets topic, and waits as await_groups() does.
base::Result<> prepare_groups(Caller& caller);

/// `Fault::invalid` that names request and code, unless there is no error.
base::Result<> expect_none(const char* request, protocol::ErrorCode error);

}  // namespace bench
