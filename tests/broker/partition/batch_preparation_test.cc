#include "broker/partition/batch_preparation.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/batches.h"

using broker::BatchInPreparation;
using broker::Refusal;
using config::CompressionType;
using config::LogConfig;
using config::TimestampType;
using protocol::ErrorCode;
using record::BatchHeader;
using record::Codec;
using test_support::batch_bytes;
using test_support::batch_of;
using test_support::kNow;
using test_support::Wish;

namespace {

const auto kCodecs = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

struct Prepared {
  Refusal refusal;
  BatchInPreparation batch;

  std::vector<std::byte> bytes() const {
    const auto head = batch.header.to_bytes();
    std::vector<std::byte> all(head.begin(), head.end());
    all.insert(all.end(), batch.records().begin(), batch.records().end());
    return all;
  }
};

/// Both halves, as a partition does them.
Prepared prepare(base::SharedBytes bytes, const LogConfig& config = {}) {
  Prepared prepared{.batch = {.bytes = std::move(bytes)}};
  prepared.refusal = broker::begin_preparation(prepared.batch, config);
  if (!prepared.refusal.refused())
    prepared.refusal = broker::finish_preparation(prepared.batch, config, kNow);
  return prepared;
}

ErrorCode error_of(base::SharedBytes bytes, const LogConfig& config = {}) {
  return prepare(std::move(bytes), config).refusal.error;
}

/// A batch whose header says something else, with the checksum to match.
template <class Change>
base::SharedBytes changed(const Wish& wish, Change change) {
  auto bytes = batch_bytes(wish);
  auto header = *BatchHeader::read(bytes);
  change(header);
  const auto head = header.to_bytes();
  std::ranges::copy(head, bytes.begin());
  return test_support::shared(test_support::refitted(std::move(bytes)));
}

base::SharedBytes with_timestamps(const std::vector<base::Timestamp>& timestamps) {
  record::BatchBuilder builder;
  for (const auto timestamp : timestamps)
    builder.add({.timestamp = timestamp, .value = base::as_bytes("v")});
  return test_support::shared(builder.finish().value());
}

bool checksum_is_right(const Prepared& prepared) {
  const auto bytes = prepared.bytes();
  return record::checksum_matches(*BatchHeader::read(bytes), bytes);
}

}  // namespace

TEST_CASE("an ordinary batch passes as it came, in every codec", "[partition]") {
  for (const auto codec : kCodecs) {
    CAPTURE(record::name_of(codec));
    const auto sent = batch_of({.records = 3, .codec = codec});
    const auto prepared = prepare(sent);
    CHECK(prepared.refusal.error == ErrorCode::none);
    CHECK(prepared.bytes() == std::vector(sent.view.begin(), sent.view.end()));
    CHECK(prepared.batch.bytes.view.data() == sent.view.data());
    CHECK(prepared.batch.log_append_time == -1);
  }
}

TEST_CASE("a batch may be as large as max.message.bytes and not a byte larger", "[partition]") {
  const auto batch = batch_of({.value_size = 1000});
  LogConfig config;
  config.max_message_bytes = static_cast<std::int32_t>(batch.view.size());
  CHECK(error_of(batch, config) == ErrorCode::none);
  --config.max_message_bytes;
  CHECK(error_of(batch, config) == ErrorCode::message_too_large);
}

TEST_CASE("a batch that is too large is refused before its checksum is computed", "[partition]") {
  auto bytes = batch_bytes({.value_size = 1000});
  bytes.back() ^= std::byte{1};
  LogConfig config;
  config.max_message_bytes = 500;
  CHECK(error_of(test_support::shared(bytes), config) == ErrorCode::message_too_large);
}

TEST_CASE("a flipped byte is CORRUPT_MESSAGE", "[partition]") {
  auto bytes = batch_bytes({.records = 2});
  bytes.back() ^= std::byte{1};
  CHECK(error_of(test_support::shared(bytes)) == ErrorCode::corrupt_message);
}

TEST_CASE("exactly one whole batch of magic 2 is taken", "[partition]") {
  auto two = batch_bytes();
  const auto second = batch_bytes();
  two.insert(two.end(), second.begin(), second.end());
  CHECK(error_of(test_support::shared(two)) == ErrorCode::invalid_record);

  auto old = batch_bytes();
  old[16] = std::byte{1};
  CHECK(error_of(test_support::shared(old)) == ErrorCode::invalid_record);

  auto cut = batch_bytes();
  cut.pop_back();
  CHECK(error_of(test_support::shared(cut)) == ErrorCode::corrupt_message);
}

