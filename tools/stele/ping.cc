#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "protocol/messages/api_versions.h"
#include "protocol/messages/metadata.h"
#include "tools/stele/client.h"
#include "tools/stele/commands.h"

namespace tools {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct PingOptions {
  std::string broker = "127.0.0.1:9092";
  std::int64_t time_out_ms = 3000;
  bool ready = false;
};

base::Result<std::string> ping(const PingOptions& options) {
  const auto began = steady_clock::now();
  auto client = TRY(Client::connect(options.broker, milliseconds(options.time_out_ms)));
  const auto versions = TRY(client.call(protocol::ApiVersionsRequest{}, 0));
  if (versions.error_code != protocol::ErrorCode::none)
    return base::fail(base::Fault::io, fmt::format("ApiVersions was answered with {}",
                                                   protocol::name_of(versions.error_code)));
  std::string more;
  if (options.ready) {
    protocol::MetadataRequest no_topics;
    no_topics.topics.emplace();
    const auto metadata = TRY(client.call(std::move(no_topics), 4));
    if (metadata.brokers.empty() || metadata.controller_id < 0)
      return base::fail(base::Fault::io, "the broker has no controller yet");
    more = fmt::format(", cluster {}, node {}", metadata.cluster_id.value_or("without a name"),
                       metadata.controller_id);
  }
  const auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - began);
  return fmt::format("{} answers, {} APIs{}, {:.1f} ms", options.broker, versions.api_keys.size(),
                     more, static_cast<double>(took.count()) / 1000);
}

}  // namespace

void add_ping(CLI::App& app, Command& run) {
  const auto options = std::make_shared<PingOptions>();
  auto* command = app.add_subcommand("ping", "Ask a broker whether it is there.");
  command->add_option("--broker", options->broker, "HOST:PORT")->capture_default_str();
  command->add_flag("--ready", options->ready, "Succeed only if it serves clients");
  command->add_option("--timeout-ms", options->time_out_ms, "How long to wait")
      ->check(CLI::Range(1, 3'600'000))
      ->capture_default_str();
  command->callback([&run, options] {
    run = [options] {
      const auto answer = ping(*options);
      if (!answer) {
        fmt::print(stderr,
                   "stele ping: {}: {}\nIs a broker running there? Start one: stele serve\n",
                   options->broker, answer.error().detail);
        return kFailed;
      }
      fmt::print("{}\n", *answer);
      return kDone;
    };
  });
}

}  // namespace tools
