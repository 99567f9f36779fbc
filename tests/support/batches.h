#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "protocol/base/assert.h"
#include "protocol/base/big_endian.h"
#include "protocol/base/random.h"
#include "protocol/record/batch_builder.h"
#include "protocol/record/record_reader.h"
#include "storage/log/log_view.h"

namespace test_support {

/// What ManualClock says at its beginning: a time that no topic refuses.
inline constexpr base::Timestamp kNow = 1'700'000'000'000;

/// What a test wants a batch to be; record `i` has the value "<name>-<i>", filled up with dots.
struct Wish {
  std::string name = "r";
  int records = 1;
  record::Codec codec = record::Codec::none;
  base::Timestamp timestamp = kNow;
  bool keys = true;
  std::size_t value_size = 0;  // At least so long.
  base::ProducerId producer_id = -1;
  base::ProducerEpoch producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::uint16_t attributes = 0;  // Besides the codec.
};

inline std::vector<std::byte> batch_bytes(const Wish& wish = {}) {
  record::BatchBuilder builder(wish.codec);
  for (int i = 0; i < wish.records; ++i) {
    const auto key = fmt::format("key-{}", i);
    auto value = fmt::format("{}-{}", wish.name, i);
    value.resize(std::max(value.size(), wish.value_size), '.');
    builder.add({.timestamp = wish.timestamp,
                 .key = wish.keys ? std::optional(base::as_bytes(key)) : std::nullopt,
                 .value = base::as_bytes(value)});
  }
  record::BatchHeader like;
  like.attributes = wish.attributes;
  like.producer_id = wish.producer_id;
  like.producer_epoch = wish.producer_epoch;
  like.base_sequence = wish.base_sequence;
  return builder.finish(like).value();
}

inline base::SharedBytes shared(std::vector<std::byte> bytes) {
  const auto owner = std::make_shared<std::vector<std::byte>>(std::move(bytes));
  return {owner, *owner};
}

inline base::SharedBytes batch_of(const Wish& wish = {}) { return shared(batch_bytes(wish)); }

/// Makes the checksum of a changed batch right again.
inline std::vector<std::byte> refitted(std::vector<std::byte> batch) {
  const auto header = *record::BatchHeader::read(batch);
  const auto records = base::BytesView(batch).subspan(record::BatchHeader::kSize);
  base::store_big_endian(batch.data() + record::BatchHeader::kCrcAt,
                         record::batch_crc(header, records));
  return batch;
}

/// Text that no codec makes small.
inline std::string noise(std::size_t size) {
  base::Random random(size);
  std::string text;
  while (text.size() < size) text.push_back(static_cast<char>('a' + random.below(26)));
  return text;
}

/// The values of all records of some batches, without the dots.
inline std::vector<std::string> values_of(base::BytesView batches) {
  std::vector<std::string> values;
  record::each_batch(batches, [&](const record::BatchHeader&, base::BytesView batch) {
    const auto read =
        record::each_record(batch, std::size_t{1} << 28, [&](const record::RecordView& record) {
          const std::string value(base::as_text(record.value.value_or(base::BytesView{})));
          values.push_back(value.substr(0, value.find('.')));
          return true;
        });
    ASSERT(read.has_value(), "a test reads whole batches");
    return true;
  });
  return values;
}

/// The values of all records that readers may see.
inline std::vector<std::string> values_of(const storage::LogView& log) {
  std::vector<std::string> values;
  auto offset = log.start_offset();
  while (offset < log.high_watermark()) {
    const auto slice = log.read(offset, std::size_t{1} << 20, true).value();
    for (auto& value : values_of(slice.bytes.view)) values.push_back(std::move(value));
    record::each_batch(slice.bytes.view, [&](const record::BatchHeader& header, base::BytesView) {
      offset = header.next_offset();
      return true;
    });
  }
  return values;
}

}  // namespace test_support
