#include "protocol/wire/decoder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "protocol/base/big_endian.h"

namespace protocol {
namespace {

/// Lists of structs are larger in memory than on the wire, and a frame must not become a bomb. What
/// honest requests name grows at most eightfold (a group's protocols with short names and nothing
/// else); only small ones may grow as the smallest legal items do. What makes a frame large is
/// records and other bytes, which are not copied.
std::size_t memory_for(std::size_t frame_bytes) {
  constexpr std::size_t kFree = std::size_t{1} << 20;
  constexpr std::size_t kMost = std::size_t{64} << 20;
  return kFree + std::min(8 * frame_bytes, kMost);
}

/// A text up to this length lies in its std::string itself.
const std::size_t kTextInside = std::string().capacity();

/// Sets `bad_` at the first bad byte; every later read yields zero, so the whole message is checked
/// once, at the end, instead of after each field.
class Decoder final : public FieldVisitor {
 public:
  Decoder(base::SharedBytes in, ApiVersion version, bool flexible)
      : in_(std::move(in)),
        version_(version),
        flexible_(flexible),
        memory_left_(memory_for(in_.view.size())) {}

  void structure(StructRef s) override {
    const auto tag = std::exchange(tag_, -1);
    s.fields(*this);
    if (flexible_) tagged_fields(s);
    tag_ = tag;
  }

  bool bad() const { return bad_; }
  const char* why() const { return why_; }
  const char* field() const { return field_; }
  base::SharedBytes rest() && { return std::move(in_); }

 private:
  void tagged_fields(StructRef s) {
    std::int64_t previous = -1;
    for (auto n = uvarint(); n > 0 && !bad_; --n) {
      const auto tag = uvarint();
      const auto body = take(uvarint());
      if (bad_) return;
      if (tag <= previous) return fail("its tagged fields are not in ascending order");
      previous = tag;
      if (tag <= kTagMax) tagged_field(s, static_cast<int>(tag), body);
    }
  }

  /// A tag that no field of this version has is skipped with its body.
  void tagged_field(StructRef s, int tag, base::BytesView body) {
    const auto after = std::exchange(in_.view, body);
    tag_ = tag;
    const bool outer = std::exchange(is_tag_known_, false);
    s.fields(*this);
    const bool known = std::exchange(is_tag_known_, outer);
    if (bad_) return;
    if (known && !in_.view.empty()) return fail("a tagged field is longer than its value");
    in_.view = after;
  }

  bool enter(const char* name, const Field& field, bool) override {
    if (bad_ || !field.present.contains(version_) || field.tag != tag_) return false;
    is_tag_known_ = true;
    nullable_ = field.nullable.contains(version_);
    field_ = name;
    return true;
  }
  void leave(const Field&) override {}

  void fail(const char* why) {
    if (!bad_) why_ = why;
    bad_ = true;
    in_.view = {};
  }

  base::BytesView take(std::size_t n) {
    if (n > in_.view.size()) {
      fail("it ends too early");
      return {};
    }
    const auto taken = in_.view.first(n);
    in_.view = in_.view.subspan(n);
    return taken;
  }

  void use_memory(std::size_t bytes) {
    if (bytes > memory_left_) return fail("its lists and texts need too much memory for its size");
    memory_left_ -= bytes;
  }

  template <class I>
  I integer() {
    const auto bytes = take(sizeof(I));
    return bad_ ? I{} : base::load_big_endian<I>(bytes.data());
  }

  std::uint32_t uvarint() {
    std::uint32_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const std::uint32_t byte = integer<std::uint8_t>();
      if (bad_) return 0;
      if (shift == 28 && byte > 0x0f) break;  // More than 32 bits.
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    fail("a varint is too long");
    return 0;
  }

  /// A length, or -1 for null where this field may be null here.
  template <class I>
  std::int64_t length() {
    const auto n = flexible_ ? std::int64_t{uvarint()} - 1 : std::int64_t{integer<I>()};
    if (bad_) return 0;
    if (n >= 0 || (n == -1 && nullable_)) return n;
    fail("a length is negative");
    return 0;
  }

