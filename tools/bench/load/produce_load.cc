#include <vector>

#include <fmt/format.h>

#include "tools/bench/load/admin.h"
#include "tools/bench/load/closed_loop.h"
#include "tools/bench/load/loads.h"

namespace bench {
namespace {

/// What was acknowledged is there, no more and no less.
base::Result<> verify(Admin& admin, const Target& target, const ProduceLoad& load,
                      std::uint64_t requests) {
  base::Offset there = 0;
  for (std::int32_t i = 0; i < load.partitions; ++i)
    there += TRY(admin.high_watermark(target.topic, i));
  const auto acknowledged =
      static_cast<base::Offset>(requests) * static_cast<base::Offset>(load.shape.records);
  if (there == acknowledged) return {};
  return base::fail(
      base::Fault::corruption,
      fmt::format("{} records were acknowledged and {} are there", acknowledged, there));
}

}  // namespace

base::Result<Report> run_produce(const Target& target, const ProduceLoad& load) {
  Admin admin(TRY(Connection::open(target.broker)));
  TRY(admin.create_topic(target.topic, load.partitions, target.synced));
  std::vector<RequestRing> rings;
  for (std::int32_t i = 0; i < load.partitions; ++i)
    rings.push_back(TRY(RequestRing::build(target.topic, i, load.shape, load.depth)));

  const auto request_bytes =
      static_cast<std::uint64_t>(load.shape.records) * load.shape.record_bytes;
  ClosedLoop loop{.target = target,
                  .rings = {},
                  .check = [](base::BytesView frame, std::int32_t id) -> base::Result<> {
                    static_cast<void>(TRY(check_produce_answer(frame, id)));
                    return {};
                  },
                  .requests_max = load.bytes_max / request_bytes};
  for (int i = 0; i < load.connections; ++i)
    loop.rings.push_back(&rings[static_cast<std::size_t>(i % load.partitions)]);
  auto result = TRY(run_closed_loop(loop));
  TRY(verify(admin, target, load, result.requests));

  auto report = result.report();
  const auto records = static_cast<double>(result.requests_measured) * load.shape.records;
  const auto bytes = records * static_cast<double>(load.shape.record_bytes);
  report.emplace_back("records_per_s", records / result.seconds.count());
  report.emplace_back("bytes_per_s", bytes / result.seconds.count());
  report.emplace_back("broker_cpu_s_per_gb", result.cpu.count() * 1e9 / bytes);
  return report;
}

}  // namespace bench
