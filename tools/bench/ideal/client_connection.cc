#include "tools/bench/ideal/client_connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "protocol/base/big_endian.h"

namespace bench {
namespace {

constexpr std::size_t kPrefix = sizeof(std::int32_t);
constexpr std::size_t kPiecesMax = 64;

}  // namespace

bool ClientConnection::receive() {
  const auto held = end_ - begin_;
  std::size_t wanted = kPrefix;
  if (held >= kPrefix) {
    wanted += static_cast<std::size_t>(base::load_big_endian<std::int32_t>(input_.data() + begin_));
  }
  if (held == 0) {
    begin_ = end_ = 0;
  } else if (begin_ + wanted > input_.size() || end_ == input_.size()) {
    std::memmove(input_.data(), input_.data() + begin_, held);
    begin_ = 0;
    end_ = held;
    if (wanted > input_.size()) input_.resize(2 * wanted);
  }
  const auto got = ::recv(fd(), input_.data() + end_, input_.size() - end_, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  end_ += static_cast<std::size_t>(got);
  return got > 0;
}

std::span<std::byte> ClientConnection::next_frame() {
  const std::span<std::byte> unread(input_.data() + begin_, end_ - begin_);
  if (unread.size() < kPrefix) return {};
  const auto size = static_cast<std::size_t>(base::load_big_endian<std::int32_t>(unread.data()));
  if (unread.size() < kPrefix + size) return {};
  begin_ += kPrefix + size;
  return unread.subspan(kPrefix, size);
}

std::vector<std::byte>& ClientConnection::answers() {
  if (output_.empty() || output_.back().own.empty()) {
    spare_.clear();
    output_.push_back({.own = std::move(spare_)});
  }
  return output_.back().own;
}

bool ClientConnection::send() {
  while (!output_.empty()) {
    std::array<iovec, kPiecesMax> pieces;
    std::size_t count = 0;
    for (auto skip = sent_; const auto& piece : output_) {
      if (count == pieces.size()) break;
      const auto left = piece.bytes().subspan(std::exchange(skip, 0));
      pieces[count++] = {.iov_base = const_cast<std::byte*>(left.data()), .iov_len = left.size()};
    }
    const msghdr message{.msg_iov = pieces.data(), .msg_iovlen = count};
    const auto result = ::sendmsg(fd(), &message, MSG_NOSIGNAL);
    if (result < 0) return errno == EAGAIN || errno == EINTR;
    sent_ += static_cast<std::size_t>(result);
    while (!output_.empty() && sent_ >= output_.front().bytes().size()) {
      sent_ -= output_.front().bytes().size();
      if (!output_.front().own.empty()) spare_ = std::move(output_.front().own);
      output_.pop_front();
    }
  }
  return true;
}

}  // namespace bench
