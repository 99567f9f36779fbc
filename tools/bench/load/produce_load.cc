#include <optional>

#include <fmt/format.h>

#include "protocol/base/assert.h"
#include "protocol/base/clock.h"
#include "tools/bench/load/admin.h"
#include "tools/bench/load/loads.h"
#include "tools/bench/load/machine.h"
#include "tools/bench/load/poller.h"
#include "tools/bench/load/samples.h"

namespace bench {
namespace {

using Time = base::MonotonicTime;

/// How long the last answers may take.
constexpr std::chrono::seconds kPatience(30);

/// One connection, and the requests that are under way on it.
class Producer {
 public:
  Producer(Connection connection, const RequestRing& ring)
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
  base::Result<std::optional<Time>> take_answer() {
    const auto frame = connection_.next_frame();
    if (!frame) return std::nullopt;
    if (in_flight_ == 0) return base::fail(base::Fault::corruption, "an answer nobody asked for");
    const auto oldest = (next_ + ring_.size() - in_flight_) % ring_.size();
    static_cast<void>(TRY(check_produce_answer(*frame, static_cast<std::int32_t>(oldest))));
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

/// The run itself: warm-up, measured time, last answers.
class Run {
 public:
  Run(const Target& target, const ProduceLoad& load) : target_(target), load_(load) {}

  base::Result<Report> run() {
    Admin admin(TRY(Connection::open(target_.broker)));
    TRY(admin.create_topic(target_.topic, load_.partitions, target_.synced));
    TRY(connect());
    const auto begin = clock_.monotonic();
    measure_from_ = begin + target_.warm_up;
    measure_to_ = measure_from_ + target_.duration;
    for (auto& producer : producers_) producer.fill(begin);
    TRY(send_to_all());
    while (!ended_ || !all_idle()) TRY(step());
    TRY(verify(admin));
    return report();
  }

 private:
  base::Result<> connect() {
    rings_.reserve(static_cast<std::size_t>(load_.partitions));
    for (std::int32_t i = 0; i < load_.partitions; ++i)
      rings_.push_back(TRY(RequestRing::build(target_.topic, i, load_.shape, load_.depth)));
    for (int i = 0; i < load_.connections; ++i) {
      const auto partition = static_cast<std::size_t>(i % load_.partitions);
      producers_.emplace_back(TRY(Connection::open(target_.broker)), rings_[partition]);
      TRY(poller_.add(producers_.back().connection(), static_cast<std::uint32_t>(i)));
    }
    return {};
  }

  base::Result<> step() {
    const auto until = ended_ ? measured_to_ + kPatience : measure_to_;
    const auto events = TRY(poller_.wait(until));
    const auto now = clock_.monotonic();
    if (!measuring_ && now >= measure_from_) TRY(begin_measuring(now));
    if (!ended_ && (now >= measure_to_ || bytes_acknowledged() >= load_.bytes_max))
      TRY(end_measuring(now));
    if (ended_ && now > measured_to_ + kPatience)
      return base::fail(base::Fault::closed, "the last requests are not answered");
    for (const auto& event : events) TRY(serve(event, now));
    return {};
  }

  base::Result<> serve(const epoll_event& event, Time now) {
    auto& producer = producers_[event.data.u32];
    if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0)
      TRY(producer.connection().receive());
    while (const auto sent_at = TRY(producer.take_answer())) {
      ++requests_;
      if (measuring_ && !ended_) samples_.add(now - *sent_at);
    }
    if (!ended_) producer.fill(now);
    return send(event.data.u32);
  }

  base::Result<> send(std::uint32_t number) {
    auto& producer = producers_[number];
    TRY(producer.connection().send());
    const bool room = producer.connection().has_unsent();
    if (std::exchange(producer.waits_for_room, room) != room)
      TRY(poller_.watch_room(producer.connection(), number, room));
    return {};
  }

  base::Result<> send_to_all() {
    for (std::uint32_t i = 0; i < producers_.size(); ++i) TRY(send(i));
    return {};
  }

  bool all_idle() const { return std::ranges::all_of(producers_, &Producer::idle); }

  std::uint64_t bytes_acknowledged() const {
    return requests_ * static_cast<std::uint64_t>(load_.shape.records) * load_.shape.record_bytes;
  }

  base::Result<> begin_measuring(Time now) {
    measuring_ = true;
    measured_from_ = now;
    requests_before_ = requests_;
    cpu_before_ = TRY(cpu_time_of(target_.broker_process));
    return {};
  }

  base::Result<> end_measuring(Time now) {
    if (!measuring_) TRY(begin_measuring(now));
    ended_ = true;
    measured_to_ = now;
    requests_measured_ = requests_ - requests_before_;
    cpu_used_ = TRY(cpu_time_of(target_.broker_process)) - cpu_before_;
    return {};
  }

  /// What was acknowledged is there, no more and no less.
  base::Result<> verify(Admin& admin) const {
    base::Offset there = 0;
    for (std::int32_t i = 0; i < load_.partitions; ++i)
      there += TRY(admin.high_watermark(target_.topic, i));
    const auto acknowledged =
        static_cast<base::Offset>(requests_) * static_cast<base::Offset>(load_.shape.records);
    if (there == acknowledged) return {};
    return base::fail(
        base::Fault::corruption,
        fmt::format("{} records were acknowledged and {} are there", acknowledged, there));
  }

  base::Result<Report> report() {
    const auto seconds = std::chrono::duration<double>(measured_to_ - measured_from_).count();
    const auto requests = static_cast<double>(requests_measured_);
    if (requests == 0 || seconds <= 0)
      return base::fail(base::Fault::invalid, "nothing was measured: the run was too short");
    const auto records = requests * load_.shape.records;
    const auto bytes = records * static_cast<double>(load_.shape.record_bytes);
    const auto cpu = std::chrono::duration<double>(cpu_used_).count();
    return Report{{"seconds", seconds},
                  {"requests_per_s", requests / seconds},
                  {"records_per_s", records / seconds},
                  {"bytes_per_s", bytes / seconds},
                  {"p50_us", samples_.percentile(0.5)},
                  {"p99_us", samples_.percentile(0.99)},
                  {"broker_cpu_us_per_request", cpu * 1e6 / requests},
                  {"broker_cpu_s_per_gb", cpu * 1e9 / bytes}};
  }

  const Target& target_;
  const ProduceLoad& load_;
  base::SystemClock clock_;
  Poller poller_;
  std::vector<RequestRing> rings_;
  std::vector<Producer> producers_;
  Time measure_from_;
  Time measure_to_;
  bool measuring_ = false;
  bool ended_ = false;
  Time measured_from_;
  Time measured_to_;
  std::uint64_t requests_ = 0;
  std::uint64_t requests_before_ = 0;
  std::uint64_t requests_measured_ = 0;
  std::chrono::nanoseconds cpu_before_{};
  std::chrono::nanoseconds cpu_used_{};
  Samples samples_;
};

}  // namespace

base::Result<Report> run_produce(const Target& target, const ProduceLoad& load) {
  return Run(target, load).run();
}

}  // namespace bench
