#include "tests/support/random_message.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/wire/encoder.h"

namespace tests {
namespace {

using base::Uuid;
using protocol::Field;
using protocol::ListRef;
using protocol::StructRef;

class Randomizer final : public protocol::FieldVisitor {
 public:
  Randomizer(protocol::ApiVersion version, base::Random& random)
      : version_(version), random_(random) {}

  void structure(StructRef s) override {
    ++depth_;
    s.fields(*this);
    --depth_;
  }

 private:
  bool enter(const char*, const Field& field, bool) override {
    nullable_ = field.nullable.contains(version_);
    // A tagged field that is left alone is not sent.
    return field.present.contains(version_) && (field.tag < 0 || !one_in(3));
  }
  void leave(const Field&) override {}

  bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
  bool becomes_null() { return nullable_ && one_in(4); }

  template <class I>
  void integer(I& value) {
    using Limits = std::numeric_limits<I>;
    switch (random_.below(6)) {
      case 0:
        value = static_cast<I>(-1);
        break;
      case 1:
        value = Limits::min();
        break;
      case 2:
        value = Limits::max();
        break;
      case 3:
        value = static_cast<I>(random_.below(4));
        break;
      default:
        value = static_cast<I>(random_.next());
    }
  }

  void number(bool& v) override { v = one_in(2); }
  void number(std::int8_t& v) override { integer(v); }
  void number(std::int16_t& v) override { integer(v); }
  void number(std::uint16_t& v) override { integer(v); }
  void number(std::int32_t& v) override { integer(v); }
  void number(std::uint32_t& v) override { integer(v); }
  void number(std::int64_t& v) override { integer(v); }
  void number(double& v) override { v = static_cast<double>(random_.next()); }
  void number(Uuid& v) override {
    if (!one_in(4)) v = Uuid::make(random_);
  }

  /// Around the lengths where a varint gets longer.
  std::size_t length() {
    constexpr std::size_t kTwoByteVarint = 127;
    switch (random_.below(12)) {
      case 0:
        return kTwoByteVarint - 1 + random_.below(3);
      case 1:
      case 2:
        return 0;
      default:
        return random_.below(12);
    }
  }

  std::string text(std::size_t size) {
    std::string text(size, '\0');
    for (auto& c : text) c = static_cast<char>(random_.below(128));  // Valid UTF-8, for Kafka.
    return text;
  }
  base::SharedBytes bytes() {
    constexpr auto kReference = protocol::EncodeBuffer::kReferenceFrom;
    const auto size = one_in(40) ? kReference - 1 + random_.below(3) : length();
    const auto owner = std::make_shared<std::string>(text(size));
    return {owner, base::as_bytes(*owner)};
  }

  void text_or_bytes(std::string& v) override { v = text(length()); }
  void text_or_bytes(std::optional<std::string>& v) override {
    v.reset();
    if (!becomes_null()) v = text(length());
  }
  void text_or_bytes(base::SharedBytes& v) override { v = bytes(); }
  void text_or_bytes(std::optional<base::SharedBytes>& v) override {
    v.reset();
    if (!becomes_null()) v = bytes();
  }

  bool structure_or_null(bool) override { return !becomes_null(); }

  bool list(bool, ListRef items) override {
    if (becomes_null()) return true;
    // Few below the first level: a message has a limit, and a test has too.
    const auto n = random_.below(depth_ <= 1 ? 4 : 3);
    items.resize(n);
    nullable_ = false;
    for (std::size_t i = 0; i < n; ++i) items.item(i, *this);
    return false;
  }

  protocol::ApiVersion version_;
  base::Random& random_;
  bool nullable_ = false;
  int depth_ = 0;
};

}  // namespace

void randomize(StructRef message, protocol::ApiVersion version, base::Random& random) {
  Randomizer randomizer(version, random);
  randomizer.structure(message);
}

}  // namespace tests
