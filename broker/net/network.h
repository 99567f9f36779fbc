#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "broker/net/buffer_pool.h"
#include "broker/net/connection.h"
#include "broker/net/listener.h"
#include "broker/net/memory_budget.h"
#include "broker/net/net_config.h"
#include "broker/net/rate_limited_log.h"
#include "broker/net/request_handler.h"
#include "broker/runtime/asio_loop.h"
#include "protocol/base/result.h"

namespace broker {

/// Everything between the clients' sockets and the request handler: listeners, connections, and the
/// memory they share. Listeners live on loop 0; connections go to the loops in turn and stay there.
///
///     Network network(config, loops, handler);
///     auto bound = network.listen({.name = "PLAINTEXT", .host = "127.0.0.1"});
///     network.start();
///     ...
///     network.drain([&] { loops.stop(); });
///
/// Thread: listen() before the loops run or on loop 0; start(), drain() and close_all() any; made
/// and destroyed while the loops do not run. `loops` and `handler` outlive it.
class Network {
 public:
  Network(NetConfig config, LoopGroup& loops, RequestHandler& handler);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network();

  /// Binds; clients wait until start(). Returns where. Errors: those of Listener::open.
  base::Result<Endpoint> listen(ListenerConfig listener);
  void start();
  /// Refuses further clients and starts no further request; connections close when what they had
  /// begun is answered. `done` is called on loop 0 when none is left. Once.
  void drain(Job done);
  /// Closes all connections, for when draining takes too long. What drain() promised holds.
  void close_all();

  std::size_t connections() const { return connections_.load(); }
  const MemoryBudget& budget() const { return budget_; }

 private:
  /// Of one loop, touched there only.
  struct PerLoop {
    std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections;
    bool draining = false;
  };

  void accepted(const Listener& listener, const Listener::Accepted& client);
  void adopt(std::size_t loop, int fd, ConnectionInfo info);
  void closed(std::size_t loop, Connection& connection);
  void drained_if_empty(std::size_t loop);

  const NetConfig config_;
  LoopGroup& loops_;
  RequestHandler& handler_;
  RateLimitedLog log_;
  MemoryBudget budget_;
  MemoryBudget untaken_;
  BufferPool pool_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<PerLoop> per_loop_;
  std::atomic<std::size_t> connections_ = 0;
  std::uint64_t accepted_ = 0;          // Loop 0.
  std::atomic<std::size_t> undrained_;  // Loops that still have connections.
  Job drained_;                         // Loop 0.
};

}  // namespace broker
