#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace record {

/// How the records of a batch are compressed; the numbers stand in the batch's attributes.
enum class Codec : std::uint8_t {
  none = 0,
  gzip = 1,
  snappy = 2,
  lz4 = 3,
  zstd = 4
};

constexpr bool is_known(Codec codec) { return static_cast<std::uint8_t>(codec) <= 4; }
/// Kafka's name: "none", "gzip", "snappy", "lz4", "zstd".
std::string_view name_of(Codec codec);

/// Decompresses piece by piece, so that whoever reads can stop a bomb. Accepts what Kafka accepts:
/// raw snappy besides xerial framing, several gzip members or zstd frames one after another.
/// Thread: one at a time.
class Decompressor {
 public:
  virtual ~Decompressor() = default;
  /// Fills the front of `out`; returns how much of it, 0 at the end. `Fault::corruption` if the
  /// input breaks its format.
  virtual base::Result<std::size_t> read(std::span<std::byte> out) = 0;

  /// `compressed` must outlive the decompressor. Memory, whatever the input claims: gzip ~50 KiB;
  /// lz4 ~9 MiB; a snappy block whole, at most 64 MiB and 32 times its compressed bytes; a zstd
  /// window of at most 128 MiB, resident as far as data fills it. What needs more is
  /// `Fault::corruption`.
  static base::Result<std::unique_ptr<Decompressor>> open(Codec codec, base::BytesView compressed);
};

/// The whole in one piece; `Fault::full` if it would exceed `bytes_max`.
base::Result<std::vector<std::byte>> decompress(Codec codec, base::BytesView compressed,
                                                std::size_t bytes_max);

}  // namespace record
