#pragma once

#include <memory>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/record/compression.h"

namespace record {

// Snappy as Kafka's clients send it: blocks in the framing of the snappy-java library (xerial), or
// raw, as librdkafka and sarama also do. The frame, big-endian:
//
//     82 'S' 'N' 'A' 'P' 'P' 'Y' 00   version int32 = 1   compatible int32 = 1
//     then blocks: compressed size int32, raw snappy

/// The header once, then blocks of 32 KiB, as snappy-java writes them; the last of each piece is
/// smaller.
void append_xerial_header(std::vector<std::byte>& out);
void append_xerial_blocks(base::BytesView plain, std::vector<std::byte>& out);

/// Either form. A block is decompressed whole, so one may claim 64 MiB at most, or what its
/// compressed bytes could give (snappy copies at most 64 bytes for three).
base::Result<std::unique_ptr<Decompressor>> open_snappy(base::BytesView compressed);

}  // namespace record
