#include "tools/stele/client.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "protocol/base/big_endian.h"

namespace tools {
namespace {

using base::Fault;

/// An answer larger than this is not one of ours.
constexpr std::int32_t kAnswerBytesMax = 256 << 20;

base::Result<> system_error(const std::string& what) {
  return base::fail(Fault::io, fmt::format("{}: {}", what, std::strerror(errno)));
}

struct HostAndPort {
  std::string host;
  std::string port;
};

base::Result<HostAndPort> parse(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos || colon + 1 == address.size())
    return base::fail(Fault::invalid, fmt::format("'{}' is not HOST:PORT", address));
  auto host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return HostAndPort{std::move(host), address.substr(colon + 1)};
}

void limit_waiting(int fd, std::chrono::milliseconds time_out) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time_out);
  const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(time_out - seconds);
  const timeval limit{.tv_sec = seconds.count(), .tv_usec = rest.count()};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);  // connect() keeps to it too.
}

}  // namespace

base::Result<Client> Client::connect(const std::string& address,
                                     std::chrono::milliseconds time_out) {
  const auto [host, port] = TRY(parse(address));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0)
    return base::fail(Fault::invalid,
                      fmt::format("cannot resolve {}: {}", address, ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  base::Result<> outcome = base::fail(Fault::invalid, address + " has no address");
  for (const auto* one = found; one != nullptr; one = one->ai_next) {
    Client client(::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (client.fd_ < 0) return std::unexpected(system_error("socket").error());
    limit_waiting(client.fd_, time_out);
    if (::connect(client.fd_, one->ai_addr, one->ai_addrlen) == 0) return client;
    outcome = system_error("cannot connect to " + address);
  }
  return std::unexpected(std::move(outcome).error());
}

Client::Client(Client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), correlation_id_(other.correlation_id_) {}

Client& Client::operator=(Client&& other) noexcept {
  std::swap(fd_, other.fd_);
  correlation_id_ = other.correlation_id_;
  return *this;
}

Client::~Client() {
  if (fd_ >= 0) ::close(fd_);
}

base::Result<base::SharedBytes> Client::exchange(const std::vector<std::byte>& request) {
  for (std::size_t sent = 0; sent < request.size();) {
    const auto n = ::send(fd_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(system_error("cannot send").error());
    sent += static_cast<std::size_t>(n);
  }
  std::array<std::byte, 4> prefix{};
  TRY(read_fully(prefix));
  const auto size = base::load_big_endian<std::int32_t>(prefix.data());
  if (size < 0 || size > kAnswerBytesMax)
    return base::fail(Fault::corruption, fmt::format("an answer of {} bytes", size));
  const auto frame = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(size));
  TRY(read_fully(*frame));
  return base::SharedBytes{frame, *frame};
}

base::Result<> Client::read_fully(std::span<std::byte> into) const {
  while (!into.empty()) {
    const auto n = ::recv(fd_, into.data(), into.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("no answer");
    if (n == 0) return base::fail(Fault::closed, "the broker closed the connection");
    into = into.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace tools
