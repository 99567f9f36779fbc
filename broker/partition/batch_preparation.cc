#include "broker/partition/batch_preparation.h"

#include <limits>
#include <memory>
#include <optional>

#include "broker/errors.h"
#include "protocol/record/batch_builder.h"
#include "protocol/record/record_reader.h"

namespace broker {
namespace {

using config::CompressionType;
using protocol::ErrorCode;
using record::BatchHeader;
using record::Codec;

/// A batch may grow this much when decompressed before it is taken for a bomb.
constexpr std::size_t kPlainBytesMax = std::size_t{256} << 20;
/// What a loop decompresses of one batch, about a millisecond of gzip. 16 KiB can hold far more.
constexpr std::size_t kPlainBytesOnLoop = std::size_t{256} << 10;

Refusal refuse(ErrorCode error, std::string why) { return {.error = error, .why = std::move(why)}; }

Refusal refuse(record::BatchVerdict verdict) {
  return {.error = error_code(verdict.fault),
          .why = std::move(verdict.why),
          .records = std::move(verdict.records)};
}

Codec wanted_codec(const config::LogConfig& config, Codec sent) {
  switch (config.compression_type) {
    case CompressionType::producer:
      return sent;
    case CompressionType::uncompressed:
      return Codec::none;
    case CompressionType::gzip:
      return Codec::gzip;
    case CompressionType::snappy:
      return Codec::snappy;
    case CompressionType::lz4:
      return Codec::lz4;
    case CompressionType::zstd:
      return Codec::zstd;
  }
  return sent;
}

std::optional<int> wanted_level(const config::LogConfig& config) {
  switch (config.compression_type) {
    case CompressionType::gzip:
      return config.compression_gzip_level;
    case CompressionType::lz4:
      return config.compression_lz4_level;
    case CompressionType::zstd:
      return config.compression_zstd_level;
    default:
      return std::nullopt;
  }
}

record::RecordRules rules_of(const config::LogConfig& config, base::Timestamp now) {
  const auto before = config.message_timestamp_before_max_ms;
  const auto after = config.message_timestamp_after_max_ms;
  record::RecordRules rules;
  rules.key_required = config.cleanup_compact;
  rules.create_time = config.message_timestamp_type == config::TimestampType::create_time;
  // "Never" must not overflow into a bound.
  if (before < now) rules.timestamp_least = now - before;
  if (after < std::numeric_limits<base::Timestamp>::max() - now) rules.timestamp_most = now + after;
  return rules;
}

/// A topic may ask not to have compressed batches walked (stele.validate.compressed). One that is
/// compacted needs the keys all the same, and what is to be rebuilt must be whole.
bool must_walk(const BatchInPreparation& batch, const config::LogConfig& config) {
  const auto codec = batch.header.codec();
  return codec == Codec::none || config.validate_compressed || config.cleanup_compact ||
         wanted_codec(config, codec) != codec;
}

/// Writes the records anew in another codec; offsets, times and headers stay as they are.
Refusal recompress(BatchInPreparation& batch, Codec codec, const config::LogConfig& config) {
  record::BatchBuilder builder(codec, wanted_level(config));
  std::optional<base::Error> broken;
  const auto read =
      record::each_record(batch.bytes.view, kPlainBytesMax, [&](const record::RecordView& record) {
        record::NewRecord copy{
            .timestamp = record.timestamp, .key = record.key, .value = record.value};
        const auto headers =
            record::each_header(record.headers, [&](const record::HeaderView& header) {
              copy.headers.emplace_back(header.key, header.value);
            });
        if (!headers) broken = headers.error();
        builder.add(copy);
        return !broken;
      });
  if (!read) return refuse(error_code(read.error().fault), read.error().detail);
  if (broken) return refuse(error_code(broken->fault), broken->detail);
  auto rebuilt = builder.finish(batch.header);
  if (!rebuilt) return refuse(error_code(rebuilt.error().fault), rebuilt.error().detail);
  const auto owner = std::make_shared<std::vector<std::byte>>(std::move(*rebuilt));
  batch.bytes = {owner, *owner};
  batch.header = *BatchHeader::read(batch.bytes.view);
  if (batch.header.batch_length > config.max_message_bytes - 12)
    return refuse(ErrorCode::message_too_large,
                  "the batch is larger than max.message.bytes in the topic's compression.type");
  return {};
}

/// Nothing, and nothing done, if the records are larger than `plain_bytes_max` and might pass for
/// all that.
std::optional<Refusal> finish(BatchInPreparation& batch, const config::LogConfig& config,
                              base::Timestamp now, std::size_t plain_bytes_max) {
  const auto codec = batch.header.codec();
  const auto wanted = wanted_codec(config, codec);
  auto rules = rules_of(config, now);
  rules.plain_bytes_max = plain_bytes_max;
  auto max_timestamp = batch.header.max_timestamp;
  if (must_walk(batch, config)) {
    auto verdict = record::check_records(batch.bytes.view, batch.header, rules, max_timestamp);
    if (verdict.fault == record::BatchFault::too_large && plain_bytes_max < kPlainBytesMax)
      return std::nullopt;
    if (!verdict.ok()) return refuse(std::move(verdict));
  }
  if (wanted != codec) {
    if (auto refusal = recompress(batch, wanted, config); refusal.refused()) return refusal;
  }
  if (!rules.create_time) {
    batch.header.set_log_append_time(now);
    batch.log_append_time = now;
  } else if (batch.header.max_timestamp == max_timestamp) {
    return Refusal{};
  } else {
    batch.header.max_timestamp = max_timestamp;
  }
  batch.header.crc = record::batch_crc(batch.header, batch.records());
  return Refusal{};
}

}  // namespace

Refusal begin_preparation(BatchInPreparation& batch, const config::LogConfig& config) {
  // The size first: it is what bounds the work of the checksum.
  if (batch.bytes.view.size() > static_cast<std::size_t>(config.max_message_bytes))
    return refuse(ErrorCode::message_too_large,
                  "the batch is larger than the topic's max.message.bytes");
  if (auto verdict = record::check_header(batch.bytes.view, batch.header); !verdict.ok())
    return refuse(std::move(verdict));
  if (batch.header.transactional())
    return refuse(ErrorCode::invalid_txn_state, "transactions are not served yet");
  return {};
}

bool is_slow_to_finish(const BatchInPreparation& batch, const config::LogConfig& config) {
  const auto codec = batch.header.codec();
  if (wanted_codec(config, codec) != codec) return true;
  return must_walk(batch, config) && record::is_slow_to_check(batch.header);
}

std::optional<Refusal> finish_if_quick(BatchInPreparation& batch, const config::LogConfig& config,
                                       base::Timestamp now) {
  if (is_slow_to_finish(batch, config)) return std::nullopt;
  return finish(batch, config, now, kPlainBytesOnLoop);
}

Refusal finish_preparation(BatchInPreparation& batch, const config::LogConfig& config,
                           base::Timestamp now) {
  return *finish(batch, config, now, kPlainBytesMax);
}

}  // namespace broker
