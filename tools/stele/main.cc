#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "tools/stele/commands.h"

/// The one binary: `stele NOUN [VERB]`. Each command declares its options in a file of its own and
/// leaves what it found in `run`.
int main(int argc, char** argv) {
  try {
    CLI::App app("A Kafka-compatible event broker in one binary.", "stele");
    app.require_subcommand(1);
    app.footer("Start a broker:  stele serve --data-dir ./data --listen 127.0.0.1:9092");
    tools::Command run;
    tools::add_serve(app, run);
    tools::add_ping(app, run);
    tools::add_version(app, run);
    CLI11_PARSE(app, argc, argv);
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stele: %s\n", error.what());
    return tools::kFailed;
  }
}
