#pragma once

#include "broker/net/transport.h"
#include "broker/runtime/fd_watch.h"

namespace broker {

/// A transport over a connected, non-blocking TCP socket.
///
/// Thread: the loop's.
class SocketTransport final : public Transport {
 public:
  /// Takes the descriptor. `loop` is one of a LoopGroup.
  SocketTransport(Loop& loop, int fd) : watch_(loop, fd) {}

  Transfer receive(std::span<std::byte> into) override;
  Transfer peek() override;
  Transfer send(std::span<const iovec> pieces) override;
  void when_readable(Job job) override { watch_.when_readable(std::move(job)); }
  void when_writable(Job job) override { watch_.when_writable(std::move(job)); }
  void close() override { watch_.close(); }

 private:
  Transfer receive(std::span<std::byte> into, int flags);

  FdWatch watch_;
};

}  // namespace broker
