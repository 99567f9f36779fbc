#include <cstdio>

#include <CLI/CLI.hpp>

#include "tools/stele/commands.h"

namespace tools {

void add_version(CLI::App& app, Command& run) {
  auto* command = app.add_subcommand("version", "Print the version of this program.");
  command->callback([&run] {
    run = [] {
      std::puts("stele " STELE_VERSION);
      return kDone;
    };
  });
}

}  // namespace tools
