#include "tools/bench/load/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <charconv>
#include <cstring>

#include "protocol/base/big_endian.h"

namespace bench {
namespace {

constexpr std::size_t kPrefix = sizeof(std::int32_t);
constexpr std::size_t kPiecesMax = 64;
constexpr int kPatienceMs = 30'000;

}  // namespace

base::Result<Address> Address::from_text(const std::string& text) {
  const auto colon = text.rfind(':');
  Address address;
  if (colon != std::string::npos) {
    const auto* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, address.port);
    address.host = text.substr(0, colon);
    if (parsed.ec == std::errc{} && parsed.ptr == end) return address;
  }
  return base::fail(base::Fault::invalid, "an address is HOST:PORT, not " + text);
}

base::Result<Connection> Connection::open(const Address& address) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(address.port);
  if (::inet_pton(AF_INET, address.host.c_str(), &to.sin_addr) != 1)
    return base::fail(base::Fault::invalid, "not an IPv4 address: " + address.host);
  if (::connect(socket.number(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    return fail_with_errno("cannot connect to the broker");
  const int yes = 1;
  ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return Connection(std::move(socket));
}

void Connection::queue(base::BytesView bytes) {
  if (!unsent_.empty() && unsent_.back().data() + unsent_.back().size() == bytes.data())
    unsent_.back() = {unsent_.back().data(), unsent_.back().size() + bytes.size()};
  else
    unsent_.push_back(bytes);
}

base::Result<> Connection::send() {
  while (!unsent_.empty()) {
    std::array<iovec, kPiecesMax> pieces;
    std::size_t count = 0;
    for (const auto& piece : unsent_) {
      if (count == pieces.size()) break;
      pieces[count++] = {.iov_base = const_cast<std::byte*>(piece.data()), .iov_len = piece.size()};
    }
    const msghdr message{.msg_iov = pieces.data(), .msg_iovlen = count};
    const auto sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) return {};
    if (sent < 0) return fail_with_errno("cannot send to the broker");
    auto left = static_cast<std::size_t>(sent);
    while (!unsent_.empty() && left >= unsent_.front().size()) {
      left -= unsent_.front().size();
      unsent_.pop_front();
    }
    if (left > 0) unsent_.front() = unsent_.front().subspan(left);
  }
  return {};
}

base::Result<> Connection::receive(bool wait) {
  const auto held = end_ - begin_;
  std::size_t wanted = kPrefix;
  if (held >= kPrefix)
    wanted += static_cast<std::size_t>(base::load_big_endian<std::int32_t>(input_.data() + begin_));
  if (held == 0) {
    begin_ = end_ = 0;
  } else if (begin_ + wanted > input_.size() || end_ == input_.size()) {
    std::memmove(input_.data(), input_.data() + begin_, held);
    begin_ = 0;
    end_ = held;
  }
  if (wanted > input_.size()) input_.resize(wanted + (wanted / 4));
  if (wait) {
    pollfd ready{.fd = fd(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kPatienceMs) <= 0)
      return base::fail(base::Fault::closed, "the broker does not answer");
  }
  const auto got = ::recv(fd(), input_.data() + end_, input_.size() - end_, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return {};
  if (got < 0) return fail_with_errno("cannot receive from the broker");
  if (got == 0) return base::fail(base::Fault::closed, "the broker has closed the connection");
  end_ += static_cast<std::size_t>(got);
  return {};
}

std::optional<base::BytesView> Connection::next_frame() {
  const base::BytesView unread(input_.data() + begin_, end_ - begin_);
  if (unread.size() < kPrefix) return std::nullopt;
  const auto size = static_cast<std::size_t>(base::load_big_endian<std::int32_t>(unread.data()));
  if (unread.size() < kPrefix + size) return std::nullopt;
  begin_ += kPrefix + size;
  return unread.subspan(kPrefix, size);
}

}  // namespace bench
