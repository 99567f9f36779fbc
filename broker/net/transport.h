#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "broker/runtime/loop.h"

namespace broker {

/// What became of a system call on a socket.
struct Transfer {
  enum class Kind : std::uint8_t {
    some,         // `bytes` of them, at least one.
    would_block,  // Wait and try again.
    ended,        // The peer sends no more (receive only).
    failed,       // `why`; the connection is of no use any more.
  };
  Kind kind = Kind::some;
  std::size_t bytes = 0;
  std::string why;
};

/// A connected stream that never blocks. One over a socket, one over two queues for tests.
///
/// Thread: the connection's loop.
class Transport {
 public:
  virtual ~Transport() = default;

  virtual Transfer receive(std::span<std::byte> into) = 0;
  /// What receive() would say of one byte, which stays where it is.
  virtual Transfer peek() = 0;
  /// Sends the pieces in order, as many bytes as fit. At most IOV_MAX pieces.
  virtual Transfer send(std::span<const iovec> pieces) = 0;
  /// Calls `job` once when there may be something to receive, never inside the call. Dropped
  /// uncalled by close().
  virtual void when_readable(Job job) = 0;
  virtual void when_writable(Job job) = 0;
  virtual void close() = 0;
};

}  // namespace broker
