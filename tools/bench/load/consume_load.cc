#include <algorithm>

#include <fmt/format.h>

#include "protocol/base/clock.h"
#include "tools/bench/load/admin.h"
#include "tools/bench/load/fetcher.h"
#include "tools/bench/load/loads.h"
#include "tools/bench/load/machine.h"
#include "tools/bench/load/poller.h"

namespace bench {
namespace {

constexpr std::chrono::seconds kPatience(30);

struct Consumer {
  Connection connection;
  Fetcher fetcher;
  base::Offset end = 0;
};

/// Writes so much into a partition, `depth` requests at a time.
base::Result<base::Offset> fill(const Target& target, std::int32_t partition, std::uint64_t bytes) {
  constexpr BatchShape kShape{.records = 64, .record_bytes = 1024};
  constexpr std::size_t kDepth = 8;
  const auto ring = TRY(RequestRing::build(target.topic, partition, kShape, kDepth));
  auto connection = TRY(Connection::open(target.broker));
  const auto requests = bytes / (static_cast<std::uint64_t>(kShape.records) * kShape.record_bytes);
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  while (answered < requests) {
    for (; sent < requests && sent - answered < kDepth; ++sent)
      connection.queue(ring.request(sent % kDepth));
    TRY(connection.send());
    TRY(connection.receive(!connection.has_unsent()));
    for (; const auto frame = connection.next_frame(); ++answered)
      static_cast<void>(
          TRY(check_produce_answer(*frame, static_cast<std::int32_t>(answered % kDepth))));
  }
  return static_cast<base::Offset>(requests) * kShape.records;
}

base::Result<> ask(Consumer& consumer, base::Offset from, const ConsumeLoad& load) {
  consumer.connection.queue(consumer.fetcher.request(from, load.fetch_bytes, 0));
  // A request is smaller than any socket's buffer.
  return consumer.connection.send();
}

base::Result<std::vector<Consumer>> prepare(const Target& target, const ConsumeLoad& load,
                                            Poller& poller) {
  Admin admin(TRY(Connection::open(target.broker)));
  TRY(admin.create_topic(target.topic, load.connections, target.synced));
  std::vector<Consumer> consumers;
  for (std::int32_t i = 0; i < load.connections; ++i) {
    const auto end = TRY(fill(target, i, load.fill_bytes));
    consumers.push_back({TRY(Connection::open(target.broker)), Fetcher(target.topic, i), end});
    TRY(poller.add(consumers.back().connection, static_cast<std::uint32_t>(i)));
  }
  return consumers;
}

}  // namespace

base::Result<Report> run_consume(const Target& target, const ConsumeLoad& load) {
  const base::SystemClock clock;
  Poller poller;
  auto consumers = TRY(prepare(target, load, poller));
  const auto begin = clock.monotonic() + target.warm_up;
  const auto end = begin + target.duration;
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;
  bool measuring = false;
  std::chrono::nanoseconds cpu_before{};
  for (auto& consumer : consumers) TRY(ask(consumer, 0, load));
  while (clock.monotonic() < end) {
    const auto events = TRY(poller.wait(end + kPatience));
    if (events.empty()) return base::fail(base::Fault::closed, "a fetch is not answered");
    if (!measuring && clock.monotonic() >= begin) {
      measuring = true;
      bytes = records = 0;
      cpu_before = TRY(cpu_time_of(target.broker_process));
    }
    for (const auto& event : events) {
      auto& consumer = consumers[event.data.u32];
      TRY(consumer.connection.receive());
      while (const auto frame = consumer.connection.next_frame()) {
        const auto fetched = TRY(consumer.fetcher.answer(*frame));
        if (fetched.records == 0 || fetched.high_watermark != consumer.end)
          return base::fail(base::Fault::corruption, "records that were acknowledged are missing");
        bytes += fetched.bytes;
        records += fetched.records;
        TRY(ask(consumer, fetched.next == consumer.end ? 0 : fetched.next, load));
      }
    }
  }
  const auto cpu = TRY(cpu_time_of(target.broker_process)) - cpu_before;
  const auto seconds = std::chrono::duration<double>(clock.monotonic() - begin).count();
  return Report{
      {"seconds", seconds},
      {"records_per_s", static_cast<double>(records) / seconds},
      {"bytes_per_s", static_cast<double>(bytes) / seconds},
      {"broker_cpu_s_per_gb", std::chrono::duration<double>(cpu).count() * 1e9 /
                                  static_cast<double>(std::max<std::uint64_t>(bytes, 1))}};
}

}  // namespace bench
