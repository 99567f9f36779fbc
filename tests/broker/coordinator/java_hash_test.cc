#include "broker/coordinator/java_hash.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/coordinator/group_coordinator.h"

using broker::java_hash;
using broker::java_length;
using broker::offsets_partition;

namespace {

/// What Java 17 says of a text: hashCode(), and the partition of 50 that Kafka makes of it.
struct JavaSays {
  std::string_view text;
  std::int32_t hash;
  std::int32_t partition;
};

}  // namespace

TEST_CASE("a group id hashes as in Java", "[groups]") {
  const std::vector<JavaSays> all = {
      {"", 0, 0},
      {"g", 103, 3},
      {"my-group", -1906497762, 12},
      {"console-consumer-12345", 158455506, 6},
      {"gr\u00fc\u00dfe", 98768023, 23},
      {"\u65e5\u672c\u8a9e", 25921943, 43},
      {"\U0001F680 group", 360702466, 16},
      {"\uffff", 65535, 35},
      // The one number without an absolute value.
      {"polygenelubricants", -2147483648, 0},
      {std::string_view("\0", 1), 0, 0},
  };
  for (const auto& [text, hash, partition] : all) {
    CAPTURE(text);
    CHECK(java_hash(text) == hash);
    CHECK(offsets_partition(text, 50) == partition);
  }
}

TEST_CASE("what is not UTF-8 hashes as Java decodes it", "[groups]") {
  const std::vector<std::pair<std::string_view, std::int32_t>> all = {
      {"\x61\x80\x62", 2124838},         // Continues nothing.
      {"\xff", 65533},                   // Begins nothing.
      {"\xc3", 65533},                   // Ends too early,
      {"\x61\xe2\x82", 68540},           // ...
      {"\xf0\x9f\x9a", 65533},           // ...
      {"\x61\xe2\x82\x62", 2124838},     // ...and is followed by something else.
      {"\xf0\x9f\x61", 2031620},         //
      {"\xe1\x80\x62", 2031621},         //
      {"\xf1\x80\x80\x62", 2031621},     //
      {"\xf0\x90\x80\x62", 2031621},     //
      {"\xc0\x80", 2097056},             // Longer than need be.
      {"\xc1\xbf", 2097056},             //
      {"\xe0\x80\x80\x62", 2017302437},  //
      {"\xf0\x80\x80", 65074269},        //
      {"\xed\xa0\x80", 65533},           // Half of a pair.
      {"\xed\xb0\x80\x61", 2031620},     //
      {"\xf4\x90\x80\x80", 2017367872},  // Above U+10FFFF.
      {"\xf5\x80\x80\x80", 2017367872},  //
  };
  for (const auto& [text, hash] : all) {
    CAPTURE(hash, text.size());
    CHECK(java_hash(text) == hash);
  }
}

TEST_CASE("a text is as long as in Java", "[groups]") {
  CHECK(java_length("") == 0);
  CHECK(java_length("plain") == 5);
  CHECK(java_length("\u00fc\u20ac") == 2);   // Two bytes and three.
  CHECK(java_length("\U0001f600") == 2);     // A pair of surrogates.
  CHECK(java_length("a\xff\xe2\x82") == 3);  // Each piece that is no UTF-8 is one U+FFFD.
}
