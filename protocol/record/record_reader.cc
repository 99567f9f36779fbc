#include "protocol/record/record_reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "protocol/base/varint.h"

namespace record {
namespace {

using base::BytesView;
using base::Fault;
using base::Result;

std::unexpected<base::Error> broken(const char* why) {
  return base::fail(Fault::corruption, std::string("a record is broken: ") + why);
}

/// Takes `length` and so many bytes off; -1 is null.
Result<std::optional<BytesView>> take_nullable(BytesView& from) {
  std::int32_t length = 0;
  if (!base::take_varint(from, length)) return broken("a length is cut short");
  if (length == -1) return std::nullopt;
  if (length < 0 || static_cast<std::size_t>(length) > from.size())
    return broken("a length is out of range");
  const auto bytes = from.first(static_cast<std::size_t>(length));
  from = from.subspan(static_cast<std::size_t>(length));
  return bytes;
}

Result<RecordView> parse(BytesView body, const BatchHeader& header) {
  RecordView record;
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  if (body.empty()) return broken("it is empty");
  body = body.subspan(1);  // Attributes: none are defined.
  if (!base::take_varlong(body, timestamp_delta) || !base::take_varint(body, offset_delta))
    return broken("its deltas are cut short");
  if (offset_delta < 0 || offset_delta > header.last_offset_delta)
    return broken("its offset is outside its batch");
  record.offset = header.base_offset + offset_delta;
  record.timestamp =
      header.log_append_time()
          ? header.max_timestamp
          : static_cast<base::Timestamp>(static_cast<std::uint64_t>(header.base_timestamp) +
                                         static_cast<std::uint64_t>(timestamp_delta));
  record.key = TRY(take_nullable(body));
  record.value = TRY(take_nullable(body));
  record.headers = body;
  return record;
}

/// The plain records of a batch, a piece at a time: the whole where nothing is compressed, else as
/// much as the next record needs.
class Stream {
 public:
  Stream(BytesView plain) : window_(plain) {}  // NOLINT(google-explicit-constructor)
  Stream(std::unique_ptr<Decompressor> source, std::size_t bytes_max)
      : source_(std::move(source)), bytes_max_(bytes_max) {}

  /// At least `size` bytes in front, if there are so many; fewer at the end.
  Result<BytesView> peek(std::size_t size) {
    while (source_ && window_.size() < size && !ended_) TRY(refill(size));
    return window_;
  }
  void skip(std::size_t size) { window_ = window_.subspan(size); }

 private:
  Result<> refill(std::size_t size) {
    if (size > bytes_max_)
      return base::fail(Fault::full, "a record is larger than what may be decompressed for it");
    constexpr std::size_t kPiece = std::size_t{64} << 10;
    // As much again as there is: a large record is not copied once for each piece, and no length is
    // believed before its bytes are there.
    std::vector<std::byte> next(window_.size() + std::max(kPiece, window_.size()));
    std::ranges::copy(window_, next.begin());
    const auto kept = window_.size();
    const auto got = TRY(source_->read(std::span(next).subspan(kept)));
    ended_ = got == 0;
    next.resize(kept + got);
    buffer_ = std::move(next);
    window_ = buffer_;
    return {};
  }

  std::unique_ptr<Decompressor> source_;
  std::size_t bytes_max_ = 0;
  std::vector<std::byte> buffer_;
  BytesView window_;
  bool ended_ = false;
};

}  // namespace

Result<> each_header(BytesView headers, const std::function<void(const HeaderView&)>& visit) {
  std::int32_t count = 0;
  if (!base::take_varint(headers, count) || count < 0) return broken("its header count is wrong");
  for (; count > 0; --count) {
    const auto key = TRY(take_nullable(headers));
    if (!key) return broken("a header has no key");
    const auto value = TRY(take_nullable(headers));
    visit({base::as_text(*key), value});
  }
  if (!headers.empty()) return broken("bytes follow its headers");
  return {};
}

Result<> each_record(BytesView batch, std::size_t record_bytes_max,
                     const std::function<bool(const RecordView&)>& visit) {
  const auto header = BatchHeader::read(batch);
  if (!header || !header->plausible() || header->total_size() > batch.size() ||
      !is_known(header->codec()))
    return base::fail(Fault::corruption, "this is not a whole batch");
  const auto records = batch.subspan(BatchHeader::kSize, header->total_size() - BatchHeader::kSize);
  Stream stream(records);
  if (header->codec() != Codec::none)
    stream = Stream(TRY(Decompressor::open(header->codec(), records)), record_bytes_max);
  constexpr std::size_t kVarintMax = 5;
  for (std::int32_t i = 0; i < header->record_count; ++i) {
    auto front = TRY(stream.peek(kVarintMax));
    const auto before = front.size();
    std::int32_t length = 0;
    if (!base::take_varint(front, length) || length < 0) return broken("its length is wrong");
    const auto prefix = before - front.size();
    const auto size = static_cast<std::size_t>(length);
    const auto whole = TRY(stream.peek(prefix + size));
    if (whole.size() < prefix + size) return broken("it is cut short");
    if (!visit(TRY(parse(whole.subspan(prefix, size), *header)))) return {};
    stream.skip(prefix + size);
  }
  return {};
}

void each_batch(BytesView bytes, const std::function<bool(const BatchHeader&, BytesView)>& visit) {
  for (;;) {
    const auto header = BatchHeader::read(bytes);
    if (!header || !header->plausible() || header->total_size() > bytes.size()) return;
    if (!visit(*header, bytes.first(header->total_size()))) return;
    bytes = bytes.subspan(header->total_size());
  }
}

}  // namespace record
