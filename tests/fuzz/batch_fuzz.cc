#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/base/assert.h"
#include "protocol/base/big_endian.h"
#include "protocol/record/batch_check.h"
#include "protocol/record/record_reader.h"

/// Bytes as a batch: what check_header() and check_records() let pass must be readable to the last
/// record, and each_batch() and each_record() must survive anything. Lengths and the checksum are
/// put right half of the time, or nothing would ever get beyond them.

namespace {

constexpr std::size_t kPlainBytesMax = std::size_t{1} << 20;

using record::BatchHeader;

std::vector<std::byte> repaired(base::BytesView input) {
  std::vector<std::byte> batch(input.begin(), input.end());
  if (batch.size() < BatchHeader::kSize) return batch;
  base::store_big_endian(batch.data() + 8,
                         static_cast<std::int32_t>(batch.size() - BatchHeader::kLengthEnd));
  batch[16] = std::byte{BatchHeader::kMagic};
  const auto header = *BatchHeader::read(batch);
  base::store_big_endian(
      batch.data() + BatchHeader::kCrcAt,
      record::batch_crc(header, base::BytesView(batch).subspan(BatchHeader::kSize)));
  return batch;
}

void read_all(base::BytesView batch, std::size_t& records) {
  const auto read =
      record::each_record(batch, kPlainBytesMax, [&](const record::RecordView& record) {
        ++records;
        static_cast<void>(record::each_header(record.headers, [](const record::HeaderView&) {}));
        return true;
      });
  if (!read) records = 0;
}

void check(base::BytesView batch) {
  BatchHeader header;
  if (!record::check_header(batch, header).ok()) return;
  base::Timestamp max_timestamp = -1;
  const record::RecordRules rules{.plain_bytes_max = kPlainBytesMax};
  if (!record::check_records(batch, header, rules, max_timestamp).ok()) return;
  std::size_t records = 0;
  read_all(batch, records);
  ASSERT(records == static_cast<std::size_t>(header.record_count),
         "a batch that was let in can be read whole");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::BytesView input(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  const auto batch =
      data[0] % 2 == 0 ? repaired(input) : std::vector<std::byte>(input.begin(), input.end());
  check(batch);
  record::each_batch(batch, [](const BatchHeader&, base::BytesView each) {
    std::size_t records = 0;
    read_all(each, records);
    return true;
  });
  return 0;
}
