#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/record/compression.h"

namespace record {

/// Compresses as Kafka's own clients do: gzip (RFC 1952), snappy in xerial framing, LZ4 frame
/// format, zstd. Piece by piece, so that the whole need not be in memory plain. Memory of its own:
/// gzip ~256 KiB, lz4 and snappy ~130 KiB, zstd a few MiB, at its highest levels more. Thread: one
/// at a time.
class Compressor {
 public:
  virtual ~Compressor() = default;
  /// Takes all of `plain` and appends what is ready to `out`. `Fault::full` when out of memory.
  virtual base::Result<> write(base::BytesView plain, std::vector<std::byte>& out) = 0;
  /// Appends the rest and the end. Nothing may be written afterwards.
  virtual base::Result<> finish(std::vector<std::byte>& out) = 0;

  /// `level` is the codec's own; nothing: its default.
  static base::Result<std::unique_ptr<Compressor>> open(Codec codec,
                                                        std::optional<int> level = std::nullopt);
};

/// The whole in one piece. Fails only when out of memory.
base::Result<std::vector<std::byte>> compress(Codec codec, base::BytesView plain,
                                              std::optional<int> level = std::nullopt);

}  // namespace record