  void number(bool& v) override { v = integer<std::uint8_t>() != 0; }
  void number(std::int8_t& v) override { v = integer<std::int8_t>(); }
  void number(std::int16_t& v) override { v = integer<std::int16_t>(); }
  void number(std::uint16_t& v) override { v = integer<std::uint16_t>(); }
  void number(std::int32_t& v) override { v = integer<std::int32_t>(); }
  void number(std::uint32_t& v) override { v = integer<std::uint32_t>(); }
  void number(std::int64_t& v) override { v = integer<std::int64_t>(); }
  void number(double& v) override { v = std::bit_cast<double>(integer<std::uint64_t>()); }
  void number(Uuid& v) override {
    const auto bytes = take(v.bytes.size());
    if (!bad_) std::memcpy(v.bytes.data(), bytes.data(), bytes.size());
  }

  std::string_view text(std::int64_t size) {
    if (size > std::int64_t{kTextMax}) {
      fail("a text is too long");
      return {};
    }
    const auto bytes = take(static_cast<std::size_t>(size));
    if (bytes.size() > kTextInside) use_memory(bytes.size());
    return bad_ ? std::string_view() : base::as_text(bytes);
  }

  void text_or_bytes(std::string& v) override {
    const auto n = length<std::int16_t>();
    if (n < 0) return fail("a text is null where it may not be");
    v = text(n);
  }
  void text_or_bytes(std::optional<std::string>& v) override {
    const auto n = length<std::int16_t>();
    if (n < 0)
      v.reset();
    else
      v.emplace(text(n));
  }
  void text_or_bytes(base::SharedBytes& v) override {
    const auto n = length<std::int32_t>();
    if (n < 0) return fail("bytes are null where they may not be");
    v = {in_.owner, take(static_cast<std::size_t>(n))};
  }
  void text_or_bytes(std::optional<base::SharedBytes>& v) override {
    const auto n = length<std::int32_t>();
    if (n < 0)
      v.reset();
    else
      v = base::SharedBytes{in_.owner, take(static_cast<std::size_t>(n))};
  }

  bool structure_or_null(bool) override {
    const bool present = integer<std::int8_t>() >= 0;
    if (!present && !nullable_) fail("a structure is null where it may not be");
    return present && !bad_;
  }

  bool list(bool, ListRef items) override {
    const auto signed_count = length<std::int32_t>();
    if (signed_count < 0) {
      if (!items.can_be_null()) fail("a list is null where it may not be");
      return true;
    }
    const auto count = static_cast<std::size_t>(signed_count);
    // Every item takes a byte at least: a larger count is a lie.
    if (count > in_.view.size()) {
      fail("a count is larger than what follows");
      return false;
    }
    use_memory(count * items.item_bytes());
    if (bad_) return false;
    items.resize(count);
    nullable_ = false;  // Items are never null.
    for (std::size_t i = 0; i < count && !bad_; ++i) items.item(i, *this);
    return false;
  }

  base::SharedBytes in_;
  ApiVersion version_;
  bool flexible_;
  std::size_t memory_left_;
  bool bad_ = false;
  bool nullable_ = false;
  int tag_ = -1;  // The tag whose body is being read; -1: ordinary fields.
  bool is_tag_known_ = false;
  const char* why_ = "";
  const char* field_ = "";
};

base::Error broken(const Decoder& decoder) {
  return {base::Fault::corruption,
          fmt::format("{} (in the field {})", decoder.why(), decoder.field())};
}

}  // namespace

base::Result<base::SharedBytes> decode_front(StructRef message, const ApiSpec& api,
                                             ApiVersion version, base::SharedBytes input) {
  Decoder decoder(std::move(input), version, api.flexible(version));
  decoder.structure(message);
  if (decoder.bad()) return std::unexpected(broken(decoder));
  return std::move(decoder).rest();
}

base::Result<> decode(StructRef message, const ApiSpec& api, ApiVersion version,
                      base::SharedBytes input) {
  const auto rest = TRY(decode_front(message, api, version, std::move(input)));
  if (rest.view.empty()) return {};
  return base::fail(base::Fault::corruption,
                    fmt::format("{} bytes are left over at its end", rest.view.size()));
}

}  // namespace protocol
