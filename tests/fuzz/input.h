#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "protocol/base/bytes.h"

namespace fuzz {

/// What libFuzzer hands in, in memory of exactly its size, so that a read beyond it is seen.
inline base::SharedBytes shared(std::span<const std::uint8_t> input) {
  const auto owner = std::make_shared<std::vector<std::byte>>(input.size());
  for (std::size_t i = 0; i < input.size(); ++i) (*owner)[i] = static_cast<std::byte>(input[i]);
  return {owner, *owner};
}

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
