#pragma once

#include <cstdint>

#include "protocol/base/bytes.h"

namespace base {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), the checksum of Kafka's batches. Uses the machine's
/// own instruction where it has one. Thread: any.
std::uint32_t crc32c(BytesView bytes);

/// The checksum of `bytes` appended to what `crc` is the checksum of; 0 for nothing yet.
std::uint32_t crc32c_extend(std::uint32_t crc, BytesView bytes);

/// The portable way, for machines without the instruction and as an oracle for the others.
std::uint32_t crc32c_extend_by_table(std::uint32_t crc, BytesView bytes);

}  // namespace base
