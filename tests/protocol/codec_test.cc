#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/wire/decoder.h"
#include "protocol/wire/encoder.h"
#include "tests/protocol/sample.h"
#include "tests/support/allocation_meter.h"
#include "tests/support/hex.h"

using protocol::ApiVersion;
using protocol::StructRef;
using tests::hex;
using tests::Sample;

namespace {

using Bytes = std::vector<std::byte>;

constexpr std::array<ApiVersion, 2> kBoth{0, 1};  // The rigid version and the flexible one.

base::SharedBytes shared(base::BytesView bytes) {
  const auto owner = std::make_shared<Bytes>(bytes.begin(), bytes.end());
  return {owner, *owner};
}
base::SharedBytes shared(std::string_view text) { return shared(base::as_bytes(text)); }

Sample full_sample() {
  Sample m;
  m.flag = true;
  m.small = -2;
  m.large = 258;
  m.id.bytes[15] = std::byte{9};
  m.text = "ab";
  m.maybe_text = "c";
  m.bytes = shared("xyz");
  m.maybe_bytes = shared("");
  m.numbers = {1, -1};
  m.names = {"", "n"};
  m.items = {{.id = 5, .name = "i"}};
  m.maybe_items.emplace();
  m.maybe_item = Sample::Item{.id = 6, .name = ""};
  m.password = "pw";
  return m;
}

/// Why `bytes` are not a `M`.
template <class M>
std::string refusal(base::BytesView bytes, ApiVersion version = M::api.flexible_from) {
  M m;
  const auto result = protocol::decode(StructRef(m), M::api, version, shared(bytes));
  return result ? "taken" : result.error().detail;
}

// One field each, in flexible versions.
template <class T, bool kNullable = false>
struct One {
  static constexpr protocol::ApiSpec api{.key = 998, .valid = {0, 1}, .flexible_from = 1};
  T value{};
  static constexpr void fields(auto& m, auto&& field) {
    field(m.value, "value", kNullable ? protocol::always().or_null() : protocol::always());
  }
};
struct Wide {  // Much larger in memory than on the wire.
  std::string a, b, c;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.a, "a", protocol::always());
    field(m.b, "b", protocol::since(9));
    field(m.c, "c", protocol::since(9));
  }
};
struct Tags {
  static constexpr protocol::ApiSpec api{.key = 997, .valid = {0, 0}, .flexible_from = 0};
  std::int16_t a = 0;
  std::int16_t b = 0;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.a, "a", protocol::always().tagged(0), std::int16_t{0});
    field(m.b, "b", protocol::always().tagged(7), std::int16_t{0});
  }
};
struct Two {
  static constexpr protocol::ApiSpec api{.key = 996, .valid = {0, 0}, .flexible_from = 0};
  base::SharedBytes first;
  base::SharedBytes second;
  base::SharedBytes tagged;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.first, "first", protocol::always());
    field(m.second, "second", protocol::always());
    field(m.tagged, "tagged", protocol::always().tagged(0), base::SharedBytes{});
  }
  bool operator==(const Two&) const = default;
};
using Text = One<std::string>;
using MaybeText = One<std::optional<std::string>>;
using NullableText = One<std::optional<std::string>, true>;
using Blob = One<base::SharedBytes>;
using MaybeBlob = One<std::optional<base::SharedBytes>>;
using NullableBlob = One<std::optional<base::SharedBytes>, true>;
using Numbers = One<std::vector<std::int64_t>>;
using MaybeNumbers = One<std::optional<std::vector<std::int64_t>>>;
using NullableNumbers = One<std::optional<std::vector<std::int64_t>>, true>;
using Names = One<std::vector<std::string>>;
using Wides = One<std::vector<Wide>>;
using MaybeItem = One<std::optional<Sample::Item>>;

}  // namespace

