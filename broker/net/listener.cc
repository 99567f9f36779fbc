#include "broker/net/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "broker/net/port_owner.h"
#include "protocol/base/assert.h"

namespace broker {
namespace {

constexpr int kAcceptsPerWake = 64;
constexpr std::chrono::milliseconds kPause{100};

/// A socket address of either family, as system calls want it.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }

  Endpoint endpoint() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (family() == AF_INET6) {
      const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
      ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
      return {text.data(), ntohs(v6.sin6_port)};
    }
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return {text.data(), ntohs(v4.sin_port)};
  }
};

Endpoint name_of(int fd) {
  Address address;
  ::getsockname(fd, address.get(), &address.size);
  return address.endpoint();
}

void set_option(int fd, int level, int option, int value) {
  // None of these is worth refusing a client for.
  ::setsockopt(fd, level, option, &value, sizeof value);
}

base::Result<Address> resolve(const ListenerConfig& config) {
  const addrinfo hints{.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                       .ai_family = config.host.empty() ? AF_INET : AF_UNSPEC,
                       .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(config.host.empty() ? nullptr : config.host.c_str(),
                                  std::to_string(config.port).c_str(), &hints, &found);
  if (error != 0)
    return base::fail(base::Fault::invalid,
                      fmt::format("listener {}: no address for host {}: {}", config.name,
                                  config.host, ::gai_strerror(error)));
  Address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return address;
}

base::Error bind_error(const ListenerConfig& config, const Endpoint& wanted, int error) {
  const auto where = to_string(wanted);
  if (error != EADDRINUSE)
    return {base::Fault::io, fmt::format("listener {}: cannot listen on {}: {}", config.name, where,
                                         std::generic_category().message(error))};
  const auto owner = port_owner(wanted.port);
  return {base::Fault::exists,
          fmt::format("listener {}: {} is in use{}. Stop that process, or give this listener "
                      "another port (0 lets the system choose)",
                      config.name, where, owner.empty() ? " by another process" : " by " + owner)};
}

int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

std::string to_string(const Endpoint& endpoint) {
  return endpoint.host.contains(':') ? fmt::format("[{}]:{}", endpoint.host, endpoint.port)
                                     : fmt::format("{}:{}", endpoint.host, endpoint.port);
}

base::Result<std::unique_ptr<Listener>> Listener::open(ListenerConfig config, const NetConfig& net,
                                                       Loop& loop, RateLimitedLog& log) {
  auto address = TRY(resolve(config));
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::unexpected(bind_error(config, address.endpoint(), errno));
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  // Accepted sockets inherit these two. Keep-alive: a client that lost its power is found out even
  // while we owe it an answer, when it does not count as idle.
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  // One listener, one family: "::" beside "0.0.0.0" on the same port is two listeners.
  if (address.family() == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  // Before listen(), since the window scale of a connection is settled when it begins.
  if (net.send_buffer_bytes) set_option(fd, SOL_SOCKET, SO_SNDBUF, *net.send_buffer_bytes);
  if (net.receive_buffer_bytes) set_option(fd, SOL_SOCKET, SO_RCVBUF, *net.receive_buffer_bytes);
  if (::bind(fd, address.get(), address.size) != 0 || ::listen(fd, net.backlog) != 0) {
    const int error = errno;
    ::close(fd);
    return std::unexpected(bind_error(config, address.endpoint(), error));
  }
  return std::make_unique<Listener>(std::move(config), loop, log, fd);
}

Listener::Listener(ListenerConfig config, Loop& loop, RateLimitedLog& log, int fd)
    : config_(std::move(config)),
      loop_(loop),
      log_(log),
      watch_(loop, fd),
      bound_(name_of(fd)),
      spare_fd_(open_spare()) {}

Listener::~Listener() {
  stop();
  if (spare_fd_ >= 0) ::close(spare_fd_);
}

void Listener::start(std::function<void(const Accepted&)> accepted) {
  ASSERT(!accepted_, "a listener is started once");
  accepted_ = std::move(accepted);
  wait();
}

void Listener::stop() {
  resume_.reset();
  watch_.close();
}

void Listener::wait() {
  watch_.when_readable([this] { accept_ready(); });
}

void Listener::accept_ready() {
  ASSERT(loop_.on_this_thread(), "a listener accepts on its loop");
  for (int i = 0; i < kAcceptsPerWake; ++i)
    if (!accept_one()) return;
  // More are waiting, and wake us again at once: others get their turn first.
  wait();
}

/// True if there may be another one; otherwise whatever comes next is arranged for.
bool Listener::accept_one() {
  Address peer;
  const int fd = ::accept4(watch_.fd(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    accepted_({.fd = fd, .peer = peer.endpoint(), .local = name_of(fd)});
    return true;
  }
  switch (const int error = errno; error) {
    case EAGAIN:
      wait();
      return false;
    case EMFILE:
      shed_one();
      return false;
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      pause(std::generic_category().message(error));
      return false;
    default:
      // The connection that was to be accepted broke; accept(2) names a dozen ways.
      return true;
  }
}

/// Turns one client away, who would wait for ever in the backlog otherwise, and pauses: the next
/// one is no more welcome, and clients try again at once.
void Listener::shed_one() {
  if (spare_fd_ >= 0) {
    ::close(std::exchange(spare_fd_, -1));
    const int fd = ::accept4(watch_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    const bool nobody = fd < 0 && errno == EAGAIN;
    if (fd >= 0) ::close(fd);
    spare_fd_ = open_spare();
    // accept(2) looks for a descriptor before it looks for a client.
    if (nobody) return wait();
  }
  pause("the process has no file descriptors left (raise `ulimit -n`)");
}

void Listener::pause(std::string_view why) {
  log_.warn("accept",
            fmt::format("listener {} takes no clients for a moment: {}", config_.name, why));
  resume_ = loop_.call_at(loop_.clock().monotonic() + kPause, [this] {
    if (spare_fd_ < 0) spare_fd_ = open_spare();
    accept_ready();
  });
}

}  // namespace broker
