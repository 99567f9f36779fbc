#include "broker/topics/metadata_log.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "broker/partition/log_replay.h"
#include "protocol/base/assert.h"
#include "protocol/record/batch_builder.h"
#include "protocol/record/record_reader.h"

namespace broker {
namespace {

/// One record is a few hundred bytes; a batch holds those of one request.
constexpr std::size_t kRecordBytesMax = 1 << 20;
constexpr std::int32_t kBatchBytesMax = 64 << 20;

base::Result<> replay_batch(
    base::BytesView batch,
    const std::function<base::Result<>(const protocol::MetadataRecord&)>& apply) {
  base::Result<> outcome;
  TRY(record::each_record(batch, kRecordBytesMax, [&](const record::RecordView& record) {
    if (!record.value) return true;  // A tombstone: what it removes is not there.
    const auto decoded = protocol::decode_metadata_record(*record.value);
    if (!decoded) {
      outcome = std::unexpected(decoded.error());
    } else if (auto applied = apply(*decoded); !applied) {
      outcome = std::move(applied);
    }
    if (!outcome)
      outcome.error().detail += fmt::format(", at offset {} of __cluster_metadata", record.offset);
    return outcome.has_value();
  }));
  return outcome;
}

}  // namespace

std::shared_ptr<const config::LogConfig> metadata_log_config() {
  config::LogConfig config;
  config.retention_ms = -1;
  config.cleanup_delete = false;
  config.segment_bytes = kBatchBytesMax;
  config.max_message_bytes = kBatchBytesMax;
  return std::make_shared<const config::LogConfig>(config);
}

base::Result<> replay_metadata(
    const storage::LogView& log,
    const std::function<base::Result<>(const protocol::MetadataRecord&)>& apply) {
  return replay_log(log, [&apply](const record::BatchHeader&, base::BytesView batch) {
    return replay_batch(batch, apply);
  });
}

base::Result<std::vector<std::byte>> metadata_batch(
    const std::vector<protocol::MetadataRecord>& records, base::Timestamp now) {
  record::BatchBuilder builder;
  for (const auto& record : records) {
    const auto key = protocol::metadata_record_key(record);
    const auto value = protocol::encode_metadata_record(record);
    builder.add({.timestamp = now, .key = key, .value = value});
  }
  return builder.finish();
}

Task<base::Result<>> MetadataLog::append(std::vector<protocol::MetadataRecord> records) {
  ASSERT(loop().on_this_thread(), "the metadata log is written on its loop");
  auto batch = metadata_batch(records, loop().clock().wall_ms());
  if (!batch) co_return std::unexpected(batch.error());
  const auto owner = std::make_shared<std::vector<std::byte>>(std::move(*batch));

  OneShot<ProduceOutcome> committed;
  ProduceDone done = [&committed](ProduceOutcome outcome) { committed.set(std::move(outcome)); };
  partition_->produce({owner, *owner}, AckWhen::committed, std::move(done));
  const auto outcome = co_await committed;
  if (outcome.error != protocol::ErrorCode::none)
    co_return base::fail(base::Fault::io,
                         fmt::format("the metadata log refused a record: {} {}",
                                     protocol::name_of(outcome.error), outcome.message));
  co_return base::Result<>{};
}

}  // namespace broker
