#include <algorithm>
#include <utility>

#include "protocol/base/assert.h"
#include "storage/log/log.h"
#include "storage/log/log_files.h"

namespace storage {

std::optional<RetentionCut> Log::plan_retention(base::Timestamp now) const {
  if (!config_.cleanup_delete) return std::nullopt;
  const auto known = std::min(high_watermark_, durable_end_);
  const auto end_of = [this](std::size_t i) {
    return i + 1 < segments_.size() ? segments_[i + 1]->base_offset() : end_;
  };
  const auto is_too_old = [&](const Segment& segment) {
    return config_.retention_ms >= 0 && now - segment.newest_timestamp() > config_.retention_ms;
  };
  const auto size = static_cast<std::int64_t>(size_bytes_);
  const auto is_too_much = [&](const Segment& segment, std::uint64_t given_up) {
    return config_.retention_bytes >= 0 &&
           size - static_cast<std::int64_t>(given_up + segment.size()) >= config_.retention_bytes;
  };
  RetentionCut cut;
  bool old = true;  // First what is too old, and then of the rest what is too much.
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const auto& segment = *segments_[i];
    if (segment.size() == 0 || end_of(i) > known) break;
    old = old && is_too_old(segment);
    if (!old && !is_too_much(segment, cut.bytes)) break;
    cut = {.start = end_of(i),
           .segments = i + 1,
           .bytes = cut.bytes + segment.size(),
           .rule = old ? RetentionCut::Rule::time : RetentionCut::Rule::size};
  }
  if (cut.segments == 0) return std::nullopt;
  return cut;
}

base::Result<> Log::roll_empty(base::Timestamp now) {
  ASSERT(!failed_, "a log whose disk has failed is not written to");
  if (active().size() == 0) return {};
  auto rolled = roll(now);
  if (!rolled && !base::may_pass(rolled.error().fault)) failed_ = true;
  return rolled;
}

void Log::advance_start(base::Offset offset) {
  if (offset <= start_) return;
  ASSERT(offset <= std::min(high_watermark_, durable_end_), "what may not be there stays");
  start_ = offset;
  epochs_.truncate_from_start(offset);
  view_.reset();
}

std::vector<Path> Log::retire_segments() {
  std::vector<Path> files;
  std::size_t count = 0;
  for (; count + 1 < segments_.size() && segments_[count + 1]->base_offset() <= start_; ++count) {
    const auto& segment = *segments_[count];
    size_bytes_ -= segment.size();
    std::erase(dirty_, segment.file());
    for (const auto suffix : kSegmentSuffixes) files.push_back(segment.path_of(suffix));
  }
  if (count == 0) return files;
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(count));
  // The high watermark may stand at the end of one of them, which is where the next one begins.
  const auto first = segments_.front()->base_offset();
  if (visible_end_.segment < first) visible_end_ = {high_watermark_, first, 0};
  segments_changed();
  return files;
}

}  // namespace storage
