#include "protocol/base/uuid.h"

#include <catch2/catch.hpp>

#include "protocol/base/random.h"

using base::Uuid;

TEST_CASE("an id is printed the way Kafka prints it", "[uuid]") {
  // 4d6b5533 4f455642 4e546377 4e545244, whose text Kafka's quick start made famous.
  const auto id = Uuid::from_text("TWtVM09FVkJOVGN3TlRSRA");
  REQUIRE(id);
  CHECK(id->bytes[0] == std::byte{0x4d});
  CHECK(id->bytes[15] == std::byte{0x44});
  CHECK(id->to_text() == "TWtVM09FVkJOVGN3TlRSRA");
  CHECK(Uuid{}.to_text() == "AAAAAAAAAAAAAAAAAAAAAA");
}

TEST_CASE("what is not an id is refused", "[uuid]") {
  CHECK_FALSE(Uuid::from_text(""));
  CHECK_FALSE(Uuid::from_text("TWtVM09FVkJOVGN3TlRSR"));
  CHECK_FALSE(Uuid::from_text("TWtVM09FVkJOVGN3TlRSR+"));
}

TEST_CASE("made ids differ, survive their text, and never look like a flag", "[uuid]") {
  base::Random random(7);
  for (int i = 0; i < 1000; ++i) {
    const auto id = Uuid::make(random);
    CHECK(Uuid::from_text(id.to_text()) == id);
    CHECK(id.to_text().front() != '-');
    CHECK_FALSE(id.is_zero());
  }
}