TEST_CASE("headers that contradict themselves are refused", "[partition]") {
  const Wish plain{.records = 2};
  const Wish idempotent{.records = 2, .producer_id = 7, .producer_epoch = 0, .base_sequence = 0};
  CHECK(error_of(batch_of(idempotent)) == ErrorCode::none);

  CHECK(error_of(changed(plain, [](BatchHeader& h) { h.base_offset = 1; })) ==
        ErrorCode::invalid_record);
  CHECK(error_of(changed(plain, [](BatchHeader& h) { h.last_offset_delta = 2; })) ==
        ErrorCode::invalid_record);
  CHECK(error_of(changed(plain, [](BatchHeader& h) { h.record_count = 3; })) ==
        ErrorCode::invalid_record);
  CHECK(error_of(changed(plain, [](BatchHeader& h) {
          h.record_count = 0;
          h.last_offset_delta = -1;
        })) != ErrorCode::none);
  CHECK(error_of(changed(plain, [](BatchHeader& h) { h.attributes |= 32; })) ==
        ErrorCode::invalid_record);  // Control records are the broker's own.
  CHECK(error_of(changed(plain, [](BatchHeader& h) { h.attributes |= 16; })) ==
        ErrorCode::invalid_record);  // A transaction needs a producer.
  CHECK(error_of(changed(plain, [](BatchHeader& h) { h.attributes |= 7; })) ==
        ErrorCode::unsupported_compression_type);
  CHECK(error_of(changed(idempotent, [](BatchHeader& h) { h.producer_epoch = -1; })) ==
        ErrorCode::invalid_record);
  CHECK(error_of(changed(idempotent, [](BatchHeader& h) { h.base_sequence = -1; })) ==
        ErrorCode::invalid_record);
}

TEST_CASE("batches of transactions are INVALID_TXN_STATE", "[partition]") {
  const auto batch =
      batch_of({.producer_id = 7, .producer_epoch = 0, .base_sequence = 0, .attributes = 16});
  CHECK(error_of(batch) == ErrorCode::invalid_txn_state);
}

TEST_CASE("a count that the records do not have is found by walking them", "[partition]") {
  for (const auto codec : kCodecs) {
    CAPTURE(record::name_of(codec));
    const auto more = [](BatchHeader& header) {
      ++header.record_count;
      ++header.last_offset_delta;
    };
    CHECK(error_of(changed({.records = 2, .codec = codec}, more)) == ErrorCode::invalid_record);
  }
}

TEST_CASE("compressed batches are walked unless the topic says not to", "[partition]") {
  const auto lie = [](BatchHeader& header) {
    ++header.record_count;
    ++header.last_offset_delta;
  };
  const auto batch = changed({.records = 2, .codec = Codec::zstd}, lie);
  LogConfig config;
  config.validate_compressed = false;
  CHECK(error_of(batch, config) == ErrorCode::none);
  // Not even then where the keys matter or the batch is rebuilt.
  config.cleanup_compact = true;
  CHECK(error_of(batch, config) == ErrorCode::invalid_record);
  config.cleanup_compact = false;
  config.compression_type = CompressionType::lz4;
  CHECK(error_of(batch, config) == ErrorCode::invalid_record);
}

TEST_CASE("a compacted topic takes no record without a key, and says which", "[partition]") {
  for (const auto codec : {Codec::none, Codec::snappy}) {
    LogConfig config;
    config.cleanup_compact = true;  // With or without "delete".
    CHECK(error_of(batch_of({.records = 2, .codec = codec}), config) == ErrorCode::none);

    const auto refused =
        prepare(batch_of({.records = 3, .codec = codec, .keys = false}), config).refusal;
    CHECK(refused.error == ErrorCode::invalid_record);
    CHECK_FALSE(refused.why.empty());
    REQUIRE(refused.records.size() == 3);
    CHECK(refused.records[1].batch_index == 1);
    CHECK_FALSE(refused.records[1].why.empty());
  }
}

TEST_CASE("the time of every record must lie within the topic's bounds", "[partition]") {
  LogConfig config;
  config.message_timestamp_before_max_ms = 1000;
  config.message_timestamp_after_max_ms = 500;
  const auto error_at = [&](base::Timestamp timestamp) {
    return error_of(with_timestamps({kNow, timestamp}), config);
  };
  CHECK(error_at(kNow - 1000) == ErrorCode::none);
  CHECK(error_at(kNow - 1001) == ErrorCode::invalid_timestamp);
  CHECK(error_at(kNow + 500) == ErrorCode::none);
  CHECK(error_at(kNow + 501) == ErrorCode::invalid_timestamp);
  CHECK(error_at(-1) == ErrorCode::none);  // No timestamp.
  // By default the past is free and the future is an hour.
  CHECK(error_of(with_timestamps({0})) == ErrorCode::none);
  CHECK(error_of(with_timestamps({kNow + 3'600'000})) == ErrorCode::none);
  CHECK(error_of(with_timestamps({kNow + 3'600'001})) == ErrorCode::invalid_timestamp);
}

