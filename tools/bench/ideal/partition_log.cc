#include "tools/bench/ideal/partition_log.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>

#include <algorithm>

#include <fmt/format.h>

#include "protocol/base/big_endian.h"

namespace bench {
namespace {

constexpr std::size_t kLeaderEpochAt = 12;

}  // namespace

base::Result<> PartitionLog::roll() {
  const auto path = directory_ / fmt::format("{}-{:020}.log", name_, end_);
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.number() < 0) return fail_with_errno("cannot create " + path.string());
  if (::fallocate(file.number(), 0, 0, static_cast<off_t>(segment_bytes_)) != 0)
    return fail_with_errno("cannot allocate " + path.string());
  void* const mapped = ::mmap(nullptr, segment_bytes_, PROT_READ, MAP_SHARED, file.number(), 0);
  if (mapped == MAP_FAILED) return fail_with_errno("cannot map " + path.string());
  auto& segment = segments_.emplace_back();
  segment.file = std::move(file);
  segment.mapping = static_cast<const std::byte*>(mapped);
  return {};
}

base::Result<base::Offset> PartitionLog::take(std::span<std::byte> batch,
                                              std::int32_t last_offset_delta) {
  if (segments_.empty() || segments_.back().size + batch.size() > segment_bytes_) {
    TRY(write());
    TRY(roll());
  }
  if (taken_.size() == IOV_MAX) TRY(write());
  base::store_big_endian(batch.data(), end_);
  base::store_big_endian(batch.data() + kLeaderEpochAt, std::int32_t{0});
  auto& segment = segments_.back();
  segment.batches.push_back({end_, segment.size});
  segment.size += batch.size();
  taken_.push_back({.iov_base = batch.data(), .iov_len = batch.size()});
  taken_bytes_ += batch.size();
  const auto base_offset = end_;
  end_ += last_offset_delta + 1;
  return base_offset;
}

base::Result<> PartitionLog::write() {
  if (taken_.empty()) return {};
  const auto& segment = segments_.back();
  const auto at = static_cast<off_t>(segment.size - taken_bytes_);
  const auto written =
      ::pwritev(segment.file.number(), taken_.data(), static_cast<int>(taken_.size()), at);
  if (written < 0) return fail_with_errno("cannot write a batch");
  if (static_cast<std::uint64_t>(written) != taken_bytes_)
    return base::fail(base::Fault::full, "a batch was written in part only");
  const auto file = segment.file.number();
  if (synced_ && (dirty_.empty() || dirty_.back() != file)) dirty_.push_back(file);
  taken_.clear();
  taken_bytes_ = 0;
  if (!synced_) committed_ = end_;
  return {};
}

base::BytesView PartitionLog::read(base::Offset from, std::size_t bytes_max) const {
  const auto offset_of = [](const Batch& batch) { return batch.offset; };
  auto segment = std::ranges::upper_bound(
      segments_, from, {}, [&](const Segment& s) { return s.batches.front().offset; });
  if (segment == segments_.begin()) return {};
  --segment;
  const auto& batches = segment->batches;
  const auto first = std::ranges::upper_bound(batches, from, {}, offset_of) - 1;
  const auto visible = std::ranges::lower_bound(batches, committed_, {}, offset_of);
  const auto end_of = [&](auto batch) {
    return batch == batches.end() ? segment->size : batch->position;
  };
  if (first >= visible) return {};
  auto last = visible;
  if (end_of(visible) - first->position > bytes_max) {
    last = std::ranges::upper_bound(first, visible, first->position + bytes_max, {},
                                    [](const Batch& batch) { return batch.position; });
    last = std::max(last - 1, first + 1);
  }
  return {segment->mapping + first->position, end_of(last) - first->position};
}

}  // namespace bench
