#include <cstdio>
#include <exception>
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
  bench::HeartbeatLoad heartbeat;
  std::int64_t heartbeat_interval_ms = 3000;
  bench::RebalanceLoad rebalance;
  bench::CommitLoad commit;
  bench::OffsetsLoad offsets;
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

/// The command stands for this run.
template <class Load>
void runs(CLI::App& command, Options& options,
          base::Result<Report> (*run)(const bench::Target&, const Load&), const Load& load) {
  command.callback([&options, run, &load] {
    options.chosen = [&options, run, &load] { return run(options.target, load); };
  });
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
  runs(command, options, bench::run_produce, options.produce);
}

void add_latency(CLI::App& app, Options& options) {
  auto& command = *app.add_subcommand("latency", "From when a record is due to its consumer");
  add_target(command, options);
  command.add_option("--rate", options.latency.records_per_second, "Records a second");
  command.add_option("--record-bytes", options.latency.record_bytes, "Of each value");
  runs(command, options, bench::run_latency, options.latency);
}

void add_consume(CLI::App& app, Options& options) {
  auto& command = *app.add_subcommand("consume", "As much as comes out, of what was just written");
  add_target(command, options);
  command.add_option("--connections", options.consume.connections, "Each with a partition");
  command.add_option("--fetch-bytes", options.consume.fetch_bytes, "Asked for at a time");
  command.add_option("--fill-bytes", options.consume.fill_bytes, "In each partition");
  runs(command, options, bench::run_consume, options.consume);
}

void add_heartbeat(CLI::App& app, Options& options) {
  auto& command = *app.add_subcommand("heartbeat", "Groups of one member that do nothing else");
  add_target(command, options);
  command.add_option("--groups", options.heartbeat.groups, "");
  command.add_option("--connections", options.heartbeat.connections, "");
  command.add_option("--interval-ms", options.heartbeat_interval_ms, "Of each member");
  runs(command, options, bench::run_heartbeat, options.heartbeat);
}

void add_rebalance(CLI::App& app, Options& options) {
  auto& command = *app.add_subcommand("rebalance", "From the last join to the last share");
  add_target(command, options);
  command.add_option("--members", options.rebalance.members, "");
  command.add_option("--partitions", options.rebalance.partitions, "That they share");
  command.add_option("--rebalances", options.rebalance.rebalances, "");
  runs(command, options, bench::run_rebalance, options.rebalance);
}

void add_commit(CLI::App& app, Options& options) {
  auto& command = *app.add_subcommand("commit", "As many offsets as go in, one at a time");
  add_target(command, options);
  command.add_option("--connections", options.commit.connections, "Each with a group");
  command.add_option("--partitions", options.commit.partitions, "Of __consumer_offsets, used");
  runs(command, options, bench::run_commit, options.commit);
}

void add_offsets(CLI::App& app, Options& options) {
  const auto add = [&](const char* name, const char* what, auto* run) {
    auto& command = *app.add_subcommand(name, what);
    add_target(command, options);
    command.add_option("--groups", options.offsets.groups, "");
    command.add_option("--topics", options.offsets.topics, "");
    command.add_option("--partitions", options.offsets.partitions, "Of each topic");
    command.add_option("--ready-ns", options.offsets.ready_ns, "When the broker was ready");
    runs(command, options, run, options.offsets);
  };
  add("fill-offsets", "Commits of many groups for many partitions", bench::run_fill_offsets);
  add("first-offsets", "From ready to the first offsets after a start", bench::run_first_offsets);
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
  options.heartbeat.interval = std::chrono::milliseconds(options.heartbeat_interval_ms);
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
  try {
    CLI::App app("Load for a Kafka broker, from batches built beforehand; checks every answer");
    Options options;
    app.add_option("--core", options.core, "Run on this core");
    app.require_subcommand(1);
    add_produce(app, options);
    add_latency(app, options);
    add_consume(app, options);
    add_heartbeat(app, options);
    add_rebalance(app, options);
    add_commit(app, options);
    add_offsets(app, options);
    add_start(app, options);
    CLI11_PARSE(app, argc, argv);
    const auto report = run(options);
    if (report) {
      print(*report);
      return 0;
    }
    std::fprintf(stderr, "load: %s\n", report.error().detail.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load: %s\n", error.what());
  }
  return 1;
}
