#include "tools/bench/load/closed_loop.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "tools/bench/load/connection.h"
#include "tools/bench/load/machine.h"
#include "tools/bench/load/poller.h"

namespace bench {
namespace {

using Time = base::MonotonicTime;

/// How long the last answers may take.
constexpr std::chrono::seconds kPatience(30);

/// One connection, and the requests that are under way on it.
class Client {
 public:
  Client(Connection connection, const RequestRing& ring)
      : connection_(std::move(connection)), ring_(ring), sent_at_(ring.size()) {}

  Connection& connection() { return connection_; }
  bool idle() const { return in_flight_ == 0; }

  void fill(Time now) {
    for (; in_flight_ < ring_.size(); ++in_flight_) {
      connection_.queue(ring_.request(next_));
      sent_at_[next_] = now;
      next_ = (next_ + 1) % ring_.size();
    }
  }

  /// When the request was sent whose answer has come; nothing if none has.
  base::Result<std::optional<Time>> take_answer(const ClosedLoop::Check& check) {
    const auto frame = connection_.next_frame();
    if (!frame) return std::nullopt;
    if (in_flight_ == 0) return base::fail(base::Fault::corruption, "an answer nobody asked for");
    const auto oldest = (next_ + ring_.size() - in_flight_) % ring_.size();
    TRY(check(*frame, static_cast<std::int32_t>(oldest)));
    --in_flight_;
    return sent_at_[oldest];
  }

  bool waits_for_room = false;

 private:
  Connection connection_;
  const RequestRing& ring_;
  std::vector<Time> sent_at_;
  std::size_t next_ = 0;
  std::size_t in_flight_ = 0;
};

class Run {
 public:
  explicit Run(const ClosedLoop& loop) : loop_(loop) {}

  base::Result<LoopResult> run() {
    TRY(connect());
    const auto begin = clock_.monotonic();
    measure_from_ = begin + loop_.target.warm_up;
    measure_to_ = measure_from_ + loop_.target.duration;
    for (auto& client : clients_) client.fill(begin);
    for (std::uint32_t i = 0; i < clients_.size(); ++i) TRY(send(i));
    while (!ended_ || !std::ranges::all_of(clients_, &Client::idle)) TRY(step());
    if (result_.requests_measured == 0 || result_.seconds.count() <= 0)
      return base::fail(base::Fault::invalid, "nothing was measured: the run was too short");
    return std::move(result_);
  }

 private:
  base::Result<> connect() {
    clients_.reserve(loop_.rings.size());
    for (const auto* ring : loop_.rings) {
      const auto number = static_cast<std::uint32_t>(clients_.size());
      clients_.emplace_back(TRY(Connection::open(loop_.target.broker)), *ring);
      TRY(poller_.add(clients_.back().connection(), number));
    }
    return {};
  }

  base::Result<> step() {
    const auto until = ended_ ? measured_to_ + kPatience : measure_to_;
    const auto events = TRY(poller_.wait(until));
    const auto now = clock_.monotonic();
    if (!measuring_ && now >= measure_from_) TRY(begin_measuring(now));
    if (!ended_ && (now >= measure_to_ || result_.requests >= loop_.requests_max))
      TRY(end_measuring(now));
    if (ended_ && now > measured_to_ + kPatience)
      return base::fail(base::Fault::closed, "the last requests are not answered");
    for (const auto& event : events) TRY(serve(event, now));
    return {};
  }

  base::Result<> serve(const epoll_event& event, Time now) {
    auto& client = clients_[event.data.u32];
    if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0)
      TRY(client.connection().receive());
    while (const auto sent_at = TRY(client.take_answer(loop_.check))) {
      ++result_.requests;
      if (measuring_ && !ended_) result_.samples.add(now - *sent_at);
    }
    if (!ended_) client.fill(now);
    return send(event.data.u32);
  }

  base::Result<> send(std::uint32_t number) {
    auto& client = clients_[number];
    TRY(client.connection().send());
    const bool room = client.connection().has_unsent();
    if (std::exchange(client.waits_for_room, room) != room)
      TRY(poller_.watch_room(client.connection(), number, room));
    return {};
  }

  base::Result<> begin_measuring(Time now) {
    measuring_ = true;
    measured_from_ = now;
    requests_before_ = result_.requests;
    cpu_before_ = TRY(cpu_time_of(loop_.target.broker_process));
    return {};
  }

  base::Result<> end_measuring(Time now) {
    if (!measuring_) TRY(begin_measuring(now));
    ended_ = true;
    measured_to_ = now;
    result_.seconds = now - measured_from_;
    result_.requests_measured = result_.requests - requests_before_;
    result_.cpu = TRY(cpu_time_of(loop_.target.broker_process)) - cpu_before_;
    return {};
  }

  const ClosedLoop& loop_;
  LoopResult result_;
  base::SystemClock clock_;
  Poller poller_;
  std::vector<Client> clients_;
  Time measure_from_;
  Time measure_to_;
  bool measuring_ = false;
  bool ended_ = false;
  Time measured_from_;
  Time measured_to_;
  std::uint64_t requests_before_ = 0;
  std::chrono::nanoseconds cpu_before_{};
};

}  // namespace

Report LoopResult::report() {
  const auto measured = static_cast<double>(requests_measured);
  return {{"seconds", seconds.count()},
          {"requests_per_s", measured / seconds.count()},
          {"p50_us", samples.percentile(0.5)},
          {"p99_us", samples.percentile(0.99)},
          {"broker_cpu_us_per_request", cpu.count() * 1e6 / measured}};
}

base::Result<LoopResult> run_closed_loop(const ClosedLoop& loop) { return Run(loop).run(); }

}  // namespace bench
