#include "protocol/record/batch_check.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "protocol/record/record_walk.h"

namespace record {
namespace {

constexpr std::size_t kRecordFaultsMax = 100;
constexpr base::Timestamp kNoTimestamp = -1;

BatchVerdict refuse(BatchFault fault, std::string why) {
  return {.fault = fault, .why = std::move(why)};
}

BatchVerdict check_counts(const BatchHeader& header) {
  if (header.base_offset != 0)
    return refuse(
        BatchFault::invalid_record,
        fmt::format("the base offset of a produced batch is 0, not {}", header.base_offset));
  if (header.record_count <= 0 || header.last_offset_delta != header.record_count - 1)
    return refuse(BatchFault::invalid_record,
                  fmt::format("the batch says that it has {} records, but its offsets count {}",
                              header.record_count, std::int64_t{header.last_offset_delta} + 1));
  return {};
}

BatchVerdict check_producer(const BatchHeader& header) {
  if (header.control())
    return refuse(BatchFault::invalid_record, "clients may not write control records");
  if (header.has_producer() ? header.producer_epoch < 0 || header.base_sequence < 0
                            : header.transactional())
    return refuse(BatchFault::invalid_record,
                  "producer id, epoch and sequence of the batch do not go together");
  return {};
}

/// Keeps what the walk finds out, and judges each record by the topic's rules.
class Judge {
 public:
  Judge(const BatchHeader& header, const RecordRules& rules) : header_(header), rules_(rules) {}

  void record(std::int32_t index, std::int64_t timestamp_delta, bool has_key) {
    if (rules_.key_required && !has_key)
      note(index, BatchFault::invalid_record, "a compacted topic takes no record without a key");
    if (!rules_.create_time) return;
    const auto timestamp =
        static_cast<base::Timestamp>(static_cast<std::uint64_t>(header_.base_timestamp) +
                                     static_cast<std::uint64_t>(timestamp_delta));
    max_timestamp_ = std::max(max_timestamp_, timestamp);
    if (timestamp == kNoTimestamp) return;
    if (timestamp < rules_.timestamp_least || rules_.timestamp_most < timestamp)
      note(index, BatchFault::invalid_timestamp,
           fmt::format("timestamp {} of record {} is outside [{}, {}]", timestamp, index,
                       rules_.timestamp_least, rules_.timestamp_most));
  }

  base::Timestamp max_timestamp() const { return max_timestamp_; }
  BatchVerdict verdict() && { return std::move(verdict_); }

 private:
  void note(std::int32_t index, BatchFault fault, std::string why) {
    if (verdict_.ok()) {
      verdict_.fault = fault;
      verdict_.why = "one or more records were refused: " + why;
    }
    if (verdict_.records.size() < kRecordFaultsMax)
      verdict_.records.push_back({index, std::move(why)});
  }

  const BatchHeader& header_;
  const RecordRules& rules_;
  base::Timestamp max_timestamp_ = kNoTimestamp;
  BatchVerdict verdict_;
};

template <class Source>
BatchVerdict walk_and_judge(Source& source, const BatchHeader& header, const RecordRules& rules,
                            base::Timestamp& max_timestamp) {
  Judge judge(header, rules);
  const char* problem = walk_records(source, header.record_count, judge);
  if (problem != nullptr) {
    if (source.too_large())
      return refuse(BatchFault::too_large, "the batch is too large decompressed");
    const bool broken = source.error() != nullptr;
    return refuse(broken ? BatchFault::corrupt : BatchFault::invalid_record,
                  broken ? source.error()->detail : problem);
  }
  if (rules.create_time) max_timestamp = judge.max_timestamp();
  return std::move(judge).verdict();
}

}  // namespace

BatchVerdict check_header(base::BytesView bytes, BatchHeader& header) {
  const auto read = BatchHeader::read(bytes);
  if (!read) return refuse(BatchFault::corrupt, "the batch is shorter than its header");
  header = *read;
  if (header.magic != BatchHeader::kMagic)
    return refuse(BatchFault::invalid_record,
                  fmt::format("only batches with magic 2 are taken here, not {}", header.magic));
  if (!header.plausible() || header.total_size() > bytes.size())
    return refuse(BatchFault::corrupt, "the batch is cut short");
  if (header.total_size() < bytes.size())
    return refuse(BatchFault::invalid_record,
                  "a produce request takes exactly one batch for each partition");
  if (!checksum_matches(header, bytes))
    return refuse(BatchFault::corrupt, "the batch does not match its checksum");
  if (!is_known(header.codec()))
    return refuse(BatchFault::unsupported_codec,
                  fmt::format("no codec has the number {}", header.attributes & 7));
  if (header.log_append_time())
    return refuse(BatchFault::invalid_timestamp,
                  "clients may not send batches with log-append time");
  if (auto verdict = check_counts(header); !verdict.ok()) return verdict;
  return check_producer(header);
}

BatchVerdict check_records(base::BytesView batch, const BatchHeader& header,
                           const RecordRules& rules, base::Timestamp& max_timestamp) {
  const auto records = batch.subspan(BatchHeader::kSize);
  if (header.codec() == Codec::none) {
    PlainSource source(records);
    return walk_and_judge(source, header, rules, max_timestamp);
  }
  auto opened = Decompressor::open(header.codec(), records);
  if (!opened) return refuse(BatchFault::corrupt, opened.error().detail);
  CompressedSource source(std::move(*opened), rules.plain_bytes_max);
  return walk_and_judge(source, header, rules, max_timestamp);
}

bool is_slow_to_check(const BatchHeader& header) {
  // ~8 ns a record, and decompression at 1 GB/s or more of a few times the size.
  constexpr std::int32_t kRecords = 100'000;
  constexpr std::int32_t kCompressedBytes = 16 << 10;
  return header.record_count > kRecords ||
         (header.codec() != Codec::none && header.batch_length > kCompressedBytes);
}

}  // namespace record
