#pragma once

#include <cstdint>

#include "protocol/base/big_endian.h"
#include "protocol/base/bytes.h"

namespace bench {

/// Reads the fields of a frame one after another, where decoding the whole message would be part of
/// what is measured. After the first field that is not there everything reads as zero: ask bad()
/// once at the end.
///
/// Thread: one at a time.
class FieldReader {
 public:
  explicit FieldReader(base::BytesView bytes) : left_(bytes) {}

  template <class I>
  I integer() {
    const auto bytes = take(sizeof(I));
    return bad_ ? I{} : base::load_big_endian<I>(bytes.data());
  }

  std::uint32_t uvarint() {
    std::uint32_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const std::uint32_t byte = integer<std::uint8_t>();
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    bad_ = true;
    return 0;
  }

  /// A compact string or compact bytes; empty where it is null.
  base::BytesView compact_bytes() {
    const auto length = uvarint();
    return length == 0 ? base::BytesView{} : take(length - 1);
  }
  /// The nullable string of request headers, which is never compact.
  base::BytesView short_text() {
    const auto length = integer<std::int16_t>();
    return length < 0 ? base::BytesView{} : take(static_cast<std::size_t>(length));
  }

  base::BytesView take(std::size_t count) {
    if (count > left_.size()) {
      bad_ = true;
      left_ = {};
      return {};
    }
    const auto taken = left_.first(count);
    left_ = left_.subspan(count);
    return taken;
  }

  bool bad() const { return bad_; }

 private:
  base::BytesView left_;
  bool bad_ = false;
};

}  // namespace bench
