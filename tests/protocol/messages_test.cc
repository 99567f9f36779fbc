#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "protocol/base/random.h"
#include "protocol/wire/decoder.h"
#include "protocol/wire/encoder.h"
#include "protocol/wire/printer.h"
#include "protocol/wire/schema.h"
#include "tests/support/all_messages.h"
#include "tests/support/allocation_meter.h"
#include "tests/support/random_message.h"

using protocol::ApiVersion;
using tests::MessageType;

namespace {

using Bytes = std::vector<std::byte>;

/// The same bytes in memory of exactly their size, so that ASan sees a read beyond them.
base::SharedBytes shared(base::BytesView bytes) {
  const auto owner = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
  owner->shrink_to_fit();
  return {owner, *owner};
}

tests::AnyMessage random_instance(const MessageType& type, ApiVersion version,
                                  base::Random& random) {
  auto message = type.make();
  tests::randomize(message.ref, version, random);
  return message;
}

/// What decoding may allocate at most: the lists' own budget (decoder.cc), and texts, which are
/// bytes of the frame.
std::size_t decoding_memory_max(std::size_t frame_bytes) {
  return (std::size_t{80} << 10) + 100 * frame_bytes;
}

void check_fields(const std::string& where, const MessageType& type,
                  const std::vector<protocol::FieldSchema>& fields) {
  std::set<int> tags;
  for (const auto& field : fields) {
    INFO(where << "." << field.name);
    const auto& f = field.field;
    CHECK(field.can_be_null == (f.nullable.first <= f.nullable.last));
    if (f.tag >= 0) {
      CHECK(field.is_unset);
      CHECK(f.tag <= protocol::kTagMax);
      CHECK(f.present.first >= type.api.flexible_from);
      CHECK(tags.insert(f.tag).second);
    }
    check_fields(where + "." + field.name, type, field.fields);
  }
}

}  // namespace

TEST_CASE("every member of every structure is shown", "[protocol]") {
  for (const auto& type : tests::all_messages()) {
    INFO(type.name);
    for (const auto& structure : type.incomplete) FAIL_CHECK(structure);
  }
}

TEST_CASE("declarations agree with themselves", "[protocol]") {
  for (const auto& type : tests::all_messages())
    check_fields(type.name, type, protocol::schema_of(type.make().ref));
}

TEST_CASE("every version of every message survives its bytes", "[protocol]") {
  base::Random random(1);
  tests::for_each_version([&](const MessageType& type, ApiVersion version) {
    for (int i = 0; i < 100; ++i) {
      const auto message = random_instance(type, version, random);
      const auto bytes = protocol::encode(message.ref, type.api, version);
      const auto read = type.make();
      const auto decoded = protocol::decode(read.ref, type.api, version, shared(bytes));
      INFO(type.name << " v" << version << " " << protocol::print(message.ref, version));
      REQUIRE(decoded);
      REQUIRE(read == message);
      REQUIRE(protocol::encode(read.ref, type.api, version) == bytes);
    }
  });
}

TEST_CASE("every truncation is refused", "[protocol]") {
  base::Random random(2);
  tests::for_each_version([&](const MessageType& type, ApiVersion version) {
    for (int i = 0; i < 5; ++i) {
      const auto message = random_instance(type, version, random);
      const auto bytes = protocol::encode(message.ref, type.api, version);
      const auto size_max = std::min<std::size_t>(bytes.size(), 1500);
      for (std::size_t size = 0; size < size_max; ++size) {
        const auto read = type.make();
        const auto cut = shared(base::BytesView(bytes).first(size));
        if (protocol::decode(read.ref, type.api, version, cut)) {
          INFO(type.name << " v" << version << " " << protocol::print(message.ref, version));
          FAIL("taken for whole when cut to " << size << " of " << bytes.size() << " bytes");
        }
      }
    }
  });
}

TEST_CASE("bytes left over are refused", "[protocol]") {
  base::Random random(3);
  tests::for_each_version([&](const MessageType& type, ApiVersion version) {
    const auto message = random_instance(type, version, random);
    auto bytes = protocol::encode(message.ref, type.api, version);
    bytes.push_back(std::byte{0});
    INFO(type.name << " v" << version);
    CHECK_FALSE(protocol::decode(type.make().ref, type.api, version, shared(bytes)));
  });
}

// Whatever a wrong byte makes of a message: it is refused, or it is another message that can be
// encoded; and no length in it is believed before it is checked.
TEST_CASE("no wrong byte costs more than the frame allows", "[protocol]") {
  base::Random random(4);
  tests::for_each_version([&](const MessageType& type, ApiVersion version) {
    auto bytes = protocol::encode(random_instance(type, version, random).ref, type.api, version);
    const auto wrong = [&] {
      const auto frame = shared(bytes);
      const auto read = type.make();
      const tests::AllocationMeter meter;
      const auto decoded = protocol::decode(read.ref, type.api, version, frame);
      INFO(type.name << " v" << version);
      REQUIRE(meter.peak() <= decoding_memory_max(bytes.size()));
      if (!decoded) return;
      const auto again = type.make();
      const auto anew = protocol::encode(read.ref, type.api, version);
      REQUIRE(protocol::decode(again.ref, type.api, version, shared(anew)));
      REQUIRE(again == read);
    };
    const auto positions = std::min<std::size_t>(bytes.size(), 1000);
    for (std::size_t at = 0; at < positions; ++at) {
      const auto right = bytes[at];
      for (const auto byte : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
        bytes[at] = static_cast<std::byte>(byte);
        wrong();
      }
      bytes[at] = right ^ static_cast<std::byte>(1 << random.below(8));
      wrong();
      bytes[at] = right;
    }
  });
}

TEST_CASE("random bytes cost no more than a frame allows", "[protocol]") {
  base::Random random(5);
  tests::for_each_version([&](const MessageType& type, ApiVersion version) {
    for (int i = 0; i < 200; ++i) {
      Bytes bytes(random.below(300));
      for (auto& byte : bytes) byte = static_cast<std::byte>(random.below(i % 2 == 0 ? 256 : 4));
      const auto frame = shared(bytes);
      const auto read = type.make();
      const tests::AllocationMeter meter;
      (void)protocol::decode(read.ref, type.api, version, frame);
      REQUIRE(meter.peak() <= decoding_memory_max(bytes.size()));
    }
  });
}

TEST_CASE("an unknown tagged field changes nothing", "[protocol]") {
  tests::for_each_version([&](const MessageType& type, ApiVersion version) {
    if (!type.api.flexible(version)) return;
    const auto message = type.make();
    auto bytes = protocol::encode(message.ref, type.api, version);
    REQUIRE(bytes.back() == std::byte{0});  // Nothing is set, so there are no tagged fields.
    bytes.pop_back();
    // Two fields: tag 31 with three bytes, tag 300 with none.
    for (const auto byte : {2, 31, 3, 0xff, 0xff, 0xff, 0xac, 0x02, 0})
      bytes.push_back(static_cast<std::byte>(byte));
    INFO(type.name << " v" << version);
    const auto read = type.make();
    REQUIRE(protocol::decode(read.ref, type.api, version, shared(bytes)));
    CHECK(read == message);
  });
}
