#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "broker/net/net_config.h"
#include "broker/net/rate_limited_log.h"
#include "broker/runtime/fd_watch.h"
#include "broker/runtime/loop.h"
#include "protocol/base/result.h"

namespace broker {

/// A host and a port, as the system names them.
struct Endpoint {
  std::string host;  // Numeric, without brackets.
  std::uint16_t port = 0;
};
/// "127.0.0.1:9092", "[::1]:9092".
std::string to_string(const Endpoint& endpoint);

/// One listening socket. Clients may connect from open() on and wait in the backlog until start().
///
/// Thread: `loop`; open() and destruction also while the loop does not run.
class Listener {
 public:
  /// A socket that was accepted, non-blocking, with its options set. The receiver owns `fd`.
  struct Accepted {
    int fd = -1;
    Endpoint peer;
    Endpoint local;  // What the client reached.
  };

  /// Binds and listens. Errors: `Fault::exists` when the port is in use, with who has it and what
  /// to do; `Fault::invalid` for a host that cannot be resolved; `Fault::io`.
  static base::Result<std::unique_ptr<Listener>> open(ListenerConfig config, const NetConfig& net,
                                                      Loop& loop, RateLimitedLog& log);
  Listener(ListenerConfig config, Loop& loop, RateLimitedLog& log, int fd);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  const ListenerConfig& config() const { return config_; }
  /// Where it listens; the port is the kernel's choice if none was asked for.
  const Endpoint& bound() const { return bound_; }

  /// Calls `accepted` on the loop for each client.
  void start(std::function<void(const Accepted&)> accepted);
  /// Closes the socket: further clients are refused by the system.
  void stop();

 private:
  void wait();
  void accept_ready();
  bool accept_one();
  void shed_one();
  void pause(std::string_view why);

  ListenerConfig config_;
  Loop& loop_;
  RateLimitedLog& log_;
  FdWatch watch_;
  Endpoint bound_;
  std::function<void(const Accepted&)> accepted_;
  int spare_fd_ = -1;  // Given up for a moment to turn clients away when descriptors run out.
  std::unique_ptr<TimerHandle> resume_;
};

}  // namespace broker
