#include "config/print_config.h"

#include <string>

#include <catch2/catch.hpp>

#include "tests/config/temporary_file.h"

namespace {

using config::LoadedConfig;
using config::Sources;

LoadedConfig load(const Sources& sources) {
  auto loaded = config::load(sources);
  REQUIRE(loaded);
  return std::move(*loaded);
}

LoadedConfig read_back(const LoadedConfig& loaded, config::PrintStyle style) {
  const auto text = config::print_config(loaded, style);
  INFO(text);
  const tests::TemporaryFile file("printed.yaml", text);
  return load({.file = file.path(), .environment = {}, .flags = {}});
}

TEST_CASE("what is printed reads back to the same configuration") {
  const std::vector<std::string> environment{
      "STELE_DATA_DIR=/a \"strange\": #name\\, it is\t",
      "STELE_CLUSTER_ID=null",
      "STELE_LISTENERS=A://[::1]:1,B://:2,C://h.example:3,D://127.0.0.1:0",
      "STELE_ADVERTISED_LISTENERS=A://[fe80::1]:1,B://b.example,C://c.example:9",
      "STELE_SOCKET_SEND_BUFFER_BYTES=64KiB",
      "STELE_LOG_CLEANUP_POLICY=",
      "STELE_LOG_RETENTION_MS=-1",
      "STELE_LOG_ROLL_MS=90m",
      "STELE_LOG_CLEANER_MIN_CLEANABLE_RATIO=1e-5",
      "STELE_COMPRESSION_TYPE=zstd",
  };
  const auto loaded = load({.file = {}, .environment = environment, .flags = {}});
  for (const auto& style : {config::PrintStyle{}, config::PrintStyle{true, false},
                            config::PrintStyle{false, true}, config::PrintStyle{true, true}}) {
    const auto again = read_back(loaded, style);
    CHECK(again.config.data_dir == loaded.config.data_dir);
    CHECK(again.config.cluster_id == loaded.config.cluster_id);
    CHECK(again.config.listeners == loaded.config.listeners);
    CHECK(again.config.topic_defaults == loaded.config.topic_defaults);
    CHECK(again.config.socket_send_buffer_bytes == 65'536);
    CHECK(again.config.topic_keys_given.at("min.cleanable.dirty.ratio") == "1.0E-5");
    CHECK(config::print_config(again, {}) == config::print_config(loaded, {}));
  }
}

TEST_CASE("where each setting comes from stands behind it") {
  const tests::TemporaryFile file("stele.yaml", "topics.defaults:\n  retention.ms: 1h\n");
  const auto text = config::print_config(load({.file = file.path(),
                                               .environment = {"STELE_NODE_ID=7"},
                                               .flags = {{"--listen", "listeners", ":1"}}}),
                                         {.origins = true});
  CHECK_THAT(text, Catch::Contains("\nnode.id: 7  # STELE_NODE_ID\n"));
  CHECK_THAT(text, Catch::Contains("\nlisteners:  # --listen\n  - name: PLAINTEXT\n"
                                   "    bind: \":1\"\n"));
  CHECK_THAT(text, Catch::Contains("\n  retention.ms: 1h  # " + file.path().string() + ":2:3\n"));
  CHECK_THAT(text, Catch::Contains("\n  segment.bytes: 256MiB  # default\n"));
  CHECK_THAT(text, Catch::Contains("\n# cluster.id: has none yet\n"));
}

}  // namespace
