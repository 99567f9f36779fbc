#include "protocol/record/record_times.h"

#include <cstdint>
#include <string>
#include <utility>

#include "protocol/record/batch_header.h"
#include "protocol/record/record_walk.h"

namespace record {
namespace {

using Found = base::Result<std::optional<RecordTime>>;

template <class Source>
std::unexpected<base::Error> broken(const Source& source, const char* why) {
  if (source.error() != nullptr) return std::unexpected(*source.error());
  return base::fail(base::Fault::corruption, std::string("a record is broken: ") + why);
}

template <class Source>
Found search(Source& source, const BatchHeader& header, base::Timestamp target, base::Offset from) {
  for (std::int32_t i = 0; i < header.record_count; ++i) {
    std::int32_t length = 0;
    if (!source.varint(length) || length < 0) return broken(source, "its length is wrong");
    const auto begin = source.position();
    std::int64_t timestamp_delta = 0;
    std::int32_t offset_delta = 0;
    // One byte of attributes: none are defined.
    if (!source.skip(1) || !source.varlong(timestamp_delta) || !source.varint(offset_delta))
      return broken(source, "its deltas are cut short");
    if (offset_delta < 0 || offset_delta > header.last_offset_delta)
      return broken(source, "its offset is outside its batch");
    const auto timestamp =
        header.log_append_time()
            ? header.max_timestamp
            : static_cast<base::Timestamp>(static_cast<std::uint64_t>(header.base_timestamp) +
                                           static_cast<std::uint64_t>(timestamp_delta));
    const auto offset = header.base_offset + offset_delta;
    if (timestamp >= target && offset >= from) return RecordTime{offset, timestamp};
    const auto taken = source.position() - begin;
    const auto size = static_cast<std::size_t>(length);
    if (taken > size || !source.skip(size - taken)) return broken(source, "it is cut short");
  }
  return std::nullopt;
}

}  // namespace

Found first_record_since(base::BytesView batch, base::Timestamp target, base::Offset from) {
  const auto header = BatchHeader::read(batch);
  if (!header || !header->plausible() || header->total_size() > batch.size() ||
      !is_known(header->codec()))
    return base::fail(base::Fault::corruption, "this is not a whole batch");
  const auto records = batch.subspan(BatchHeader::kSize, header->total_size() - BatchHeader::kSize);
  if (header->codec() == Codec::none) {
    PlainSource source(records);
    return search(source, *header, target, from);
  }
  auto opened = TRY(Decompressor::open(header->codec(), records));
  CompressedSource source(std::move(opened), SIZE_MAX);
  return search(source, *header, target, from);
}

}  // namespace record