TEST_CASE("rigid versions have fixed lengths and no tags", "[protocol]") {
  auto m = full_sample();
  const auto bytes =
      hex("01 fffe 0000000000000102 00000000000000000000000000000009"
          "0002 'ab' 0001 'c' 00000003 'xyz' 00000000"
          "00000002 00000001 ffffffff  00000002 0000 0001 'n'"
          "00000001 05 0001 'i'  00000000  01 06 0000  0002 'pw'");
  CHECK(protocol::encode(StructRef(m), Sample::api, 0) == bytes);
  Sample read;
  REQUIRE(protocol::decode(StructRef(read), Sample::api, 0, shared(bytes)));
  CHECK(read == m);
}

TEST_CASE("flexible versions have compact lengths and tagged fields", "[protocol]") {
  auto m = full_sample();
  m.maybe_text.reset();
  m.maybe_bytes.reset();
  m.maybe_items.reset();
  m.maybe_item.reset();
  m.level = 1;
  m.labels = {"l"};
  const auto bytes =
      hex("01 fffe 0000000000000102 00000000000000000000000000000009"
          "03 'ab' 00 04 'xyz' 00"
          "03 00000001 ffffffff  03 01 02 'n'"
          "02 05 02 'i' 00  00  ff  03 'pw'"
          "02  00 04 00000001  01 03 02 02 'l'");
  CHECK(protocol::encode(StructRef(m), Sample::api, 1) == bytes);
  Sample read;
  REQUIRE(protocol::decode(StructRef(read), Sample::api, 1, shared(bytes)));
  CHECK(read == m);
}

TEST_CASE("structures in tags and tags in structures nest", "[protocol]") {
  Sample m;
  m.maybe_text = "";
  m.items = {{.id = 1, .name = "", .extra = 2}};
  m.best = {.id = 3, .name = "b", .extra = 4};
  const auto bytes = protocol::encode(StructRef(m), Sample::api, 2);
  const auto tail = hex("02 01 01 01 03 02 0002  00 ff 01  01 02 08 03 02 'b' 01 03 02 0004");
  REQUIRE(bytes.size() > tail.size());
  CHECK(Bytes(bytes.end() - static_cast<std::ptrdiff_t>(tail.size()), bytes.end()) == tail);
  Sample read;
  REQUIRE(protocol::decode(StructRef(read), Sample::api, 2, shared(bytes)));
  CHECK(read.items == m.items);
  CHECK(read.best == m.best);
}

TEST_CASE("a varint takes as many bytes as its value needs", "[protocol]") {
  for (const auto& [size, prefix] : {std::pair{126, "7f"},
                                     {127, "8001"},
                                     {16382, "ff7f"},
                                     {16383, "808001"},
                                     {2097150, "ffff7f"},
                                     {2097151, "80808001"}}) {
    Blob m{.value = shared(std::string(static_cast<std::size_t>(size), 'x'))};
    auto expected = hex(prefix);
    const auto bytes = protocol::encode(StructRef(m), Blob::api, 1);
    REQUIRE(bytes.size() == expected.size() + static_cast<std::size_t>(size) + 1);
    CHECK(std::equal(expected.begin(), expected.end(), bytes.begin()));
    CHECK(refusal<Blob>(bytes) == "taken");
  }
}

TEST_CASE("null is refused where there is none", "[protocol]") {
  for (const auto version : kBoth) {
    const auto null16 = version == 0 ? hex("ffff") : hex("00 00");
    const auto null32 = version == 0 ? hex("ffffffff") : hex("00 00");
    const auto null_item = version == 0 ? hex("ff") : hex("ff 00");
    CHECK(refusal<Text>(null16, version) != "taken");
    CHECK(refusal<MaybeText>(null16, version) != "taken");
    CHECK(refusal<NullableText>(null16, version) == "taken");
    CHECK(refusal<Blob>(null32, version) != "taken");
    CHECK(refusal<MaybeBlob>(null32, version) != "taken");
    CHECK(refusal<NullableBlob>(null32, version) == "taken");
    CHECK(refusal<Numbers>(null32, version) != "taken");
    CHECK(refusal<MaybeNumbers>(null32, version) != "taken");
    CHECK(refusal<NullableNumbers>(null32, version) == "taken");
    CHECK(refusal<MaybeItem>(null_item, version) != "taken");
  }
}

