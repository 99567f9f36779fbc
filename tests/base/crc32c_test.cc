#include "protocol/base/crc32c.h"

#include <catch2/catch.hpp>
#include <vector>

#include "protocol/base/random.h"

using base::BytesView;

TEST_CASE("known texts have their published checksums", "[crc32c]") {
  // RFC 3720 appendix B.4, and the check value of the CRC catalogues.
  const std::vector<std::byte> zeros(32);
  const std::vector<std::byte> ones(32, std::byte{0xff});
  CHECK(base::crc32c(zeros) == 0x8a9136aa);
  CHECK(base::crc32c(ones) == 0x62a8ab43);
  CHECK(base::crc32c(base::as_bytes("123456789")) == 0xe3069283);
  CHECK(base::crc32c({}) == 0);
}

TEST_CASE("every way gives the same, at every length, place and cut", "[crc32c]") {
  base::Random random(11);
  std::vector<std::byte> bytes(20'000);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random.next());
  for (int i = 0; i < 2000; ++i) {
    const auto at = random.below(64);
    const auto size = i < 200 ? static_cast<std::size_t>(i) : random.below(bytes.size() - at);
    const auto part = BytesView(bytes).subspan(at, size);
    const auto cut = size == 0 ? 0 : random.below(size);
    CAPTURE(at, size, cut);
    const auto whole = base::crc32c_extend_by_table(0, part);
    CHECK(base::crc32c(part) == whole);
    CHECK(base::crc32c_extend(base::crc32c(part.first(cut)), part.subspan(cut)) == whole);
  }
}
