#include "protocol/messages/consumer_protocol.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/hex.h"

using protocol::ConsumerProtocolSubscription;
using tests::hex;

namespace {

base::SharedBytes shared(std::string_view text) {
  const auto owner = std::make_shared<std::vector<std::byte>>(hex(text));
  return {owner, *owner};
}

base::Result<ConsumerProtocolSubscription> subscription(std::string_view text) {
  return protocol::decode_subscription(shared(text));
}

}  // namespace

TEST_CASE("a version that nobody knows yet is read as the highest", "[protocol]") {
  const auto fields = "00000001 0001 't'  ffffffff  00000000  00000007  0001 'r'";
  const auto known = subscription(std::string("0003 ") + fields);
  REQUIRE(known);
  CHECK(*known ==
        ConsumerProtocolSubscription{.topics = {"t"}, .generation_id = 7, .rack_id = "r"});
  const auto newer = subscription(std::string("7fff ") + fields + " 1234");
  REQUIRE(newer);
  CHECK(*newer == *known);
}

TEST_CASE("bytes after the fields are left alone", "[protocol]") {
  const auto read = subscription("0000  00000001 0001 't'  ffffffff  00000000");
  REQUIRE(read);
  CHECK(*read == ConsumerProtocolSubscription{.topics = {"t"}});
}

TEST_CASE("a subscription that is none is refused", "[protocol]") {
  for (const auto* text : {"", "00", "0000", "ffff 00000000 ffffffff", "8000 00000000 ffffffff",
                           "0000 00000001 0001", "0000 00000000", "0000 ffffffff ffffffff",
                           "0000 7fffffff 0001 't' ffffffff", "0001 00000000 ffffffff",
                           "0002 00000000 ffffffff 00000000", "0000 00000001 ffff ffffffff"}) {
    INFO(text);
    const auto read = subscription(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().fault == base::Fault::corruption);
  }
}

TEST_CASE("user data keeps what it was read from alive", "[protocol]") {
  auto bytes = shared("0001  00000000  00000002 abcd");
  const std::weak_ptr<const void> owner = bytes.owner;
  auto read = protocol::decode_assignment(std::move(bytes));
  REQUIRE(read);
  REQUIRE(read->user_data);
  CHECK_FALSE(owner.expired());
  CHECK(read->user_data->view.size() == 2);
  read->user_data.reset();
  CHECK(owner.expired());
}

TEST_CASE("an assignment that is none is refused", "[protocol]") {
  for (const auto* text : {"", "0000", "ffff 00000000 ffffffff",
                           "0000 00000001 0001 't' 00000002 "
                           "00000000 ffffffff"}) {
    INFO(text);
    CHECK_FALSE(protocol::decode_assignment(shared(text)));
  }
}