TEST_CASE("a client may not send log-append time", "[partition]") {
  const auto batch = changed({}, [](BatchHeader& header) { header.attributes |= 8; });
  CHECK(error_of(batch) == ErrorCode::invalid_timestamp);
}

TEST_CASE("a topic with log-append time stamps the batch and not the records", "[partition]") {
  for (const auto codec : kCodecs) {
    CAPTURE(record::name_of(codec));
    LogConfig config;
    config.message_timestamp_type = TimestampType::log_append_time;
    config.message_timestamp_after_max_ms = 0;  // The producer's time does not matter.
    const auto prepared =
        prepare(batch_of({.codec = codec, .timestamp = kNow + 5'000'000}), config);
    REQUIRE(prepared.refusal.error == ErrorCode::none);
    CHECK(prepared.batch.log_append_time == kNow);
    CHECK(prepared.batch.header.log_append_time());
    CHECK(prepared.batch.header.max_timestamp == kNow);
    CHECK(prepared.batch.header.codec() == codec);
    CHECK(checksum_is_right(prepared));
    CHECK(test_support::values_of(prepared.bytes()) == std::vector<std::string>{"r-0"});
  }
}

TEST_CASE("a wrong max timestamp is put right, and the checksum with it", "[partition]") {
  for (const auto wrong : {base::Timestamp{-1}, kNow + 99}) {
    const auto batch =
        changed({.records = 2}, [wrong](BatchHeader& header) { header.max_timestamp = wrong; });
    const auto prepared = prepare(batch);
    REQUIRE(prepared.refusal.error == ErrorCode::none);
    CHECK(prepared.batch.header.max_timestamp == kNow);
    CHECK(checksum_is_right(prepared));
  }
}

TEST_CASE("compression.type rebuilds a batch in the topic's codec and nothing else changes",
          "[partition]") {
  const std::vector<std::pair<CompressionType, Codec>> wanted = {
      {CompressionType::uncompressed, Codec::none},
      {CompressionType::gzip, Codec::gzip},
      {CompressionType::snappy, Codec::snappy},
      {CompressionType::lz4, Codec::lz4},
      {CompressionType::zstd, Codec::zstd}};
  for (const auto& [type, codec] : wanted) {
    for (const auto sent : kCodecs) {
      CAPTURE(record::name_of(codec), record::name_of(sent));
      LogConfig config;
      config.compression_type = type;
      const Wish wish{.records = 5,
                      .codec = sent,
                      .value_size = 200,
                      .producer_id = 12,
                      .producer_epoch = 3,
                      .base_sequence = 40};
      const auto batch = batch_of(wish);
      const auto prepared = prepare(batch, config);
      REQUIRE(prepared.refusal.error == ErrorCode::none);
      const auto& header = prepared.batch.header;
      CHECK(header.codec() == codec);
      CHECK(header.producer_id == 12);
      CHECK(header.producer_epoch == 3);
      CHECK(header.base_sequence == 40);
      CHECK(header.last_sequence() == 44);
      CHECK(header.record_count == 5);
      CHECK(header.max_timestamp == kNow);
      CHECK(checksum_is_right(prepared));
      CHECK(test_support::values_of(prepared.bytes()) == test_support::values_of(batch.view));
      if (codec == sent) CHECK(prepared.batch.bytes.view.data() == batch.view.data());
    }
  }
}

TEST_CASE("what is rebuilt keeps null values, headers and times", "[partition]") {
  record::BatchBuilder builder(Codec::gzip);
  builder.add({.timestamp = kNow - 7,
               .key = base::as_bytes("k"),
               .headers = {{"h", base::as_bytes("x")}, {"null", std::nullopt}}});
  builder.add({.timestamp = kNow, .value = base::as_bytes("v")});
  LogConfig config;
  config.compression_type = CompressionType::uncompressed;
  const auto prepared = prepare(test_support::shared(builder.finish().value()), config);
  REQUIRE(prepared.refusal.error == ErrorCode::none);

  std::vector<std::string> seen;
  const auto bytes = prepared.bytes();
  const auto read = record::each_record(bytes, 1 << 20, [&](const record::RecordView& record) {
    seen.push_back(fmt::format("{} {} {} {}", record.offset, record.timestamp - kNow,
                               record.key.has_value(), record.value.has_value()));
    REQUIRE(record::each_header(record.headers, [&](const record::HeaderView& header) {
      seen.push_back(fmt::format("{} {}", header.key, header.value.has_value()));
    }));
    return true;
  });
  REQUIRE(read);
  CHECK(seen ==
        std::vector<std::string>{"0 -7 true false", "h true", "null false", "1 0 false true"});
}

