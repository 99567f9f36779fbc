#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch.hpp>

#include "protocol/base/big_endian.h"
#include "tests/broker/net/frames.h"

namespace test_support {

/// A client that blocks, over a real socket. Gives up after ten seconds of nothing.
///
/// Thread: one at a time; Catch2's macros are for the main thread, so this uses none after
/// construction.
class BlockingClient {
 public:
  BlockingClient() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 10};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  explicit BlockingClient(std::uint16_t port) : BlockingClient() { connect(port); }
  BlockingClient(BlockingClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;
  BlockingClient& operator=(BlockingClient&&) = delete;
  ~BlockingClient() {
    if (fd_ >= 0) ::close(fd_);
  }

  bool connect(std::uint16_t port) {
    if (fd_ < 0) return false;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  bool request(std::string_view text) { return send(framed(text)); }

  /// The next answer; empty when there is none any more.
  std::string answer() {
    const auto prefix = take(4);
    if (prefix.size() < 4) return "";
    const auto size =
        base::load_big_endian<std::int32_t>(reinterpret_cast<const std::byte*>(prefix.data()));
    return take(static_cast<std::size_t>(size));
  }
  /// True when the other side has closed, or closes within the patience.
  bool is_closed() {
    char byte = 0;
    const auto got = ::recv(fd_, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

  int fd() const { return fd_; }
  std::uint16_t local_port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

 private:
  std::string take(std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const auto got = ::recv(fd_, bytes.data() + have, size - have, 0);
      if (got <= 0) break;
      have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
  }

  int fd_;
};

}  // namespace test_support
