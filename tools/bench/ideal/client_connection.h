#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/clock.h"
#include "protocol/base/result.h"
#include "tools/bench/common/descriptor.h"
#include "tools/bench/ideal/partition_log.h"
#include "tools/bench/ideal/requests.h"

namespace bench {

/// One client's socket with what came in and what shall go out. Knows frames, no requests.
///
/// Thread: the broker's.
class ClientConnection {
 public:
  explicit ClientConnection(Descriptor socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.number(); }

  /// Receives once. False when the client is gone.
  bool receive();
  /// The next complete frame without its size prefix, in the buffer it was received into; valid
  /// until the next receive(). Empty if more has to come.
  std::span<std::byte> next_frame();

  /// Where to append small answers.
  std::vector<std::byte>& answers();
  /// Sends log bytes by reference behind what answers() has so far.
  void append_mapped(base::BytesView bytes) { output_.push_back({.mapped = bytes}); }
  /// Sends what fits. False when the client is gone.
  bool send();
  bool blocked() const { return !output_.empty(); }

  /// An answer that waits for a sync, in the order of the requests.
  struct Unsynced {
    PartitionLog* log;
    base::Offset end;
    std::vector<std::byte> answers;
  };
  std::deque<Unsynced> unsynced;

  /// A fetch that found nothing.
  struct Parked {
    PartitionLog* log;
    std::int32_t correlation_id;
    Fetch request;
    base::MonotonicTime until;
  };
  std::optional<Parked> parked;
  bool told_to_wait_for_room = false;  // By epoll.

 private:
  struct Piece {
    std::vector<std::byte> own;
    base::BytesView mapped;

    base::BytesView bytes() const { return own.empty() ? mapped : base::BytesView(own); }
  };

  Descriptor socket_;
  std::vector<std::byte> input_ = std::vector<std::byte>(std::size_t{256} << 10);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::deque<Piece> output_;
  std::size_t sent_ = 0;  // Of the first piece.
  std::vector<std::byte> spare_;
};

}  // namespace bench
