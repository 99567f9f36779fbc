#include "broker/net/socket_transport.h"

#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace broker {
namespace {

Transfer transferred(ssize_t result) {
  if (result >= 0) return {.bytes = static_cast<std::size_t>(result)};
  const int error = errno;
  if (error == EAGAIN || error == EWOULDBLOCK || error == EINTR)
    return {.kind = Transfer::Kind::would_block};
  return {.kind = Transfer::Kind::failed, .why = std::generic_category().message(error)};
}

}  // namespace

Transfer SocketTransport::receive(std::span<std::byte> into) { return receive(into, 0); }

Transfer SocketTransport::peek() {
  std::byte one{};
  return receive({&one, 1}, MSG_PEEK);
}

Transfer SocketTransport::receive(std::span<std::byte> into, int flags) {
  auto result = transferred(::recv(watch_.fd(), into.data(), into.size(), flags));
  if (result.kind == Transfer::Kind::some && result.bytes == 0) result.kind = Transfer::Kind::ended;
  return result;
}

Transfer SocketTransport::send(std::span<const iovec> pieces) {
  // The system's structure takes pointers to what it only reads.
  const msghdr message{.msg_iov = const_cast<iovec*>(pieces.data()), .msg_iovlen = pieces.size()};
  return transferred(::sendmsg(watch_.fd(), &message, MSG_NOSIGNAL));
}

}  // namespace broker
