#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace base {

using BytesView = std::span<const std::byte>;

/// Bytes somebody else owns, and a share of that ownership. A produce request's records point into
/// the frame they arrived in; a fetch response's records point into a mapped segment. Copying one
/// copies a pointer, never the bytes.
///
/// Thread: any; the bytes do not change while somebody holds a share.
struct SharedBytes {
  std::shared_ptr<const void> owner;
  BytesView view;

  friend bool operator==(const SharedBytes& a, const SharedBytes& b) {
    return std::ranges::equal(a.view, b.view);
  }
};

inline BytesView as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// Valid as long as the bytes are.
inline std::string_view as_text(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace base
