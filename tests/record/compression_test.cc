#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include <zlib.h>
#include <zstd.h>

#include "protocol/base/big_endian.h"
#include "protocol/base/random.h"
#include "protocol/record/batch_check.h"
#include "protocol/record/compression.h"
#include "protocol/record/compressor.h"
#include "protocol/record/record_reader.h"
#include "tests/support/allocation_meter.h"
#include "tests/support/hex.h"

using record::Codec;
using tests::hex;

namespace {

using Bytes = std::vector<std::byte>;

constexpr std::array kCodecs{Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

/// Three records as every client writes them: keys "k0", null, "k2"; values "stele stele stele
/// stele stele" twice and null; timestamps 1000 to 1002; one header in the first.
constexpr std::string_view kPlain =
    "52000000046b303a7374656c65207374656c65207374656c65207374656c65207374656c6502026802784600"
    "0202013a7374656c65207374656c65207374656c65207374656c65207374656c650010000404046b320100";

/// The records of kPlain as real clients compressed them.
struct Written {
  const char* client;
  Codec codec;
  std::string_view bytes;
};
constexpr std::array kWritten{std::to_array<Written>({
    {"Java 4.3.1", Codec::gzip,
     "1f8b08000000000000ff0b62606060c936b02a2e49cd4955c0413231653055b831303131e257c720c0c0c2c2"
     "926dc4c80000e64eedd957000000"},
    {"kafka-python 3.0", Codec::gzip,
     "1f8b0800d22e066b02ff0b62606060c936b02a2e49cd4955c0413231653055b831303131e257c720c0c0c2c2"
     "926dc4c80000e64eedd957000000"},
    {"librdkafka 2.16", Codec::gzip,
     "1f8b08000000000000030b62606060c936b02a2e49cd4955c0413231653055b831303131e257c720c0c0c2c2"
     "926dc4c80000e64eedd957000000"},
    {"franz-go 1.22", Codec::gzip,
     "1f8b080000096e8800ff005700a8ff52000000046b303a7374656c65207374656c65207374656c6520737465"
     "6c65207374656c65020268027846000202013a7374656c65207374656c65207374656c65207374656c652073"
     "74656c650010000404046b3201000300e64eedd957000000"},
    {"Java 4.3.1", Codec::snappy,
     "82534e415050590000000001000000010000002c573452000000046b303a7374656c65205a06002402026802"
     "784600020201762800240010000404046b320100"},
    {"librdkafka 2.16", Codec::snappy,
     "573452000000046b303a7374656c65205a06002402026802784600020201762800240010000404046b320100"},
    {"Java 4.3.1", Codec::lz4,
     "04224d186040822b000000ef52000000046b303a7374656c6520060004af0202680278460002020128000ba0"
     "0010000404046b32010000000000"},
    {"kafka-python 3.0", Codec::lz4,
     "04224d18684057000000000000007f2b000000ef52000000046b303a7374656c6520060004af020268027846"
     "0002020128000ba00010000404046b32010000000000"},
    {"franz-go 1.22", Codec::lz4,
     "04224d186470b931000000ef52000000046b303a7374656c6520060004af0202680278460002020128000301"
     "3a00d0656c650010000404046b320100000000004324f401"},
    {"Java 4.3.1", Codec::zstd,
     "28b52ffd0058640100240252000000046b303a7374656c6520020268027846000202010010000404046b3201"
     "0002004b8948eaa204010000"},
    {"kafka-python 3.0", Codec::zstd,
     "28b52ffd2057650100240252000000046b303a7374656c6520020268027846000202010010000404046b3201"
     "0002004b8948eaa204"},
    {"librdkafka 2.16", Codec::zstd,
     "28b52ffd0058650100240252000000046b303a7374656c6520020268027846000202010010000404046b3201"
     "0002004b8948eaa204"},
    {"franz-go 1.22", Codec::zstd,
     "28b52ffd0400650100240252000000046b303a7374656c6520020268027846000202010010000404046b3201"
     "0002004b8948eaa204f6b59224"},
    {"Java 4.3.1 at level 22", Codec::zstd,
     "28b52ffd0088640100240252000000046b303a7374656c6520020268027846000202010010000404046b3201"
     "0002004b8948eaa204010000"},
})};

/// Whole batches of those records: gzip from Java, raw snappy from librdkafka.
constexpr std::array<std::string_view, 2> kBatches{
    "00000000000000000000006bffffffff02b72f6f6600010000000200000000000003e800000000000003eaff"
    "ffffffffffffffffffffffffff000000031f8b08000000000000ff0b62606060c936b02a2e49cd4955c04132"
    "31653055b831303131e257c720c0c0c2c2926dc4c80000e64eedd957000000",
    "00000000000000000000005d00000000020216812200020000000200000000000003e800000000000003eaff"
    "ffffffffffffffffffffffffff00000003573452000000046b303a7374656c65205a06002402026802784600"
    "020201762800240010000404046b320100"};

Bytes joined(const Bytes& a, const Bytes& b) {
  auto both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

Bytes random_text(base::Random& random, std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::byte>('a' + random.below(4));
  return bytes;
}

/// An empty zstd frame that asks for a window of 2^log bytes and holds `size` zeros.
Bytes zstd_zeros(unsigned window_log, std::uint32_t size) {
  auto frame = hex("28b52ffd 00");
  frame.push_back(static_cast<std::byte>((window_log - 10) << 3));
  constexpr std::uint32_t kBlockMax = 128 << 10;
  do {
    const auto block = std::min(size, kBlockMax);
    size -= block;
    const auto header = block << 3 | 1 << 1 | (size == 0 ? 1U : 0U);  // RLE, maybe the last.
    for (int shift = 0; shift < 24; shift += 8)
      frame.push_back(static_cast<std::byte>(header >> shift));
    frame.push_back(std::byte{0});
  } while (size > 0);
  return frame;
}

}  // namespace

TEST_CASE("what real clients compressed is read", "[record]") {
  const auto plain = hex(kPlain);
  for (const auto& written : kWritten) {
    INFO(written.client << " " << record::name_of(written.codec));
    const auto compressed = hex(written.bytes);
    CHECK(record::decompress(written.codec, compressed, 1000) == plain);
    // In small pieces too.
    const auto decompressor = record::Decompressor::open(written.codec, compressed).value();
    Bytes whole;
    std::array<std::byte, 3> piece;
    for (;;) {
      const auto size = decompressor->read(piece).value();
      if (size == 0) break;
      whole.insert(whole.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size));
    }
    CHECK(whole == plain);
  }
}

TEST_CASE("whole batches of real clients pass the checks", "[record]") {
  for (const auto text : kBatches) {
    const auto batch = hex(text);
    record::BatchHeader header;
    REQUIRE(record::check_header(batch, header).ok());
    base::Timestamp max_timestamp = -1;
    REQUIRE(record::check_records(batch, header, {}, max_timestamp).ok());
    CHECK(max_timestamp == 1002);
    std::string seen;
    const auto read = record::each_record(batch, 1000, [&](const record::RecordView& r) {
      seen += r.key ? std::string(base::as_text(*r.key)) : "null";
      seen += r.value ? "=" + std::string(base::as_text(*r.value).substr(0, 5)) : "=null";
      CHECK(record::each_header(r.headers, [&](const record::HeaderView& h) {
        seen += "," + std::string(h.key) + ":" + std::string(base::as_text(*h.value));
      }));
      seen += "@" + std::to_string(r.timestamp) + " ";
      return true;
    });
    CHECK(read);
    CHECK(seen == "k0=stele,h:x@1000 null=stele@1001 k2=null@1002 ");
  }
}

TEST_CASE("what we compress we read, at all sizes and levels", "[record]") {
  base::Random random(1);
  for (const auto codec : kCodecs) {
    for (const std::size_t size : {0, 1, 100, 32767, 32768, 32769, 65536, 300'000}) {
      INFO(record::name_of(codec) << " " << size);
      const auto plain = random_text(random, size);
      CHECK(record::decompress(codec, record::compress(codec, plain).value(), size) == plain);
    }
  }
  const auto plain = random_text(random, 100'000);
  const auto levels = [&](Codec codec, int from, int to) {
    for (int level = from; level <= to; ++level) {
      INFO(record::name_of(codec) << " " << level);
      const auto compressed = record::compress(codec, plain, level).value();
      CHECK(record::decompress(codec, compressed, plain.size()) == plain);
    }
  };
  levels(Codec::gzip, 1, 9);
  levels(Codec::lz4, 1, 17);
  levels(Codec::zstd, 1, 22);
}

TEST_CASE("what is compressed in pieces is read, at all sizes and levels", "[record]") {
  base::Random random(2);
  const auto plain = random_text(random, 300'000);
  const auto in_pieces = [&](Codec codec, std::size_t size, std::size_t piece,
                             std::optional<int> level = std::nullopt) {
    INFO(record::name_of(codec) << " " << size << " in pieces of " << piece);
    const auto compressor = record::Compressor::open(codec, level).value();
    Bytes out;
    for (base::BytesView left(plain.data(), size); !left.empty();) {
      const auto now = left.first(std::min(piece, left.size()));
      left = left.subspan(now.size());
      REQUIRE(compressor->write(now, out));
    }
    REQUIRE(compressor->finish(out));
    const auto again = record::decompress(codec, out, plain.size()).value();
    CHECK(std::ranges::equal(again, base::BytesView(plain).first(size)));
  };
  for (const auto codec : kCodecs) {
    for (const auto size : {std::size_t{0}, std::size_t{1}, std::size_t{70'000}, plain.size()})
      for (const auto piece : {std::size_t{1000}, std::size_t{64} << 10, plain.size()})
        in_pieces(codec, size, piece);
  }
  for (const int level : {1, 9}) in_pieces(Codec::gzip, plain.size(), 1000, level);
  for (const int level : {1, 17}) in_pieces(Codec::lz4, plain.size(), 1000, level);
  for (const int level : {-5, 1, 22}) in_pieces(Codec::zstd, plain.size(), 1000, level);
}

TEST_CASE("snappy is written in the frame that Java reads", "[record]") {
  const auto compressed = record::compress(Codec::snappy, hex("616161")).value();
  CHECK(compressed == hex("82 'SNAPPY' 00 00000001 00000001  00000005 03 08 616161"));
}

TEST_CASE("streams may follow one another where the format says so", "[record]") {
  const auto a = hex("616161");
  const auto b = hex("6262");
  for (const auto codec : {Codec::gzip, Codec::snappy, Codec::zstd}) {
    INFO(record::name_of(codec));
    const auto both =
        joined(record::compress(codec, a).value(), record::compress(codec, b).value());
    CHECK(record::decompress(codec, both, 100) == joined(a, b));
    const auto cut = base::BytesView(both).first(both.size() - 1);
    CHECK_FALSE(record::decompress(codec, cut, 100));
  }
}

TEST_CASE("bytes behind the end are refused", "[record]") {
  for (const auto codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    INFO(record::name_of(codec));
    auto compressed = record::compress(codec, hex(kPlain)).value();
    compressed.push_back(std::byte{1});
    const auto plain = record::decompress(codec, compressed, 1000);
    REQUIRE_FALSE(plain);
    CHECK(plain.error().fault == base::Fault::corruption);
  }
}

TEST_CASE("every truncation of compressed data is refused", "[record]") {
  for (const auto& written : kWritten) {
    const auto whole = hex(written.bytes);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto cut = base::BytesView(whole).first(size);
      const auto plain = record::decompress(written.codec, cut, 1000);
      INFO(written.client << " " << record::name_of(written.codec) << " cut to " << size);
      // Snappy has no end mark: blocks, or the frame's header alone, are whole streams too.
      if (written.codec == Codec::snappy && plain)
        CHECK(plain->empty());
      else
        CHECK_FALSE(plain);
    }
  }
}

TEST_CASE("no wrong byte makes a codec read or write where it must not", "[record]") {
  base::Random random(2);
  constexpr std::size_t kMax = 1 << 20;
  for (const auto& written : kWritten) {
    auto bytes = hex(written.bytes);
    for (auto& byte : bytes) {
      const auto right = byte;
      for (int i = 0; i < 4; ++i) {
        byte = static_cast<std::byte>(random.next());
        const auto plain = record::decompress(written.codec, bytes, kMax);
        if (plain) REQUIRE(plain->size() <= kMax);
      }
      byte = right;
    }
  }
}

// 128 MiB as Kafka, so that level 22 of its Java client is taken; more is not.
TEST_CASE("a zstd window is bounded", "[record]") {
  for (const unsigned log : {10U, 23U, 27U}) {
    INFO(log);
    const auto plain = record::decompress(Codec::zstd, zstd_zeros(log, 100), 100);
    REQUIRE(plain);
    CHECK(plain->size() == 100);
  }
  for (const unsigned log : {28U, 31U, 41U})
    CHECK_FALSE(record::decompress(Codec::zstd, zstd_zeros(log, 100), 100));
}

TEST_CASE("a snappy block does not get memory for what it only claims", "[record]") {
  // 2^26 bytes and 2^32 - 1, in blocks of a few.
  for (const auto* const block : {"80808020 0000", "ffffffff0f 0000", "ffffff1f 0000000000"}) {
    INFO(block);
    const auto raw = hex(block);
    auto framed = hex("82 'SNAPPY' 00 00000001 00000001 00000000");
    framed.back() = static_cast<std::byte>(raw.size());
    for (const auto& bytes : {raw, joined(framed, raw)}) {
      const tests::AllocationMeter meter;
      CHECK_FALSE(record::decompress(Codec::snappy, bytes, 1 << 30));
      CHECK(meter.peak() < 1000);
    }
  }
  CHECK_FALSE(record::decompress(
      Codec::snappy, hex("82 'SNAPPY' 00 00000001 00000001 7fffffff 03 08 616161"), 100));
  CHECK_FALSE(record::decompress(
      Codec::snappy, hex("82 'SNAPPY' 00 00000001 00000001 ffffffff 03 08 616161"), 100));
}

TEST_CASE("a bomb costs its reader a piece at a time", "[record]") {
  constexpr std::size_t kSize = std::size_t{64} << 20;
  const Bytes zeros(kSize);
  for (const auto codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    INFO(record::name_of(codec));
    const auto bomb = record::compress(codec, zeros).value();
    CHECK(bomb.size() < kSize / 20);
    const tests::AllocationMeter meter;
    const auto decompressor = record::Decompressor::open(codec, bomb).value();
    Bytes piece(std::size_t{64} << 10);
    std::size_t total = 0;
    for (;;) {
      const auto size = decompressor->read(piece).value();
      if (size == 0) break;
      total += size;
    }
    CHECK(total == kSize);
    CHECK(meter.peak() < (1 << 20));
  }
}
