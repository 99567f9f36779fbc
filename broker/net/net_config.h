#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "config/listener_config.h"

namespace broker {

/// The limits of the network shell, as plain values; whoever reads the configuration fills them in.
struct NetConfig {
  std::size_t request_bytes_max = 100 << 20;    // socket.request.max.bytes
  std::chrono::milliseconds idle_max{600'000};  // connections.max.idle.ms
  std::size_t connections_max = 10'000;         // max.connections, all listeners together
  std::optional<int> send_buffer_bytes;         // socket.send.buffer.bytes; none: the kernel's
  std::optional<int> receive_buffer_bytes;      // socket.receive.buffer.bytes
  int backlog = 1024;                           // socket.listen.backlog.size

  // Bytes of requests that have come in and are not dealt with, for the whole broker; a part of it
  // is set aside for requests up to about 1 MiB, half of that for those up to 64 KiB.
  std::size_t budget_bytes = 512 << 20;
  std::size_t small_share_bytes = 128 << 20;
  // A request that has waited this long for memory is given up, since its client has by then.
  std::chrono::milliseconds memory_wait_max{30'000};
  // Receive buffers that are kept although nobody uses them.
  std::size_t idle_buffer_bytes_max = 32 << 20;

  // Requests of one connection that are worked on together, when they may be at all.
  std::size_t in_flight_requests_max = 64;
  std::size_t in_flight_bytes_max = 8 << 20;
  // Unsent answers of one connection, above which no further request of it is begun.
  std::size_t output_bytes_max = 4 << 20;
  // Answers that clients do not take, for the whole broker, without the log bytes in them. Whoever
  // does not take its answer when they are more is dropped.
  std::size_t untaken_bytes_max = 64 << 20;

  // A client that takes nothing of what is ready for it is dropped after this.
  std::chrono::milliseconds write_stall_max{30'000};
  // A request that has begun to arrive must go on at this pace, measured over the grace time.
  std::chrono::milliseconds frame_grace{10'000};
  std::size_t frame_bytes_per_second_min = 1024;
};

using config::ListenerConfig;

}  // namespace broker
