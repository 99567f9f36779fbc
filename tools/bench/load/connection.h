#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "tools/bench/common/descriptor.h"

namespace bench {

/// Where the broker is: "127.0.0.1:9092".
struct Address {
  std::string host;
  std::uint16_t port = 0;

  static base::Result<Address> from_text(const std::string& text);
};

/// A connection of the load generator: many requests may be under way.
///
/// Thread: one at a time.
class Connection {
 public:
  static base::Result<Connection> open(const Address& address);

  int fd() const { return socket_.number(); }

  /// Puts bytes behind what is to be sent; they stay where they are until they are sent.
  void queue(base::BytesView bytes);
  /// Sends what fits now.
  base::Result<> send();
  bool has_unsent() const { return !unsent_.empty(); }

  /// Receives what is there; waits for something if nothing is and `wait` says so.
  base::Result<> receive(bool wait = false);
  /// The next complete frame without its size prefix; valid until the next receive().
  std::optional<base::BytesView> next_frame();

 private:
  explicit Connection(Descriptor socket) : socket_(std::move(socket)) {}

  Descriptor socket_;
  std::deque<base::BytesView> unsent_;
  std::vector<std::byte> input_ = std::vector<std::byte>(std::size_t{64} << 10);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace bench
