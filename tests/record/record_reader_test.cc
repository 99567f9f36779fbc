#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/varint.h"
#include "protocol/record/batch_builder.h"
#include "protocol/record/compressor.h"
#include "protocol/record/record_reader.h"
#include "protocol/record/record_times.h"
#include "tests/support/allocation_meter.h"
#include "tests/support/hex.h"

using base::as_bytes;
using record::BatchHeader;
using record::Codec;
using tests::hex;

namespace {

using Bytes = std::vector<std::byte>;

const auto kCodecs = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

base::Result<> read_all(base::BytesView batch, std::size_t record_bytes_max) {
  return record::each_record(batch, record_bytes_max,
                             [](const record::RecordView&) { return true; });
}

/// A batch that says it has one record and holds `plain`.
Bytes batch_of(Codec codec, const Bytes& plain) {
  auto records = record::compress(codec, plain).value();
  BatchHeader header;
  header.attributes = static_cast<std::uint16_t>(codec);
  header.record_count = 1;
  header.batch_length =
      static_cast<std::int32_t>(BatchHeader::kSize - BatchHeader::kLengthEnd + records.size());
  const auto bytes = header.to_bytes();
  records.insert(records.begin(), bytes.begin(), bytes.end());
  return records;
}

base::Fault fault_of(std::string_view headers) {
  const auto bytes = hex(headers);
  const auto read = record::each_header(bytes, [](const record::HeaderView&) {});
  REQUIRE_FALSE(read);
  return read.error().fault;
}

}  // namespace

