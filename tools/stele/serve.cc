#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "broker/app.h"
#include "config/broker_config.h"
#include "tools/stele/commands.h"

namespace tools {

void add_serve(CLI::App& app, Command& run) {
  auto* command = app.add_subcommand("serve", "Run the broker until SIGTERM.");
  auto config = std::make_shared<config::BrokerConfig>();
  auto listen = std::make_shared<std::string>("127.0.0.1:9092");
  command->add_option("--data-dir", config->data_dir, "Where everything is kept");
  command->add_option("--listen", *listen, "HOST:PORT; port 0: the kernel chooses");
  command->add_option("--threads", config->threads, "Event loops; 0: as the cores call for");
  command->callback([&run, config, listen] {
    run = [config, listen] {
      const auto colon = listen->rfind(':');
      config->listeners.push_back(
          {.host = listen->substr(0, colon),
           .port = static_cast<std::uint16_t>(std::stoi(listen->substr(colon + 1)))});
      return broker::run(*config, STELE_VERSION);
    };
  });
}

}  // namespace tools
