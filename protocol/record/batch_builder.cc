#include "protocol/record/batch_builder.h"

#include <algorithm>
#include <utility>

#include "protocol/base/assert.h"
#include "protocol/base/varint.h"
#include "protocol/record/compressor.h"

namespace record {
namespace {

constexpr std::uint16_t kCodecBits = 7;

void append(std::vector<std::byte>& out, base::BytesView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_nullable(std::vector<std::byte>& out, const std::optional<base::BytesView>& bytes) {
  base::put_varlong(out, bytes ? static_cast<std::int64_t>(bytes->size()) : -1);
  if (bytes) append(out, *bytes);
}

}  // namespace

void BatchBuilder::add(const NewRecord& record) {
  const auto delta = record.offset_delta.value_or(last_delta_ + 1);
  ASSERT(delta > last_delta_, "offsets in a batch grow");
  if (count_ == 0) {
    base_timestamp_ = record.timestamp;
    max_timestamp_ = record.timestamp;
  }
  std::vector<std::byte> body;
  body.push_back(std::byte{0});  // Attributes: none are defined.
  base::put_varlong(body, record.timestamp - base_timestamp_);
  base::put_varlong(body, delta);
  append_nullable(body, record.key);
  append_nullable(body, record.value);
  base::put_varlong(body, static_cast<std::int64_t>(record.headers.size()));
  for (const auto& [key, value] : record.headers) {
    append_nullable(body, base::as_bytes(key));
    append_nullable(body, value);
  }
  base::put_varlong(records_, static_cast<std::int64_t>(body.size()));
  append(records_, body);
  ++count_;
  last_delta_ = delta;
  max_timestamp_ = std::max(max_timestamp_, record.timestamp);
}

base::Result<std::vector<std::byte>> BatchBuilder::finish(const BatchHeader& like) {
  auto header = like;
  header.magic = BatchHeader::kMagic;
  header.attributes = static_cast<std::uint16_t>((like.attributes & ~kCodecBits) |
                                                 static_cast<std::uint16_t>(codec_));
  header.last_offset_delta = std::max(last_delta_, 0);
  header.base_timestamp = base_timestamp_;
  // Log-append time belongs to the batch and not to its records.
  header.max_timestamp = like.log_append_time() ? like.max_timestamp : max_timestamp_;
  header.record_count = count_;

  auto records = std::exchange(records_, {});
  count_ = 0;
  last_delta_ = -1;
  if (codec_ != Codec::none) records = TRY(compress(codec_, records, level_));
  if (records.size() > static_cast<std::size_t>(BatchHeader::kLengthMax) - BatchHeader::kSize)
    return base::fail(base::Fault::full, "the batch is larger than a batch can be");
  header.batch_length =
      static_cast<std::int32_t>(BatchHeader::kSize - BatchHeader::kLengthEnd + records.size());
  header.crc = batch_crc(header, records);
  const auto bytes = header.to_bytes();
  records.insert(records.begin(), bytes.begin(), bytes.end());
  return records;
}

}  // namespace record