TEST_CASE("large records between small ones are read whole, in every codec", "[record]") {
  const std::string large(5 << 20, 'x');
  for (const auto codec : kCodecs) {
    INFO(record::name_of(codec));
    record::BatchBuilder builder(codec);
    for (const auto size : {10, 5 << 20, 70'000, 0, 5 << 20, 1})
      builder.add({.value = as_bytes(std::string_view(large).substr(0, size))});
    const auto batch = builder.finish().value();
    std::vector<std::size_t> sizes;
    const tests::AllocationMeter meter;
    const auto read = record::each_record(batch, 6 << 20, [&](const record::RecordView& r) {
      CHECK(std::ranges::count(*r.value, std::byte{'x'}) == std::ssize(*r.value));
      sizes.push_back(r.value->size());
      return true;
    });
    // The largest record, as much again read ahead, and both once more while they move.
    CHECK(meter.peak() < (25 << 20));
    REQUIRE(read);
    CHECK(sizes == std::vector<std::size_t>{10, 5 << 20, 70'000, 0, 5 << 20, 1});
  }
}

TEST_CASE("a record beyond the limit is not decompressed", "[record]") {
  for (const auto codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    INFO(record::name_of(codec));
    record::BatchBuilder builder(codec);
    builder.add({.value = as_bytes(std::string(5 << 20, 'x'))});
    const auto batch = builder.finish().value();
    CHECK(read_all(batch, 6 << 20));
    const tests::AllocationMeter meter;
    const auto read = read_all(batch, 1 << 20);
    REQUIRE_FALSE(read);
    CHECK(read.error().fault == base::Fault::full);
    CHECK(meter.peak() < (1 << 20));
  }
}

TEST_CASE("a record's length is not believed before its bytes are there", "[record]") {
  for (const auto codec : kCodecs) {
    INFO(record::name_of(codec));
    Bytes plain;
    base::put_varlong(plain, 1 << 30);
    plain.resize(plain.size() + 1000);
    const auto batch = batch_of(codec, plain);
    const tests::AllocationMeter meter;
    const auto read = read_all(batch, std::size_t{1} << 31);
    REQUIRE_FALSE(read);
    CHECK(read.error().fault == base::Fault::corruption);
    CHECK(meter.peak() < (1 << 20));
  }
}

TEST_CASE("records that break their format are corruption", "[record]") {
  for (const auto* const plain :
       {"", "01", "80", "00", "02 00", "08 00 00 00 01", "0c 00 00 00 03 00 00", "08 00 00 00 7f",
        "ffffffffff 00", "ffffffff7f 00"}) {
    INFO(plain);
    for (const auto codec : kCodecs) {
      const auto read = read_all(batch_of(codec, hex(plain)), 1000);
      REQUIRE_FALSE(read);
      CHECK(read.error().fault == base::Fault::corruption);
    }
  }
}

TEST_CASE("offsets outside a batch, or beyond all offsets, are corruption", "[record]") {
  // Attributes, timestamp delta, offset delta, null key, null value, no headers.
  CHECK(read_all(batch_of(Codec::none, hex("0c 00 00 00 01 01 00")), 1000));
  CHECK_FALSE(read_all(batch_of(Codec::none, hex("0c 00 00 01 01 01 00")), 1000));  // -1
  CHECK_FALSE(read_all(batch_of(Codec::none, hex("0c 00 00 02 01 01 00")), 1000));  // 1 of 0
  BatchHeader header;
  header.batch_length = BatchHeader::kSize - BatchHeader::kLengthEnd;
  header.last_offset_delta = 5;
  CHECK(header.plausible());
  for (const auto base : {std::int64_t{-1}, INT64_MIN, INT64_MAX, INT64_MAX - 5}) {
    header.base_offset = base;
    CHECK_FALSE(header.plausible());
  }
  header.base_offset = INT64_MAX - 6;
  CHECK(header.plausible());
  CHECK(header.next_offset() == INT64_MAX);
}

TEST_CASE("headers that break their format are corruption", "[record]") {
  CHECK(record::each_header(hex("00"), [](const record::HeaderView&) {}));
  for (const auto* const headers :
       {"", "01", "02", "02 01 00", "02 02 'k'", "02 02 'k' 02", "02 02 'k' 03", "02 02 'k' 00 00",
        "fffffffe0f", "02 7e 'k' 00"}) {
    INFO(headers);
    CHECK(fault_of(headers) == base::Fault::corruption);
  }
}

TEST_CASE("a null header value is not an empty one", "[record]") {
  const auto bytes = hex("04 02 'a' 01 02 'b' 00");
  std::vector<bool> has_value;
  REQUIRE(record::each_header(
      bytes, [&](const record::HeaderView& h) { has_value.push_back(h.value.has_value()); }));
  CHECK(has_value == std::vector<bool>{false, true});
}

TEST_CASE("batches are visited up to the first that is not whole", "[record]") {
  record::BatchBuilder builder;
  builder.add({.value = as_bytes("v")});
  const auto one = builder.finish().value();
  Bytes three;
  for (int i = 0; i < 3; ++i) three.insert(three.end(), one.begin(), one.end());
  const auto count = [](base::BytesView bytes) {
    int batches = 0;
    record::each_batch(bytes, [&](const BatchHeader& header, base::BytesView batch) {
      CHECK(batch.size() == header.total_size());
      ++batches;
      return true;
    });
    return batches;
  };
  for (std::size_t size = 0; size <= three.size(); ++size)
    CHECK(count(base::BytesView(three).first(size)) == static_cast<int>(size / one.size()));
}

TEST_CASE("the first record since a time is found, in every codec", "[record]") {
  for (const auto codec : kCodecs) {
    INFO(record::name_of(codec));
    record::BatchBuilder builder(codec);
    for (const base::Timestamp time : {40, 10, 60, 30}) builder.add({.timestamp = time});
    BatchHeader like;
    like.base_offset = 100;
    auto batch = builder.finish(like).value();
    const auto offset_at = [&batch](base::Timestamp target) {
      const auto found = record::first_record_since(batch, target).value();
      return found ? found->offset : -1;
    };
    CHECK(offset_at(-1) == 100);
    CHECK(offset_at(40) == 100);
    CHECK(offset_at(41) == 102);
    CHECK(record::first_record_since(batch, 41).value()->timestamp == 60);
    CHECK(offset_at(61) == -1);

    auto header = *BatchHeader::read(batch);
    header.set_log_append_time(500);
    std::ranges::copy(header.to_bytes(), batch.begin());
    CHECK(offset_at(500) == 100);  // The batch's time is that of all its records.
    CHECK(offset_at(501) == -1);

    header.record_count = 5;  // One more than there is.
    std::ranges::copy(header.to_bytes(), batch.begin());
    CHECK(record::first_record_since(batch, 501).error().fault == base::Fault::corruption);
    batch.pop_back();
    CHECK(record::first_record_since(batch, 0).error().fault == base::Fault::corruption);
  }
}

TEST_CASE("a large record costs a search by time no memory", "[record]") {
  const std::string large(64 << 20, 'x');
  for (const auto codec : kCodecs) {
    INFO(record::name_of(codec));
    record::BatchBuilder builder(codec);
    builder.add({.timestamp = 10, .value = as_bytes(large)});
    builder.add({.timestamp = 20});
    const auto batch = builder.finish().value();
    const tests::AllocationMeter meter;
    const auto found = record::first_record_since(batch, 11);
    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->offset == 1);
    CHECK(meter.peak() < std::size_t{1} << 20);
  }
}

TEST_CASE("records that break their format end a search by time", "[record]") {
  const auto fault_of_search = [](Codec codec, std::string_view plain) {
    const auto found = record::first_record_since(batch_of(codec, hex(plain)), 1);
    return found ? std::nullopt : std::optional(found.error().fault);
  };
  for (const auto codec : kCodecs) {
    INFO(record::name_of(codec));
    CHECK(fault_of_search(codec, "0c 00 00 00 01 01 00") == std::nullopt);  // Whole, and too early.
    CHECK(fault_of_search(codec, "0c 00 00 02 01 01 00") == base::Fault::corruption);  // Offset 1.
    CHECK(fault_of_search(codec, "0c 00 00 00 01 01") == base::Fault::corruption);
    CHECK(fault_of_search(codec, "02 00 00 00 01 01 00") == base::Fault::corruption);
    CHECK(fault_of_search(codec, "01") == base::Fault::corruption);
    CHECK(fault_of_search(codec, "0c 00") == base::Fault::corruption);
    CHECK(fault_of_search(codec, "") == base::Fault::corruption);
  }
}
