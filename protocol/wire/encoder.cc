#include "protocol/wire/encoder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "protocol/base/assert.h"
#include "protocol/base/big_endian.h"

namespace protocol {
namespace {

class Encoder final : public FieldVisitor {
 public:
  Encoder(EncodeBuffer& out, ApiVersion version, bool flexible)
      : out_(out), version_(version), flexible_(flexible) {}

  void structure(StructRef s) override {
    const auto saved = std::exchange(pending_tags_, 0);
    const auto phase = std::exchange(writing_tags_, false);
    s.fields(*this);
    if (flexible_) {
      // Tags are counted in the first pass over the fields and written in a second.
      uvarint(pending_tags_);
      if (pending_tags_ > 0) {
        writing_tags_ = true;
        s.fields(*this);
      }
    }
    pending_tags_ = saved;
    writing_tags_ = phase;
  }

 private:
  bool enter(const char*, const Field& field, bool unset) override {
    if (!field.present.contains(version_)) return false;
    nullable_ = field.nullable.contains(version_);
    if (field.tag < 0) return !writing_tags_;
    if (unset || !flexible_) return false;
    if (!writing_tags_) {
      ++pending_tags_;
      return false;
    }
    uvarint(static_cast<std::uint32_t>(field.tag));
    bodies_.push_back(out_.flat().size());
    return true;
  }

  void leave(const Field& field) override {
    if (field.tag < 0) return;
    const auto at = bodies_.back();
    bodies_.pop_back();
    const auto body_size = out_.flat().size() - at;
    std::array<std::byte, 5> size{};
    const auto count = put_uvarint(static_cast<std::uint32_t>(body_size), size);
    out_.insert(at, base::BytesView(size).first(count));
  }

  template <class I>
  void integer(I value) {
    std::array<std::byte, sizeof(I)> bytes;
    base::store_big_endian(bytes.data(), value);
    out_.append(bytes.data(), bytes.size());
  }

  static std::size_t put_uvarint(std::uint32_t value, std::array<std::byte, 5>& out) {
    std::size_t n = 0;
    for (; value >= 0x80; value >>= 7) out[n++] = static_cast<std::byte>(value | 0x80);
    out[n++] = static_cast<std::byte>(value);
    return n;
  }

  void uvarint(std::uint32_t value) {
    std::array<std::byte, 5> bytes{};
    out_.append(bytes.data(), put_uvarint(value, bytes));
  }

  template <class I>
  void length(std::size_t n) {
    if (flexible_)
      uvarint(static_cast<std::uint32_t>(n + 1));
    else
      integer(static_cast<I>(n));
  }

  template <class I>
  void null() {
    ASSERT(nullable_, "null where this version has no null");
    if (flexible_)
      uvarint(0);
    else
      integer(static_cast<I>(-1));
  }

  void number(bool& v) override { integer<std::uint8_t>(v ? 1 : 0); }
  void number(std::int8_t& v) override { integer(v); }
  void number(std::int16_t& v) override { integer(v); }
  void number(std::uint16_t& v) override { integer(v); }
  void number(std::int32_t& v) override { integer(v); }
  void number(std::uint32_t& v) override { integer(v); }
  void number(std::int64_t& v) override { integer(v); }
  void number(double& v) override { integer(std::bit_cast<std::uint64_t>(v)); }
  void number(Uuid& v) override { out_.append(v.bytes.data(), v.bytes.size()); }

  void text_or_bytes(std::string& v) override {
    // What clients sent is shorter: only a sentence of ours that quotes it can be cut here.
    const auto size = std::min(v.size(), kTextMax);
    length<std::int16_t>(size);
    out_.append(v.data(), size);
  }
  void text_or_bytes(std::optional<std::string>& v) override {
    if (v)
      text_or_bytes(*v);
    else
      null<std::int16_t>();
  }
  void text_or_bytes(base::SharedBytes& v) override {
    length<std::int32_t>(v.view.size());
    const bool refer = v.view.size() >= EncodeBuffer::kReferenceFrom && bodies_.empty();
    if (refer)
      out_.append_shared(v);
    else
      out_.append(v.view.data(), v.view.size());
  }
  void text_or_bytes(std::optional<base::SharedBytes>& v) override {
    if (v)
      text_or_bytes(*v);
    else
      null<std::int32_t>();
  }

  bool structure_or_null(bool present) override {
    ASSERT(present || nullable_, "null where this version has no null");
    integer<std::int8_t>(present ? 1 : -1);
    return present;
  }

  bool list(bool is_null, ListRef items) override {
    if (is_null) {
      null<std::int32_t>();
      return true;
    }
    const auto n = items.size();
    length<std::int32_t>(n);
    for (std::size_t i = 0; i < n; ++i) items.item(i, *this);
    return false;
  }

  EncodeBuffer& out_;
  ApiVersion version_;
  bool flexible_;
  bool nullable_ = false;
  bool writing_tags_ = false;
  std::uint32_t pending_tags_ = 0;
  std::vector<std::size_t> bodies_;  // Where tagged fields being written begin, outermost first.
};

}  // namespace

void EncodeBuffer::grow(std::size_t count) {
  constexpr std::size_t kTypical = 256;  // An answer for a partition or two.
  capacity_ = std::max({kTypical, 2 * capacity_, size_ + count});
  auto larger = std::make_shared_for_overwrite<std::byte[]>(capacity_);
  std::ranges::copy(flat(), larger.get());
  bytes_ = std::move(larger);
}

void EncodeBuffer::append_shared(const base::SharedBytes& bytes) {
  splices_.push_back({size_, bytes});
  referenced_ += bytes.view.size();
}

void EncodeBuffer::insert(std::size_t at, base::BytesView bytes) {
  ASSERT(splices_.empty() || splices_.back().at <= at, "a reference does not move");
  append(bytes.data(), bytes.size());
  const auto behind = flat().subspan(at);
  std::ranges::rotate(behind, behind.end() - static_cast<std::ptrdiff_t>(bytes.size()));
}

Pieces EncodeBuffer::finish() {
  const base::BytesView all = flat();
  Pieces pieces;
  pieces.reserve(2 * splices_.size() + 1);
  std::size_t from = 0;
  for (auto& splice : splices_) {
    if (splice.at > from) pieces.push_back({bytes_, all.subspan(from, splice.at - from)});
    from = splice.at;
    pieces.push_back(std::move(splice.bytes));
  }
  if (from < all.size()) pieces.push_back({std::move(bytes_), all.subspan(from)});
  *this = {};
  return pieces;
}

void encode(StructRef message, const ApiSpec& api, ApiVersion version, EncodeBuffer& out) {
  Encoder encoder(out, version, api.flexible(version));
  encoder.structure(message);
}

std::vector<std::byte> encode(StructRef message, const ApiSpec& api, ApiVersion version) {
  EncodeBuffer buffer;
  encode(message, api, version, buffer);
  std::vector<std::byte> out;
  out.reserve(buffer.size());
  for (const auto& piece : buffer.finish())
    out.insert(out.end(), piece.view.begin(), piece.view.end());
  return out;
}

}  // namespace protocol
