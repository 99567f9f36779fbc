// Documents and samples that have to say what the tables of settings say. To write them anew from
// the tables: UPDATE_DOCUMENTS=1 build/dev/tests/config_tests

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "config/broker_keys.h"
#include "config/known_names.h"
#include "config/load.h"
#include "config/print_config.h"
#include "config/topic_config.h"
#include "config/units.h"

namespace {

std::string read(const std::string& path) {
  std::ifstream file(path);
  INFO(path);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The part of a file between two lines must be `expected`.
void check_part(const std::string& path, const std::string& begin, const std::string& end,
                const std::string& expected) {
  auto text = read(path);
  const auto from = text.find(begin);
  REQUIRE(from != std::string::npos);
  const auto first = from + begin.size();
  const auto last = end.empty() ? text.size() : text.find(end, first);
  REQUIRE(last != std::string::npos);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): tests have one thread.
  if (std::getenv("UPDATE_DOCUMENTS") != nullptr) {
    std::ofstream(path) << text.replace(first, last - first, expected);
    return;
  }
  CHECK(text.substr(first, last - first) == expected);
}

config::LoadedConfig load(const config::Sources& sources) {
  auto loaded = config::load(sources);
  if (!loaded) {
    for (const auto& problem : loaded.error()) UNSCOPED_INFO(problem.where << ": " << problem.what);
  }
  REQUIRE(loaded);
  return std::move(*loaded);
}

std::string row(std::string_view name, const std::string& value, std::string_view unit_name,
                std::string_view documentation, std::string_view also) {
  std::string shown = value;
  if (const auto unit = config::unit_of(unit_name);
      unit != config::Unit::none && !value.empty() && value != "9223372036854775807")
    shown = config::to_humane(unit, std::stoll(value));
  const auto quoted = [](std::string_view text) {
    return text.empty() ? std::string() : fmt::format("`{}`", text);
  };
  return fmt::format("| {} | {} | {} | {} |\n", quoted(name), quoted(shown), documentation,
                     quoted(also));
}

TEST_CASE("full.yaml has every setting with its default and what it is for") {
  const auto defaults = load({});
  check_part("config/full.yaml", "# ---\n", "",
             config::print_config(defaults, {.origins = false, .documentation = true}));
  const auto loaded = load({.file = "config/full.yaml", .environment = {}, .flags = {}});
  CHECK(config::print_config(loaded, {}) == config::print_config(defaults, {}));
  CHECK(loaded.config.topic_defaults == config::LogConfig{});
}

TEST_CASE("the small sample is a good configuration") {
  const auto loaded = load({.file = "config/stele.yaml", .environment = {}, .flags = {}});
  CHECK(loaded.config.data_dir == "/var/lib/stele");
  CHECK(loaded.notes.empty());
}

TEST_CASE("docs/configuration.md has every setting of the broker") {
  std::string table =
      "\n| setting | default | what it is for | Kafka's name |\n|---|---|---|---|\n";
  for (const auto& key : config::broker_keys()) {
    const auto value = key.name == "listeners" ? "PLAINTEXT://127.0.0.1:9092"
                                               : config::broker_value({}, key).value_or("");
    table += row(key.name, value, key.name, key.documentation, key.kafka_name);
  }
  check_part("docs/configuration.md", "<!-- broker settings: made from config/broker_keys.cc -->\n",
             "<!-- end -->", table + "\n");
}

TEST_CASE("docs/configuration.md has every setting of topics") {
  std::string table =
      "\n| setting | default | what it is for | in Kafka's broker configuration |\n"
      "|---|---|---|---|\n";
  for (const auto& key : config::topic_keys())
    table +=
        row(key.name, key.name == "internal.segment.bytes" ? "" : config::topic_value({}, key.name),
            key.name, key.documentation, key.broker_name);
  check_part("docs/configuration.md", "<!-- topic settings: made from config/topic_config.cc -->\n",
             "<!-- end -->", table + "\n");
}

}  // namespace
