#include <fmt/format.h>

#include "protocol/base/clock.h"
#include "tools/bench/load/admin.h"
#include "tools/bench/load/fetcher.h"
#include "tools/bench/load/loads.h"
#include "tools/bench/load/machine.h"
#include "tools/bench/load/poller.h"
#include "tools/bench/load/samples.h"

namespace bench {
namespace {

using Time = base::MonotonicTime;

constexpr std::chrono::seconds kPatience(30);
constexpr std::size_t kRequestsUnderWay = 4096;
constexpr std::int32_t kFetchBytes = 1 << 20;
constexpr std::int32_t kFetchWaitMs = 500;
constexpr std::uint32_t kProducer = 0;
constexpr std::uint32_t kConsumer = 1;

/// One producer, one consumer, one partition: the record with offset `i` was due at begin + i /
/// rate.
class Run {
 public:
  Run(const Target& target, const LatencyLoad& load, RequestRing ring, Connection producer,
      Connection consumer)
      : target_(target),
        interval_(std::chrono::nanoseconds(std::chrono::seconds(1)) / load.records_per_second),
        ring_(std::move(ring)),
        producer_(std::move(producer)),
        consumer_(std::move(consumer)),
        fetcher_(target.topic, 0) {}

  base::Result<Report> run() {
    TRY(poller_.add(producer_, kProducer));
    TRY(poller_.add(consumer_, kConsumer));
    TRY(ask());
    begin_ = clock_.monotonic() + interval_;
    measure_from_ = begin_ + target_.warm_up;
    const auto records = (target_.warm_up + target_.duration) / interval_;
    const auto cpu_before = TRY(cpu_time_of(target_.broker_process));
    while (received_ < records) {
      const auto due = sent_ < records ? due_at(sent_) : due_at(records) + kPatience;
      const auto events = TRY(poller_.wait(due));
      const auto now = clock_.monotonic();
      if (sent_ == records && now > due)
        return base::fail(base::Fault::closed, "the last records do not arrive");
      for (const auto& event : events)
        TRY(event.data.u32 == kProducer ? take_acknowledgements(now) : take_records());
      while (sent_ < records && due_at(sent_) <= now) TRY(send_one());
    }
    while (acknowledged_ < records) {
      TRY(producer_.receive(true));
      TRY(take_answers(clock_.monotonic()));
    }
    const auto cpu = TRY(cpu_time_of(target_.broker_process)) - cpu_before;
    return Report{{"records", static_cast<double>(end_to_end_.count())},
                  {"p50_us", end_to_end_.percentile(0.5)},
                  {"p99_us", end_to_end_.percentile(0.99)},
                  {"p999_us", end_to_end_.percentile(0.999)},
                  {"ack_p50_us", acks_.percentile(0.5)},
                  {"ack_p99_us", acks_.percentile(0.99)},
                  {"broker_cpu_us_per_record", std::chrono::duration<double>(cpu).count() * 1e6 /
                                                   static_cast<double>(records)}};
  }

 private:
  Time due_at(std::int64_t record) const { return begin_ + record * interval_; }

  base::Result<> send_one() {
    if (std::cmp_greater_equal(sent_ - acknowledged_, ring_.size()))
      return base::fail(base::Fault::full, "the broker does not keep up with the rate");
    producer_.queue(ring_.request(static_cast<std::size_t>(sent_) % ring_.size()));
    ++sent_;
    return producer_.send();
  }

  base::Result<> take_acknowledgements(Time now) {
    TRY(producer_.receive());
    return take_answers(now);
  }

  base::Result<> take_answers(Time now) {
    for (; const auto frame = producer_.next_frame(); ++acknowledged_) {
      const auto slot = static_cast<std::size_t>(acknowledged_) % ring_.size();
      const auto offset = TRY(check_produce_answer(*frame, static_cast<std::int32_t>(slot)));
      if (offset != acknowledged_)
        return base::fail(base::Fault::corruption,
                          fmt::format("record {} got the offset {}", acknowledged_, offset));
      if (due_at(offset) >= measure_from_) acks_.add(now - due_at(offset));
    }
    return {};
  }

  base::Result<> take_records() {
    TRY(consumer_.receive());
    while (const auto frame = consumer_.next_frame()) {
      const auto fetched = TRY(fetcher_.answer(*frame));
      const auto now = clock_.monotonic();
      for (; received_ < fetched.next; ++received_)
        if (due_at(received_) >= measure_from_) end_to_end_.add(now - due_at(received_));
      TRY(ask());
    }
    return {};
  }

  base::Result<> ask() {
    consumer_.queue(fetcher_.request(received_, kFetchBytes, kFetchWaitMs));
    return consumer_.send();
  }

  const Target& target_;
  const std::chrono::nanoseconds interval_;
  const RequestRing ring_;
  Connection producer_;
  Connection consumer_;
  Fetcher fetcher_;
  base::SystemClock clock_;
  Poller poller_;
  Time begin_;
  Time measure_from_;
  std::int64_t sent_ = 0;
  std::int64_t acknowledged_ = 0;
  std::int64_t received_ = 0;
  Samples end_to_end_;
  Samples acks_;
};

}  // namespace

base::Result<Report> run_latency(const Target& target, const LatencyLoad& load) {
  Admin admin(TRY(Connection::open(target.broker)));
  TRY(admin.create_topic(target.topic, 1, target.synced));
  auto ring = TRY(
      RequestRing::build(target.topic, 0, {.record_bytes = load.record_bytes}, kRequestsUnderWay));
  auto producer = TRY(Connection::open(target.broker));
  auto consumer = TRY(Connection::open(target.broker));
  return Run(target, load, std::move(ring), std::move(producer), std::move(consumer)).run();
}

}  // namespace bench
