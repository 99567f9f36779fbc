#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <span>

#include "protocol/base/clock.h"
#include "protocol/base/result.h"
#include "tools/bench/common/descriptor.h"
#include "tools/bench/load/connection.h"

namespace bench {

/// Waits for several connections.
///
/// Thread: one at a time.
class Poller {
 public:
  Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

  /// Tells of `connection` by `number`.
  base::Result<> add(const Connection& connection, std::uint32_t number) {
    return control(EPOLL_CTL_ADD, connection, number, EPOLLIN);
  }
  /// Tells when there is room to send, too, or no longer.
  base::Result<> watch_room(const Connection& connection, std::uint32_t number, bool room) {
    return control(EPOLL_CTL_MOD, connection, number, room ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  /// Who can go on; empty when `until` has passed. Valid until the next call.
  base::Result<std::span<const epoll_event>> wait(base::MonotonicTime until) {
    const auto left =
        std::max(until - base::SystemClock().monotonic(), base::MonotonicTime::duration{});
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec time{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    const int count = ::epoll_pwait2(epoll_.number(), events_.data(),
                                     static_cast<int>(events_.size()), &time, nullptr);
    if (count < 0 && errno != EINTR) return fail_with_errno("cannot wait for the broker");
    return std::span<const epoll_event>(events_.data(),
                                        static_cast<std::size_t>(std::max(count, 0)));
  }

 private:
  base::Result<> control(int how, const Connection& connection, std::uint32_t number,
                         std::uint32_t events) {
    epoll_event event{.events = events, .data = {.u32 = number}};
    if (::epoll_ctl(epoll_.number(), how, connection.fd(), &event) != 0)
      return fail_with_errno("cannot watch a connection");
    return {};
  }

  Descriptor epoll_;
  std::array<epoll_event, 128> events_;
};

}  // namespace bench
