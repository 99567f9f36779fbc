#pragma once

#include "protocol/base/result.h"
#include "protocol/error_code.h"
#include "protocol/record/batch_check.h"
#include "storage/log/log.h"

namespace broker {

/// The only crossing from our own failures to what a client is told (DESIGN.md section 8). Each
/// client-visible code is one that stock clients retry or raise as they would with Apache Kafka.
protocol::ErrorCode error_code(base::Fault fault);
protocol::ErrorCode error_code(record::BatchFault fault);
protocol::ErrorCode error_code(storage::AppendVerdict verdict);

}  // namespace broker
