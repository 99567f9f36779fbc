#include "broker/partition/batch_preparation.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "broker/errors.h"
#include "protocol/record/compressor.h"

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
/// What is plain of a batch while it is brought into another codec.
constexpr std::size_t kRebuiltAtOnce = std::size_t{64} << 10;

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

/// Brings the records, which have been walked, into another codec; they stay as they are. Piece by
/// piece, and no further than a batch may grow: what a bomb holds is never in memory.
Refusal recompress(BatchInPreparation& batch, Codec codec, const config::LogConfig& config) {
  const auto refused = [](const base::Error& error) {
    return refuse(error_code(error.fault), error.detail);
  };
  auto from = record::Decompressor::open(batch.header.codec(), batch.records());
  if (!from) return refused(from.error());
  auto to = record::Compressor::open(codec, wanted_level(config));
  if (!to) return refused(to.error());
  const auto bytes_max = static_cast<std::size_t>(config.max_message_bytes);
  const auto owner = std::make_shared<std::vector<std::byte>>(BatchHeader::kSize);
  auto piece = std::make_unique_for_overwrite<std::array<std::byte, kRebuiltAtOnce>>();
  for (bool ended = false; !ended;) {
    const auto size = (*from)->read(*piece);
    if (!size) return refused(size.error());
    ended = *size == 0;
    const auto plain = base::BytesView(*piece).first(*size);
    const auto written = ended ? (*to)->finish(*owner) : (*to)->write(plain, *owner);
    if (!written) return refused(written.error());
    if (owner->size() > bytes_max)
      return refuse(ErrorCode::message_too_large,
                    "the batch is larger than max.message.bytes in the topic's compression.type");
  }
  constexpr int kCodecBits = 7;
  batch.header.attributes =
      static_cast<std::uint16_t>((batch.header.attributes & ~kCodecBits) | static_cast<int>(codec));
  batch.header.batch_length = static_cast<std::int32_t>(owner->size() - BatchHeader::kLengthEnd);
  batch.bytes = {owner, *owner};
  batch.header.crc = record::batch_crc(batch.header, batch.records());
  std::ranges::copy(batch.header.to_bytes(), owner->begin());
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
