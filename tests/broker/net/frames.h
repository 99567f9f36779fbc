#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/big_endian.h"

namespace test_support {

/// A frame's beginning that announces `size` bytes, whatever follows.
inline std::string announced(std::int32_t size, std::string_view follows) {
  std::string out(sizeof size, '\0');
  base::store_big_endian(reinterpret_cast<std::byte*>(out.data()), size);
  return out.append(follows);
}

/// A request or an answer as it is on the wire.
inline std::string framed(std::string_view text) {
  return announced(static_cast<std::int32_t>(text.size()), text);
}

}  // namespace test_support
