#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/varint.h"
#include "protocol/record/batch_check.h"
#include "protocol/record/compressor.h"
#include "tests/support/hex.h"

using record::BatchFault;
using record::BatchHeader;
using record::Codec;
using tests::hex;

namespace {

using Bytes = std::vector<std::byte>;

constexpr auto kCodecs = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

/// A batch with a right checksum whose records are what `records` says, right or wrong.
Bytes batch_of(Codec codec, int count, Bytes records) {
  BatchHeader header;
  header.attributes = static_cast<std::uint16_t>(codec);
  header.record_count = count;
  header.last_offset_delta = count - 1;
  header.base_timestamp = 100;
  header.batch_length =
      static_cast<std::int32_t>(BatchHeader::kSize - BatchHeader::kLengthEnd + records.size());
  header.crc = record::batch_crc(header, records);
  const auto bytes = header.to_bytes();
  records.insert(records.begin(), bytes.begin(), bytes.end());
  return records;
}

BatchFault check(const Bytes& batch, const record::RecordRules& rules = {}) {
  BatchHeader header;
  const auto checked = record::check_header(batch, header);
  REQUIRE(checked.ok());
  base::Timestamp max_timestamp = -1;
  return record::check_records(batch, header, rules, max_timestamp).fault;
}

/// The verdict on plain records, which must be the same in every codec.
BatchFault judge(std::string_view plain, int count = 1) {
  const auto fault = check(batch_of(Codec::none, count, hex(plain)));
  for (const auto codec : kCodecs) {
    INFO(record::name_of(codec));
    const auto records = record::compress(codec, hex(plain)).value();
    CHECK(check(batch_of(codec, count, records)) == fault);
  }
  return fault;
}

/// One plain record without key and headers.
Bytes record_with_value(std::size_t size) {
  const auto value_size = static_cast<std::int64_t>(size);
  constexpr std::int64_t kRest = 5;  // Attributes, both deltas, null key, no headers.
  Bytes bytes;
  base::put_varlong(bytes,
                    kRest + static_cast<std::int64_t>(base::varlong_size(value_size)) + value_size);
  for (const auto byte : hex("00 00 00 01")) bytes.push_back(byte);
  base::put_varlong(bytes, value_size);
  bytes.resize(bytes.size() + size, std::byte{'x'});
  bytes.push_back(std::byte{0});
  return bytes;
}

// Length, attributes, timestamp delta, offset delta, key, value, number of headers.
constexpr auto kRecord = "10 00 00 00 02 'k' 02 'v' 00 ";
constexpr auto kNext = "10 00 00 02 02 'k' 02 'v' 00 ";

}  // namespace

TEST_CASE("records are walked to the last byte", "[record]") {
  const std::string record = kRecord;
  CHECK(judge(record) == BatchFault::none);
  CHECK(judge(record + kNext, 2) == BatchFault::none);
  CHECK(judge("0c 00 00 00 01 01 00") == BatchFault::none);                // Null key, null value.
  CHECK(judge("14 00 00 00 01 01 02 02 'h' 02 'x'") == BatchFault::none);  // A header.
  CHECK(judge("12 00 00 00 01 01 02 02 'h' 01") == BatchFault::none);      // Its value null.

  CHECK(judge(record, 2) == BatchFault::invalid_record);            // Fewer than counted.
  CHECK(judge(record + kNext) == BatchFault::invalid_record);       // More than counted.
  CHECK(judge(record + "00") == BatchFault::invalid_record);        // Left over.
  CHECK(judge(record + kRecord, 2) == BatchFault::invalid_record);  // The same delta twice.
  CHECK(judge(kNext) == BatchFault::invalid_record);                // Does not begin at 0.
}

TEST_CASE("every length in a record is checked", "[record]") {
  CHECK(judge("0e 00 00 00 02 'k' 02 'v' 00") == BatchFault::invalid_record);  // Short by one.
  CHECK(judge("12 00 00 00 02 'k' 02 'v' 00") == BatchFault::invalid_record);  // Long by one.
  CHECK(judge("01 00 00 00 02 'k' 02 'v' 00") == BatchFault::invalid_record);  // -1
  CHECK(judge("10 00 00 00 03 'k' 02 'v' 00") == BatchFault::invalid_record);  // Key -2
  CHECK(judge("10 00 00 00 7e 'k' 02 'v' 00") == BatchFault::invalid_record);
  CHECK(judge("10 00 00 00 02 'k' 05 'v' 00") == BatchFault::invalid_record);  // Value -3
  CHECK(judge("10 00 00 00 02 'k' fffffffe0f 'v' 00") == BatchFault::invalid_record);
  CHECK(judge("0c 00 00 00 01 01 01") == BatchFault::invalid_record);  // -1 headers
  CHECK(judge("0c 00 00 00 01 01 02") == BatchFault::invalid_record);
  CHECK(judge("10 00 00 00 01 01 02 01 01") == BatchFault::invalid_record);  // Null header key.
  CHECK(judge("10 00 ffffffffffffffffffff 00 01 01 00") == BatchFault::invalid_record);
  CHECK(judge("ffffffff1f 00") == BatchFault::invalid_record);  // A varint of 33 bits.
}

TEST_CASE("a record larger than a piece is walked in every codec", "[record]") {
  auto records = record_with_value(200'000);
  for (const auto codec : kCodecs) {
    INFO(record::name_of(codec));
    CHECK(check(batch_of(codec, 1, record::compress(codec, records).value())) == BatchFault::none);
    records.back() = std::byte{2};
    CHECK(check(batch_of(codec, 1, record::compress(codec, records).value())) ==
          BatchFault::invalid_record);
    records.back() = std::byte{0};
  }
}

TEST_CASE("a codec's own checksum at its end is looked at", "[record]") {
  auto records = record::compress(Codec::gzip, hex(kRecord)).value();
  CHECK(check(batch_of(Codec::gzip, 1, records)) == BatchFault::none);
  records[records.size() - 8] ^= std::byte{1};  // CRC-32 of the plain bytes (RFC 1952).
  CHECK(check(batch_of(Codec::gzip, 1, records)) == BatchFault::corrupt);
  records[records.size() - 8] ^= std::byte{1};
  records.resize(records.size() - 1);
  CHECK(check(batch_of(Codec::gzip, 1, records)) == BatchFault::corrupt);
}

TEST_CASE("a walk stops at the bound of decompressed bytes", "[record]") {
  const auto records = record_with_value(std::size_t{16} << 20);
  for (const auto codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    INFO(record::name_of(codec));
    const auto batch = batch_of(codec, 1, record::compress(codec, records).value());
    CHECK(check(batch, {.plain_bytes_max = 1 << 20}) == BatchFault::too_large);
  }
}

TEST_CASE("decompression stops at exactly its bound", "[record]") {
  const Bytes plain(1000, std::byte{'x'});
  for (const auto codec : kCodecs) {
    INFO(record::name_of(codec));
    const auto compressed = record::compress(codec, plain).value();
    CHECK(record::decompress(codec, compressed, 1000) == plain);
    const auto more = record::decompress(codec, compressed, 999);
    REQUIRE_FALSE(more);
    CHECK(more.error().fault == base::Fault::full);
  }
}
