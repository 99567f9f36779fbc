#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "broker/net/buffer_pool.h"
#include "broker/net/memory_budget.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace broker {

/// Makes frames of the bytes that one connection receives, without copying them: the frames that
/// came in together share the buffer they were received into.
///
///     for (;;) {
///       while (auto frame = next()) ...             // All that are complete.
///       if (wanted().bytes > 0) provide(lease);     // Memory, paid for beforehand.
///       filled(receive(room()));
///       park();                                     // Before waiting for more.
///     }
///
/// Memory follows what has arrived, not what was announced: a buffer grows at most fourfold at a
/// time, and a frame beyond the pool's sizes is received straight into virtual memory of its own,
/// paid for in steps.
///
/// A core. Thread: the connection's loop.
class FrameReader {
 public:
  /// Frames above `frame_bytes_max` (socket.request.max.bytes) are refused.
  FrameReader(BufferPool& pool, std::size_t frame_bytes_max)
      : pool_(pool), frame_bytes_max_(frame_bytes_max) {}

  /// The next complete frame without its size prefix, or nothing if more has to come.
  /// Errors: `Fault::corruption` with a sentence for the log when the size is negative or too
  /// large; the reader is of no use afterwards.
  base::Result<std::optional<base::SharedBytes>> next();

  /// Memory that is needed before room(); zero bytes: none. Valid after next() found nothing.
  MemoryBudget::Ask wanted() const;
  /// What the request that has begun holds already, for MemoryBudget::try_take; may be null.
  const MemoryBudget::Lease* held() const { return begun() ? &buffer_->lease() : nullptr; }
  /// Brings the memory that wanted() named. Errors: those of BufferPool::take.
  base::Result<> provide(MemoryBudget::Lease lease);

  /// Goes on without wanted() memory, in a little that nobody pays for: enough for a small request,
  /// and to learn the size of a large one. False when that would not help, or there is none.
  bool make_do();

  /// Where to receive; never empty when wanted() is satisfied.
  std::span<std::byte> room() const;
  void filled(std::size_t bytes);

  /// Bytes of the frame that has begun, its prefix included; 0 between frames.
  std::size_t begun_bytes() const { return unread().size(); }
  /// Gives the buffer back if next to nothing is in it, a complete frame least of all. For the time
  /// of waiting, so that an idle connection holds no memory.
  void park();
  /// Drops what was received; for a connection that is closed.
  void discard() {
    buffer_.reset();
    parked_ = {};
  }

 private:
  base::BytesView unread() const;
  std::size_t begun_total() const;
  /// A request has begun and holds memory that was paid for.
  bool begun() const { return buffer_ && buffer_->lease().bytes() > 0 && !unread().empty(); }
  std::size_t next_size() const;
  void move_to(std::shared_ptr<BufferPool::Buffer> buffer, std::size_t paid);
  bool is_region() const { return buffer_ && buffer_->size() > BufferPool::kLargest; }

  BufferPool& pool_;
  std::size_t frame_bytes_max_;
  std::shared_ptr<BufferPool::Buffer> buffer_;
  std::size_t begin_ = 0;  // Of what next() has not returned yet.
  std::size_t end_ = 0;    // Of what was received.
  std::size_t paid_ = 0;   // How far the buffer may be filled.
  std::size_t usual_ = 0;  // How large frames have been lately.
  std::vector<std::byte> parked_;
};

}  // namespace broker
