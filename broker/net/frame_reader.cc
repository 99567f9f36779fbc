#include "broker/net/frame_reader.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "protocol/base/assert.h"
#include "protocol/base/big_endian.h"

namespace broker {
namespace {

constexpr std::size_t kPrefix = sizeof(std::int32_t);
// Rather copied aside than keeping a buffer from the pool while nothing comes.
constexpr std::size_t kParkedMax = 4 << 10;
// A buffer of a class that is full is followed by one of the next.
constexpr std::size_t kGrowth = 3;
// What a frame in memory of its own pays for at a time.
constexpr std::size_t kStep = 1 << 20;

/// What a wrong size really is, if it is the beginning of something well known (KAFKA-4090).
std::string_view hint(base::BytesView prefix) {
  const auto byte = [&](std::size_t i) { return std::to_integer<unsigned>(prefix[i]); };
  if ((byte(0) == 0x16 || byte(0) == 0x15) && byte(1) == 0x03)
    return ". The client speaks TLS and this listener does not: set security.protocol=PLAINTEXT";
  constexpr std::array<std::string_view, 9> kHttp{"GET ", "POST", "HEAD", "PUT ", "DELE",
                                                  "OPTI", "PATC", "CONN", "PRI "};
  if (std::ranges::find(kHttp, base::as_text(prefix.first(kPrefix))) != kHttp.end())
    return ". The client speaks HTTP; this port takes Kafka clients only";
  return "";
}

}  // namespace

base::Result<std::optional<base::SharedBytes>> FrameReader::next() {
  const auto bytes = unread();
  if (bytes.size() < kPrefix) return std::nullopt;
  const auto size = base::load_big_endian<std::int32_t>(bytes.data());
  if (size < 0 || static_cast<std::size_t>(size) > frame_bytes_max_)
    return base::fail(base::Fault::corruption,
                      fmt::format("a request of {} bytes was announced, 0 to {} are allowed{}",
                                  size, frame_bytes_max_, hint(bytes)));
  const auto total = kPrefix + static_cast<std::size_t>(size);
  if (bytes.size() < total) {
    // What was received before its size was known counts as what it is now.
    if (buffer_ && total > BufferPool::kSmallest)
      buffer_->lease().set_size(BufferPool::size_of(total));
    return std::nullopt;
  }
  ASSERT(buffer_ != nullptr, "only what is incomplete is parked");
  base::SharedBytes frame{buffer_, bytes.subspan(kPrefix, total - kPrefix)};
  begin_ += total;
  // One large request is followed by others as a rule; forgotten by and by.
  usual_ = std::min(std::max(total, usual_ - usual_ / 8), BufferPool::kLargest);
  if (is_region()) buffer_.reset();
  return frame;
}

MemoryBudget::Ask FrameReader::wanted() const {
  const auto have = unread().size();
  const auto total = begun_total();
  if (buffer_ && end_ < paid_) {
    if (have == 0 && paid_ - end_ >= paid_ / 4) return {};
    if (have > 0 && begin_ + std::max(total, kPrefix) <= buffer_->size()) return {};
    if (have > 0 && next_size() <= buffer_->size() - begin_) return {};
  }
  constexpr auto kLarge = MemoryBudget::Size::large;
  if (is_region())
    return {.bytes = std::min(kStep, buffer_->size() - paid_), .size = kLarge, .begun = true};
  const auto size = next_size();
  if (size > BufferPool::kLargest)
    return {.bytes = std::min(have + kStep, size), .size = kLarge, .begun = begun()};
  if (total == 0 && size == BufferPool::kSmallest)
    return {.bytes = size, .size = MemoryBudget::Size::unknown, .begun = begun()};
  return {.bytes = size, .size = BufferPool::size_of(std::max(size, total)), .begun = begun()};
}

base::Result<> FrameReader::provide(MemoryBudget::Lease lease) {
  const auto paid = lease.bytes();
  if (is_region()) {
    buffer_->lease().merge(std::move(lease));
    paid_ += paid;
    return {};
  }
  move_to(TRY(pool_.take(next_size(), std::move(lease))), paid);
  return {};
}

bool FrameReader::make_do() {
  if (begun_total() > BufferPool::kPocket) return false;
  auto pocket = pool_.take(BufferPool::kPocket, {});
  if (pocket) move_to(std::move(*pocket), BufferPool::kPocket);
  return pocket.has_value();
}

void FrameReader::move_to(std::shared_ptr<BufferPool::Buffer> buffer, std::size_t paid) {
  const auto bytes = unread();
  std::ranges::copy(bytes, buffer->data());
  begin_ = 0;
  end_ = bytes.size();
  paid_ = paid;
  buffer_ = std::move(buffer);
  parked_ = {};
}

std::span<std::byte> FrameReader::room() const {
  ASSERT(buffer_ != nullptr && end_ < paid_, "memory comes before bytes");
  return {buffer_->data() + end_, paid_ - end_};
}

void FrameReader::filled(std::size_t bytes) {
  ASSERT(bytes <= paid_ - end_, "nobody receives more than there is room for");
  end_ += bytes;
}

void FrameReader::park() {
  if (!buffer_) return;
  const auto bytes = unread();
  if (bytes.size() > kParkedMax || is_region()) return;
  if (bytes.size() >= kPrefix && bytes.size() >= begun_total()) return;
  parked_.assign(bytes.begin(), bytes.end());
  buffer_.reset();
}

base::BytesView FrameReader::unread() const {
  if (!buffer_) return parked_;
  return {buffer_->data() + begin_, end_ - begin_};
}

/// Of the frame that has begun, its prefix included; 0 as long as nobody knows.
std::size_t FrameReader::begun_total() const {
  const auto bytes = unread();
  if (bytes.size() < kPrefix) return 0;
  return kPrefix + static_cast<std::size_t>(base::load_big_endian<std::int32_t>(bytes.data()));
}

/// Of the buffer that comes after this one. Above the pool's largest it is exactly the frame.
std::size_t FrameReader::next_size() const {
  const auto total = begun_total();
  const auto proven = std::max({usual_, kGrowth * unread().size(), BufferPool::kSmallest});
  if (total > BufferPool::kLargest && proven > BufferPool::kSmallest) return total;
  const auto likely = std::max(usual_, std::min(total, proven));
  return BufferPool::class_for(std::clamp(likely, BufferPool::kSmallest, BufferPool::kLargest));
}

}  // namespace broker
