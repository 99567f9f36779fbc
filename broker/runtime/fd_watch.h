#pragma once

#include <memory>

#include "broker/runtime/loop.h"

namespace broker {

/// A file descriptor, and the wish to hear when it can be read or written. Everything else about a
/// socket is plain system calls, so this is all that the network needs of Asio.
///
/// Thread: the loop's, or any once the loop has ended.
class FdWatch {
 public:
  /// Takes the descriptor, which epoll must support. `loop` is one of a LoopGroup.
  FdWatch(Loop& loop, int fd);
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;
  /// Closes.
  ~FdWatch();

  int fd() const;
  /// Calls `job` once, on the loop, when reading would not block; an error or the peer's end
  /// counts. Never inside the call. At most one waits at a time; it is dropped uncalled by close().
  void when_readable(Job job);
  /// The same for writing.
  void when_writable(Job job);
  /// Closes the descriptor. May be called again.
  void close();

 private:
  struct Watched;
  std::unique_ptr<Watched> watched_;
};

}  // namespace broker