TEST_CASE("the size is checked again in the topic's codec", "[partition]") {
  LogConfig config;
  config.compression_type = CompressionType::uncompressed;
  config.max_message_bytes = 4000;
  CHECK(error_of(batch_of({.codec = Codec::zstd, .value_size = 3000}), config) == ErrorCode::none);
  CHECK(error_of(batch_of({.codec = Codec::zstd, .value_size = 5000}), config) ==
        ErrorCode::message_too_large);
}

TEST_CASE("of a bomb that is to be rebuilt counts what becomes of it", "[partition]") {
  for (const auto sent : {Codec::gzip, Codec::lz4, Codec::zstd}) {
    const auto bomb = batch_of({.codec = sent, .value_size = 64 << 20});
    for (const auto& [type, error] :
         {std::pair(CompressionType::zstd, ErrorCode::none),
          std::pair(CompressionType::gzip, ErrorCode::none),
          std::pair(CompressionType::lz4, ErrorCode::none),
          std::pair(CompressionType::snappy, ErrorCode::message_too_large),
          std::pair(CompressionType::uncompressed, ErrorCode::message_too_large)}) {
      INFO(record::name_of(sent) << " to " << static_cast<int>(type));
      LogConfig config;
      config.compression_type = type;
      CHECK(error_of(bomb, config) == error);
    }
  }
}

TEST_CASE("what may take long is known before it is done", "[partition]") {
  const auto slow = [](const Wish& wish, const LogConfig& config = {}) {
    BatchInPreparation batch{.bytes = batch_of(wish)};
    REQUIRE_FALSE(broker::begin_preparation(batch, config).refused());
    return broker::is_slow_to_finish(batch, config);
  };
  const auto noise = test_support::noise(40'000);
  const Wish large{.name = noise, .codec = Codec::lz4};
  const Wish plain{.name = noise};
  CHECK_FALSE(slow({}));
  CHECK_FALSE(slow(plain));
  CHECK_FALSE(slow({.codec = Codec::lz4}));
  CHECK(slow(large));

  LogConfig unwalked;
  unwalked.validate_compressed = false;
  CHECK_FALSE(slow(large, unwalked));
  unwalked.cleanup_compact = true;
  CHECK(slow(large, unwalked));

  LogConfig rebuilt;
  rebuilt.compression_type = CompressionType::zstd;
  CHECK(slow(plain, rebuilt));
}

TEST_CASE("a small batch that holds much is left to a worker", "[partition]") {
  for (const auto codec : {Codec::gzip, Codec::lz4, Codec::zstd}) {
    INFO(record::name_of(codec));
    const LogConfig config;
    BatchInPreparation batch{.bytes = batch_of({.codec = codec, .value_size = 1 << 20})};
    REQUIRE_FALSE(broker::begin_preparation(batch, config).refused());
    REQUIRE_FALSE(broker::is_slow_to_finish(batch, config));
    const auto before = batch.header;
    CHECK_FALSE(broker::finish_if_quick(batch, config, kNow));
    CHECK(batch.header == before);
    CHECK_FALSE(broker::finish_preparation(batch, config, kNow).refused());
  }
}

TEST_CASE("what is quick is finished or refused at once", "[partition]") {
  const LogConfig config;
  BatchInPreparation good{.bytes = batch_of({.codec = Codec::gzip, .value_size = 100'000})};
  REQUIRE_FALSE(broker::begin_preparation(good, config).refused());
  const auto finished = broker::finish_if_quick(good, config, kNow);
  REQUIRE(finished);
  CHECK_FALSE(finished->refused());

  LogConfig compacted;
  compacted.cleanup_compact = true;
  BatchInPreparation keyless{.bytes = batch_of({.codec = Codec::gzip, .keys = false})};
  REQUIRE_FALSE(broker::begin_preparation(keyless, compacted).refused());
  const auto refused = broker::finish_if_quick(keyless, compacted, kNow);
  REQUIRE(refused);
  CHECK(refused->error == ErrorCode::invalid_record);
}
