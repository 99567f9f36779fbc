#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "protocol/base/random.h"
#include "protocol/wire/printer.h"
#include "tests/protocol/sample.h"
#include "tests/support/all_messages.h"
#include "tests/support/random_message.h"

using protocol::StructRef;
using tests::Sample;

namespace {

base::SharedBytes shared(std::string text) {
  const auto owner = std::make_shared<std::string>(std::move(text));
  return {owner, base::as_bytes(*owner)};
}

}  // namespace

TEST_CASE("a message prints as one line", "[protocol]") {
  Sample m;
  m.flag = true;
  m.text = "ab";
  m.bytes = shared("\x01\xff");
  m.numbers = {1, -2};
  m.names = {"x", ""};
  m.items = {{.id = 5, .name = "i"}, {.id = 6}};
  m.password = "swordfish";
  CHECK(protocol::print(StructRef(m), 0) ==
        R"({flag=true, small=0, large=-1, id=AAAAAAAAAAAAAAAAAAAAAA, text="ab", maybe_text=null, )"
        R"(bytes=<2 bytes 01ff>, maybe_bytes=null, numbers=[1, -2], names=["x", ""], )"
        R"(items=[{id=5, name="i"}, {id=6, name=""}], maybe_items=null, maybe_item=null, )"
        R"(password=<secret>})");
}

TEST_CASE("a line shows the fields of its version", "[protocol]") {
  Sample m;
  m.maybe_item = Sample::Item{};
  const auto line = protocol::print(StructRef(m), 2);
  CHECK(line.find("port=0") != std::string::npos);
  CHECK(line.find("large=") == std::string::npos);
  CHECK(line.ends_with(R"(maybe_item={id=0, name="", extra=-1}, password=<secret>, level=7, )"
                       R"(labels=[], best={id=0, name="", extra=-1}})"));
}

TEST_CASE("secrets and bytes of clients do not get into a line", "[protocol]") {
  Sample m;
  m.password = "swordfish";
  m.bytes = shared("0123456789");
  m.text = "\x1b[31m\n\"\\\xc2\x9b";
  m.maybe_text = std::string(1000, 'x');
  const auto line = protocol::print(StructRef(m), 1);
  CHECK(line.find("swordfish") == std::string::npos);
  CHECK(line.find("bytes=<10 bytes 3031323334353637...>") != std::string::npos);
  CHECK(line.find(R"(text="\x1b[31m\x0a\x22\x5c\xc2\x9b")") != std::string::npos);
  CHECK(line.find("maybe_text=\"" + std::string(128, 'x') + "...\",") != std::string::npos);
}

TEST_CASE("a line is never longer than its limit", "[protocol]") {
  base::Random random(7);
  tests::for_each_version([&](const tests::MessageType& type, protocol::ApiVersion version) {
    const auto message = type.make();
    tests::randomize(message.ref, version, random);
    const auto whole = protocol::print(message.ref, version, 1 << 20);
    for (const std::size_t limit : {3, 10, 50, 200}) {
      const auto line = protocol::print(message.ref, version, limit);
      if (whole.size() + 3 <= limit) {
        CHECK(line == whole);
      } else {
        CHECK(line.size() <= limit);
        CHECK((line == whole || line == whole.substr(0, limit - 3) + "..."));
      }
    }
  });
}

TEST_CASE("a list of a million items costs no more than the line", "[protocol]") {
  Sample m;
  m.numbers.resize(1'000'000);
  CHECK(protocol::print(StructRef(m), 0).size() == 2000);
}
