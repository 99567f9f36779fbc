// Any bytes through any codec, up to 1 MiB decompressed. The first byte picks the codec.

#include <span>

#include "protocol/base/assert.h"
#include "protocol/record/compressor.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto codec = static_cast<record::Codec>(data[0] % 5);
  const auto input = fuzz::shared(std::span(data, size).subspan(1));
  constexpr std::size_t kMax = 1 << 20;
  const auto plain = record::decompress(codec, input.view, kMax);
  if (!plain) return 0;
  ASSERT(plain->size() <= kMax, "the bound holds");
  const auto compressed = record::compress(codec, *plain).value();
  ASSERT(record::decompress(codec, compressed, kMax).value() == *plain, "what we write we read");
  return 0;
}
