#include <functional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "tools/bench/common/cpu.h"
#include "tools/bench/load/loads.h"
#include "tools/bench/load/machine.h"

namespace {

using bench::Report;

struct Options {
  bench::Target target;
  std::string address;
  std::int64_t warm_up_ms = 300;
  std::int64_t duration_ms = 2000;
  std::size_t prewarm_mib = 0;
  int core = -1;
  bench::ProduceLoad produce;
  bench::LatencyLoad latency;
  bench::ConsumeLoad consume;
  std::vector<std::string> command;
  std::function<base::Result<Report>()> chosen;
};

void add_target(CLI::App& app, Options& options) {
  app.add_option("--broker", options.address, "HOST:PORT")->required();
  app.add_option("--broker-process", options.target.broker_process, "Report its CPU time");
  app.add_option("--topic", options.target.topic, "Created anew");
  app.add_flag("--synced", options.target.synced, "A topic with flush.messages=1; else never");
  app.add_option("--warm-up-ms", options.warm_up_ms, "Not measured");
  app.add_option("--duration-ms", options.duration_ms, "Measured");
  app.add_option("--prewarm-mib", options.prewarm_mib, "Touch so much memory before");
}

void add_produce(CLI::App& app, Options& options) {
  auto& command = *app.add_subcommand("produce", "As many batches as go in");
  add_target(command, options);
  command.add_option("--records", options.produce.shape.records, "In a batch");
  command.add_option("--record-bytes", options.produce.shape.record_bytes, "Of each value");
  command.add_option("--partitions", options.produce.partitions, "");
  command.add_option("--connections", options.produce.connections, "");
  command.add_option("--depth", options.produce.depth, "Requests under way on each connection");
  command.add_option("--bytes-max", options.produce.bytes_max, "Ends the run before its time");
  command.callback([&options] {
    options.chosen = [&options] { return run_produce(options.target, options.produce); };
  });
}

void add_latency(CLI::App& app, Options& options) {
  auto& command = *app.add_subcommand("latency", "From when a record is due to its consumer");
  add_target(command, options);
  command.add_option("--rate", options.latency.records_per_second, "Records a second");
  command.add_option("--record-bytes", options.latency.record_bytes, "Of each value");
  command.callback([&options] {
    options.chosen = [&options] { return run_latency(options.target, options.latency); };
  });
}

void add_consume(CLI::App& app, Options& options) {
  auto& command = *app.add_subcommand("consume", "As much as comes out, of what was just written");
  add_target(command, options);
  command.add_option("--connections", options.consume.connections, "Each with a partition");
  command.add_option("--fetch-bytes", options.consume.fetch_bytes, "Asked for at a time");
  command.add_option("--fill-bytes", options.consume.fill_bytes, "In each partition");
  command.callback([&options] {
    options.chosen = [&options] { return run_consume(options.target, options.consume); };
  });
}

void add_start(CLI::App& app, Options& options) {
  auto& command = *app.add_subcommand("start", "From exec to the first answer");
  command.add_option("command", options.command, "Program and arguments, behind --")->required();
  command.callback(
      [&options] { options.chosen = [&options] { return bench::run_start(options.command); }; });
}

base::Result<Report> run(Options& options) {
  TRY(bench::pin_to_core(options.core));
  if (!options.address.empty())
    options.target.broker = TRY(bench::Address::from_text(options.address));
  options.target.warm_up = std::chrono::milliseconds(options.warm_up_ms);
  options.target.duration = std::chrono::milliseconds(options.duration_ms);
  TRY(bench::prewarm(options.prewarm_mib));
  return options.chosen();
}

/// One line of JSON.
void print(const Report& report) {
  std::string line;
  for (const auto& [name, value] : report)
    line += fmt::format("{}\"{}\": {:.6g}", line.empty() ? "" : ", ", name, value);
  fmt::print("{{{}}}\n", line);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Load for a Kafka broker, from batches built beforehand; checks every answer");
  Options options;
  app.add_option("--core", options.core, "Run on this core");
  app.require_subcommand(1);
  add_produce(app, options);
  add_latency(app, options);
  add_consume(app, options);
  add_start(app, options);
  CLI11_PARSE(app, argc, argv);
  const auto report = run(options);
  if (!report) {
    fmt::print(stderr, "load: {}\n", report.error().detail);
    return 1;
  }
  print(*report);
  return 0;
}