TEST_CASE("a nullable field is null only in its versions", "[protocol]") {
  Sample m;
  m.maybe_text = "";
  auto bytes = protocol::encode(StructRef(m), Sample::api, 0);
  constexpr std::size_t kMaybeText = 1 + 2 + 8 + 16 + 2;
  bytes[kMaybeText] = bytes[kMaybeText + 1] = std::byte{0xff};
  CHECK(refusal<Sample>(bytes, 0) == "a length is negative (in the field maybe_text)");
}

TEST_CASE("lengths that cannot be are refused before anything is allocated", "[protocol]") {
  const auto refused = [](auto m, ApiVersion version, std::string_view bytes) {
    const auto frame = shared(hex(bytes));
    std::size_t allocated = 0;
    bool taken = false;
    {
      const tests::AllocationMeter meter;
      taken = protocol::decode(StructRef(m), m.api, version, frame).has_value();
      allocated = meter.peak();
    }
    INFO(bytes << " in version " << version);
    CHECK_FALSE(taken);
    CHECK(allocated < 1000);  // The sentence that says why.
  };
  for (const auto* const below_zero : {"8000", "fffe", "ffff"}) refused(Text{}, 0, below_zero);
  for (const auto* const below_zero : {"80000000", "fffffffe"}) {
    refused(Blob{}, 0, below_zero);
    refused(NullableBlob{}, 0, below_zero);
    refused(Numbers{}, 0, below_zero);
    refused(NullableNumbers{}, 0, below_zero);
  }
  refused(Text{}, 0, "7fff 'x'");
  refused(Text{}, 1, "ffff01 'x' 00");
  refused(Text{}, 1, "ffffffff0f 'x' 00");
  refused(Blob{}, 0, "7fffffff 'x'");
  refused(Blob{}, 0, "00000002 'x'");
  refused(Blob{}, 1, "ffffffff0f 'x' 00");
  refused(Numbers{}, 0, "7fffffff 0000000000000001");
  refused(Numbers{}, 0, "00000009 0000000000000001");
  refused(Numbers{}, 1, "ffffffff0f 0000000000000001 00");
  refused(Names{}, 0, "7fffffff 0000");
  refused(Wides{}, 0, "00010000 0000");
  refused(Wides{}, 1, "ffffffff07 0100 00");
}

TEST_CASE("a frame's lists and texts take a bounded amount of memory", "[protocol]") {
  const auto counted = [](std::size_t items, std::size_t bytes) {
    Bytes frame(4 + bytes);
    const auto count = static_cast<std::uint32_t>(items);
    for (int i = 0; i < 4; ++i) frame[3 - i] = static_cast<std::byte>(count >> (8 * i));
    return frame;
  };
  constexpr auto kTooMuch =
      "its lists and texts need too much memory for its size (in the field "
      "value)";
  // 2 bytes an item on the wire, 96 in memory: for the first MiB only.
  CHECK(refusal<Wides>(counted(10'000, 20'000), 0) == "taken");
  CHECK(refusal<Wides>(counted(20'000, 40'000), 0) == kTooMuch);
  // What is honest at any size passes: 8 bytes an item on the wire and in memory.
  Numbers numbers;
  numbers.value.resize(1'000'000);
  CHECK(refusal<Numbers>(protocol::encode(StructRef(numbers), Numbers::api, 0), 0) == "taken");
  // And nothing takes more than 65 MiB.
  CHECK(refusal<Numbers>(counted(8'000'000, 64'000'000), 0) == "taken");
  CHECK(refusal<Numbers>(counted(9'000'000, 72'000'000), 0) == kTooMuch);
}

TEST_CASE("long texts count as lists do", "[protocol]") {
  Names names;
  names.value.assign(2'100, std::string(32'000, 'n'));
  CHECK(refusal<Names>(protocol::encode(StructRef(names), Names::api, 0), 0) == "taken");
  names.value.assign(2'200, std::string(32'000, 'n'));
  CHECK(refusal<Names>(protocol::encode(StructRef(names), Names::api, 0), 0)
            .starts_with("its lists and texts need too much memory"));
}

