#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "tools/bench/common/cpu.h"
#include "tools/bench/ideal/ideal_broker.h"

namespace {

struct Options {
  std::filesystem::path data_dir;
  std::uint16_t port = 0;
  std::uint64_t segment_bytes = std::uint64_t{256} << 20;
  int core = -1;
};

base::Result<> serve(const Options& options) {
  TRY(bench::pin_to_core(options.core));
  std::filesystem::create_directories(options.data_dir);
  bench::Topics topics(options.data_dir, options.segment_bytes);
  bench::Syncer syncer;
  bench::IdealBroker broker(topics, syncer);
  const auto port = TRY(broker.listen(options.port));
  fmt::print("ideal ready on 127.0.0.1:{}\n", port);
  std::fflush(stdout);
  return broker.run();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App app("The least a broker can be on this machine, to compare Stele with");
    Options options;
    app.add_option("--data-dir", options.data_dir, "Where segments go; made if missing")
        ->required();
    app.add_option("--port", options.port, "0: the kernel's choice");
    app.add_option("--segment-bytes", options.segment_bytes, "Size of a segment");
    app.add_option("--core", options.core, "Run on this core");
    CLI11_PARSE(app, argc, argv);
    const auto served = serve(options);
    if (served) return 0;
    std::fprintf(stderr, "ideal: %s\n", served.error().detail.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ideal: %s\n", error.what());
  }
  return 1;
}
