#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "broker/app.h"
#include "config/load.h"
#include "config/print_config.h"
#include "tools/stele/commands.h"

namespace tools {
namespace {

/// What was on the command line.
struct ServeOptions {
  std::string file;
  std::vector<config::Flag> flags;
  bool check = false;
  bool print = false;
  bool origins = false;
};

/// A flag that sets one setting. `expected` is what the help calls its value.
void add_setting(CLI::App& command, const std::shared_ptr<ServeOptions>& options,
                 const std::string& flag, const std::string& key, const std::string& help) {
  auto take = [options, flag, key](const std::vector<std::string>& values) {
    for (const auto& value : values) options->flags.push_back({flag, key, value});
    return true;
  };
  command.add_option(flag, std::move(take), help)->expected(1)->take_all();
}

/// "--set log.retention.ms=1d": any setting by its name.
bool take_set(ServeOptions& options, const std::vector<std::string>& values) {
  for (const auto& value : values) {
    const auto equals = value.find('=');
    if (equals == std::string::npos) return false;
    options.flags.push_back(
        {"--set " + value.substr(0, equals), value.substr(0, equals), value.substr(equals + 1)});
  }
  return true;
}

void print_problems(const std::vector<config::Problem>& problems) {
  for (const auto& problem : problems) fmt::print(stderr, "{}: {}\n", problem.where, problem.what);
  fmt::print(stderr,
             "{} problem(s) in the configuration; nothing was started. docs/configuration.md has "
             "every setting\n",
             problems.size());
}

int serve(const ServeOptions& options) {
  config::Sources sources{.environment = config::process_environment(), .flags = options.flags};
  if (!options.file.empty()) sources.file = options.file;
  const auto loaded = config::load(sources);
  if (!loaded) {
    print_problems(loaded.error());
    return kWrongUse;
  }
  if (options.print) {
    fmt::print("{}", config::print_config(*loaded, {.origins = options.origins}));
    return kDone;
  }
  for (const auto& note : loaded->notes) fmt::print(stderr, "note: {}\n", note);
  if (options.check) {
    fmt::print("the configuration is good\n");
    return kDone;
  }
  return broker::run(loaded->config, STELE_VERSION);
}

}  // namespace

void add_serve(CLI::App& app, Command& run) {
  const auto options = std::make_shared<ServeOptions>();
  auto* command = app.add_subcommand("serve", "Run the broker until SIGTERM.");
  command->add_option("--config,-c", options->file,
                      "A YAML file, or Kafka's server.properties (by its ending)");
  add_setting(*command, options, "--data-dir", "data.dir", "Where everything is kept");
  add_setting(*command, options, "--listen", "listeners",
              "HOST:PORT or NAME://HOST:PORT; port 0: the kernel chooses; may be repeated");
  add_setting(*command, options, "--node-id", "node.id", "This broker's number");
  add_setting(*command, options, "--threads", "threads",
              "Event loops; 0: as many as the cores call for");
  add_setting(*command, options, "--log-level", "log.level", "trace, debug, info, warning, error");
  command
      ->add_option(
          "--set",
          [options](const std::vector<std::string>& values) { return take_set(*options, values); },
          "KEY=VALUE: any setting by its name; may be repeated")
      ->expected(1)
      ->take_all();
  command->add_flag("--check-config", options->check, "Say what is wrong, and do not start");
  auto* print = command->add_flag("--print-config", options->print,
                                  "Print every setting as YAML, and do not start");
  command->add_flag("--origin", options->origins, "With --print-config: where each comes from")
      ->needs(print);
  command->footer(
      "Flags stand above STELE_* variables (STELE_NODE_ID), those above the file, that above the\n"
      "defaults. Example:  stele serve --data-dir ./data --listen 127.0.0.1:9092");
  command->callback([&run, options] { run = [options] { return serve(*options); }; });
}

}  // namespace tools