TEST_CASE("tagged fields must ascend and be as long as they say", "[protocol]") {
  const auto tags = [](std::string_view bytes) { return refusal<Tags>(hex(bytes)); };
  CHECK(tags("00") == "taken");
  CHECK(tags("02 00 02 0001 07 02 0002") == "taken");
  CHECK(tags("03 00 02 0001 05 01 ff 07 02 0002") == "taken");
  CHECK(tags("02 07 02 0001 8080808008 01 ff") == "taken");  // Beyond 31 bits: unknown.
  CHECK(tags("02 00 02 0001 00 02 0002").starts_with("its tagged fields are not in ascending"));
  CHECK(tags("02 07 02 0001 00 02 0002").starts_with("its tagged fields are not in ascending"));
  CHECK(tags("02 05 00 05 00").starts_with("its tagged fields are not in ascending"));
  CHECK(tags("02 09 00 08 00").starts_with("its tagged fields are not in ascending"));
  CHECK(tags("01 00 03 000100").starts_with("a tagged field is longer than its value"));
  CHECK(tags("01 00 01 00").starts_with("it ends too early"));
  CHECK(tags("01 00 01 00 00").starts_with("it ends too early"));
  CHECK(tags("01 05 03 0001").starts_with("it ends too early"));
  CHECK(tags("02 00 02 0001").starts_with("it ends too early"));
  CHECK(tags("ffffffff0f").starts_with("it ends too early"));
  CHECK(tags("808080808001").starts_with("a varint is too long"));
  CHECK(tags("ffffffff1f").starts_with("a varint is too long"));
}

TEST_CASE("a text has at most 32767 bytes in every version", "[protocol]") {
  Text longest{.value = std::string(32767, 'x')};
  for (const auto version : kBoth)
    CHECK(refusal<Text>(protocol::encode(StructRef(longest), Text::api, version), version) ==
          "taken");
  auto longer = hex("818002");
  longer.resize(longer.size() + 32768 + 1);
  CHECK(refusal<Text>(longer) == "a text is too long (in the field value)");
  // A sentence of ours that quotes what a client sent is cut and does not break the frame.
  Text ours{.value = std::string(40000, 'x')};
  for (const auto version : kBoth)
    CHECK(protocol::encode(StructRef(ours), Text::api, version) ==
          protocol::encode(StructRef(longest), Text::api, version));
}

TEST_CASE("any byte but zero is true", "[protocol]") {
  One<bool> m;
  REQUIRE(protocol::decode(StructRef(m), m.api, 0, shared(hex("02"))));
  CHECK(m.value);
}

TEST_CASE("large bytes are referenced between encoded pieces and never copied", "[protocol]") {
  const std::string large(protocol::EncodeBuffer::kReferenceFrom, 'x');
  Two m{.first = shared(large), .second = shared("small"), .tagged = shared(large + "y")};
  protocol::EncodeBuffer out;
  protocol::encode(StructRef(m), Two::api, 0, out);
  const auto size = out.size();
  const auto pieces = out.finish();
  REQUIRE(pieces.size() == 3);
  CHECK(pieces[1].view.data() == m.first.view.data());
  CHECK(pieces[1].owner == m.first.owner);
  CHECK(pieces[0].view.size() + pieces[1].view.size() + pieces[2].view.size() == size);
  CHECK(out.size() == 0);
  const auto bytes = protocol::encode(StructRef(m), Two::api, 0);
  CHECK(bytes.size() == size);
  Two read;
  const auto frame = shared(bytes);
  REQUIRE(protocol::decode(StructRef(read), Two::api, 0, frame));
  CHECK(read == m);
  CHECK(read.first.owner == frame.owner);  // A slice of the frame that keeps it alive.
}

TEST_CASE("what an error says names the field", "[protocol]") {
  CHECK(refusal<Numbers>(hex("00000002 00"), 0) ==
        "a count is larger than what follows (in the field value)");
  CHECK(refusal<Text>(hex("0000 00"), 0) == "1 bytes are left over at its end");
}
