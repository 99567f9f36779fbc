#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "protocol/base/big_endian.h"
#include "protocol/base/random.h"
#include "protocol/record/batch_builder.h"
#include "protocol/record/batch_check.h"
#include "protocol/record/record_reader.h"

using base::as_bytes;
using record::BatchFault;
using record::BatchHeader;
using record::Codec;

namespace {

using Bytes = std::vector<std::byte>;

const auto kCodecs = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

Bytes make_batch(Codec codec, int count, std::size_t value_size = 20) {
  record::BatchBuilder builder(codec);
  for (int i = 0; i < count; ++i) {
    const auto key = "key-" + std::to_string(i);
    const std::string value(value_size, static_cast<char>('a' + i % 26));
    builder.add({.timestamp = 1000 + i,
                 .key = as_bytes(key),
                 .value = as_bytes(value),
                 .headers = {{"h", as_bytes("x")}, {"null", std::nullopt}}});
  }
  return builder.finish().value();
}

record::BatchVerdict check(const Bytes& batch, const record::RecordRules& rules = {}) {
  BatchHeader header;
  if (auto verdict = record::check_header(batch, header); !verdict.ok()) return verdict;
  base::Timestamp max_timestamp = -1;
  return record::check_records(batch, header, rules, max_timestamp);
}

/// Changes a batch behind the producer's back and makes its checksum right again.
void refit(Bytes& batch) {
  const auto header = *BatchHeader::read(batch);
  const auto crc = record::batch_crc(header, base::BytesView(batch).subspan(BatchHeader::kSize));
  base::store_big_endian(batch.data() + BatchHeader::kCrcAt, crc);
}

}  // namespace

TEST_CASE("what a builder made, a reader reads, in every codec", "[record]") {
  for (const auto codec : kCodecs) {
    CAPTURE(record::name_of(codec));
    const auto batch = make_batch(codec, 300);
    CHECK(check(batch).ok());
    const auto header = *BatchHeader::read(batch);
    CHECK(header.codec() == codec);
    CHECK(header.record_count == 300);
    CHECK(header.max_timestamp == 1299);
    int n = 0;
    const auto read = record::each_record(batch, 1 << 20, [&](const record::RecordView& r) {
      CHECK(r.offset == n);
      CHECK(r.timestamp == 1000 + n);
      CHECK(base::as_text(*r.key) == "key-" + std::to_string(n));
      CHECK(r.value->size() == 20);
      int headers = 0;
      CHECK(record::each_header(r.headers, [&](const record::HeaderView&) { ++headers; }));
      CHECK(headers == 2);
      ++n;
      return true;
    });
    REQUIRE(read);
    CHECK(n == 300);
  }
}

TEST_CASE("a header survives its bytes", "[record]") {
  const auto batch = make_batch(Codec::none, 3);
  const auto header = *BatchHeader::read(batch);
  CHECK(BatchHeader::read(header.to_bytes()) == header);
  CHECK(header.total_size() == batch.size());
}

TEST_CASE("sequences wrap after 2^31 - 1", "[record]") {
  BatchHeader header;
  header.base_sequence = INT32_MAX - 1;
  header.last_offset_delta = 3;
  CHECK(header.last_sequence() == 1);
}

TEST_CASE("every flipped bit behind the stamps is found", "[record]") {
  auto batch = make_batch(Codec::none, 2);
  BatchHeader header;
  for (auto at = BatchHeader::kCrcAt; at < batch.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      const auto mask = static_cast<std::byte>(1 << bit);
      batch[at] ^= mask;
      CHECK_FALSE(record::check_header(batch, header).ok());
      batch[at] ^= mask;
    }
  }
  CHECK(record::check_header(batch, header).ok());
}

TEST_CASE("a batch cut anywhere is refused", "[record]") {
  for (const auto codec : kCodecs) {
    const auto batch = make_batch(codec, 5);
    BatchHeader header;
    for (std::size_t size = 0; size < batch.size(); ++size)
      CHECK_FALSE(record::check_header(base::BytesView(batch).first(size), header).ok());
  }
}

