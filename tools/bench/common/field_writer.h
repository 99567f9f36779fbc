#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/big_endian.h"
#include "protocol/base/bytes.h"

namespace bench {

/// Appends fields of a frame to a buffer; the other side of FieldReader.
///
/// Thread: one at a time.
class FieldWriter {
 public:
  explicit FieldWriter(std::vector<std::byte>& out) : out_(out) {}

  template <class I>
  void integer(I value) {
    std::byte bytes[sizeof(I)];
    base::store_big_endian(bytes, value);
    raw(bytes);
  }
  void uvarint(std::uint32_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<std::byte>(value | 0x80));
    out_.push_back(static_cast<std::byte>(value));
  }
  void compact_bytes(base::BytesView bytes) {
    uvarint(static_cast<std::uint32_t>(bytes.size()) + 1);
    raw(bytes);
  }
  void short_text(std::string_view text) {
    integer(static_cast<std::int16_t>(text.size()));
    raw(base::as_bytes(text));
  }
  void raw(base::BytesView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

  /// Leaves room for the frame's size prefix; returns where, for end_frame().
  std::size_t begin_frame() {
    const auto at = out_.size();
    integer(std::int32_t{0});
    return at;
  }
  /// Sets the size prefix at `at`: what was written since, and `more` bytes that follow from
  /// elsewhere.
  void end_frame(std::size_t at, std::size_t more = 0) {
    const auto size = out_.size() - at - sizeof(std::int32_t) + more;
    base::store_big_endian(out_.data() + at, static_cast<std::int32_t>(size));
  }

 private:
  std::vector<std::byte>& out_;
};

}  // namespace bench
