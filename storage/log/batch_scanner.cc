#include "storage/log/batch_scanner.h"

#include <algorithm>
#include <limits>

namespace storage {

using record::BatchHeader;

base::Result<base::BytesView> BatchScanner::window(std::uint64_t at, std::size_t size) {
  const bool held = buffer_at_ <= at && at + size <= buffer_at_ + buffer_.size();
  if (!held) {
    const auto most = static_cast<std::size_t>(end_ - std::min(at, end_));
    buffer_.resize(std::min(std::max(size, piece_), most));
    buffer_at_ = at;
    buffer_.resize(TRY(file_.read_at(at, buffer_)));
  }
  const auto from = static_cast<std::size_t>(at - buffer_at_);
  return base::BytesView(buffer_).subspan(from, std::min(size, buffer_.size() - from));
}

bool BatchScanner::fits(const BatchHeader& header) const {
  if (!header.plausible() || header.base_offset < offset_least_) return false;
  // Index entries hold offsets as 31 bits above the segment's base.
  constexpr base::Offset kMost = std::numeric_limits<std::int32_t>::max();
  return header.base_offset - base_offset_ <= kMost - header.last_offset_delta;
}

base::Result<std::optional<BatchHeader>> BatchScanner::next_header() {
  if (next_ + BatchHeader::kSize > end_) return std::nullopt;
  const auto header = BatchHeader::read(TRY(window(next_, BatchHeader::kSize)));
  if (!header || !fits(*header) || next_ + header->total_size() > end_) return std::nullopt;
  at_ = next_;
  batch_size_ = header->total_size();
  next_ += batch_size_;
  offset_least_ = header->next_offset();
  return header;
}

base::Result<base::BytesView> BatchScanner::batch() {
  const auto bytes = TRY(window(at_, batch_size_));
  if (bytes.size() < batch_size_)
    return base::fail(base::Fault::corruption, "the file is shorter than it was");
  return bytes;
}

}  // namespace storage