TEST_CASE("compressed records that end too early are refused", "[record]") {
  for (const auto codec : kCodecs) {
    CAPTURE(record::name_of(codec));
    auto batch = make_batch(codec, 50);
    batch.resize(batch.size() - 3);
    base::store_big_endian(batch.data() + 8, static_cast<std::int32_t>(batch.size() - 12));
    refit(batch);
    CHECK_FALSE(check(batch).ok());
  }
}

TEST_CASE("each fault has its own name", "[record]") {
  const auto good = make_batch(Codec::none, 3);
  const auto with = [&](std::size_t at, auto value) {
    auto batch = good;
    base::store_big_endian(batch.data() + at, value);
    refit(batch);
    return check(batch).fault;
  };
  CHECK(with(16, std::int8_t{1}) == BatchFault::invalid_record);
  CHECK(with(21, std::uint16_t{5}) == BatchFault::unsupported_codec);
  CHECK(with(21, std::uint16_t{8}) == BatchFault::invalid_timestamp);
  CHECK(with(21, std::uint16_t{32}) == BatchFault::invalid_record);
  CHECK(with(21, std::uint16_t{16}) == BatchFault::invalid_record);
  CHECK(with(23, std::int32_t{5}) == BatchFault::invalid_record);
  CHECK(with(57, std::int32_t{4}) == BatchFault::invalid_record);
  CHECK(with(43, std::int64_t{7}) == BatchFault::invalid_record);
  auto two = good;
  two.insert(two.end(), good.begin(), good.end());
  CHECK(check(two).fault == BatchFault::invalid_record);
}

TEST_CASE("a topic's rules are applied to each record", "[record]") {
  record::BatchBuilder builder;
  builder.add({.timestamp = 10, .key = as_bytes("k"), .value = as_bytes("v")});
  builder.add({.timestamp = -1, .key = std::nullopt, .value = as_bytes("v")});
  builder.add({.timestamp = 99, .key = as_bytes("k"), .value = std::nullopt});
  const auto batch = builder.finish().value();
  CHECK(check(batch).ok());
  const auto keyless = check(batch, {.key_required = true});
  CHECK(keyless.fault == BatchFault::invalid_record);
  REQUIRE(keyless.records.size() == 1);
  CHECK(keyless.records[0].batch_index == 1);
  const auto late = check(batch, {.timestamp_most = 50});
  CHECK(late.fault == BatchFault::invalid_timestamp);
  REQUIRE(late.records.size() == 1);
  CHECK(late.records[0].batch_index == 2);
  CHECK(check(batch, {.create_time = false, .timestamp_most = 50}).ok());
}

TEST_CASE("a bomb stops at its bound", "[record]") {
  for (const auto codec : {Codec::gzip, Codec::lz4, Codec::zstd, Codec::snappy}) {
    CAPTURE(record::name_of(codec));
    const auto batch = make_batch(codec, 3, 5 << 20);
    CHECK(batch.size() < (1 << 20));
    CHECK(check(batch).ok());
    CHECK(check(batch, {.plain_bytes_max = 1 << 20}).fault == BatchFault::too_large);
    const auto plain = record::decompress(codec, base::BytesView(batch).subspan(61), 1 << 20);
    REQUIRE_FALSE(plain);
    CHECK(plain.error().fault == base::Fault::full);
  }
}

TEST_CASE("random bytes never pass for a batch", "[record]") {
  base::Random random(3);
  for (int i = 0; i < 2000; ++i) {
    auto batch = make_batch(*(kCodecs.begin() + i % 5), 20);
    for (int k = 0; k < 8; ++k)
      batch[61 + random.below(batch.size() - 61)] = static_cast<std::byte>(random.next());
    refit(batch);
    const auto verdict = check(batch);  // Whatever it says, it comes back.
    (void)verdict;
    (void)record::each_record(batch, 1 << 20, [](const record::RecordView&) { return true; });
  }
}
