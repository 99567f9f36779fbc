#pragma once

#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/broker_config.h"
#include "config/setting.h"

namespace config {

/// A setting given on the command line.
struct Flag {
  std::string name;   // As it was written: "--data-dir".
  std::string key;    // The setting's name: "data.dir".
  std::string value;  // The same key again: for `listeners` one more, else the last one holds.
};

/// Where settings come from. What is further down stands above what is further up.
struct Sources {
  /// `.yaml`, `.yml`, or `.properties`: Kafka's own format.
  std::optional<std::filesystem::path> file;
  std::vector<std::string>
      environment;  // "NAME=value"; what does not begin with STELE_ is nothing.
  std::vector<Flag> flags;
};

struct LoadedConfig {
  BrokerConfig config;
  /// What an operator should know and nobody has to mend; each a sentence.
  std::vector<std::string> notes;
  /// Where each setting that is not the default comes from: "stele.yaml:3:1", "STELE_NODE_ID",
  /// "--threads". Topic defaults are under "topics.defaults.<key>".
  std::map<std::string, std::string, std::less<>> origins;
};

/// Reads, lays over each other, and checks everything: either all of it is right, or every problem
/// is told, in the order of the sources. Does not throw. Thread: any, but it reads a file.
std::expected<LoadedConfig, std::vector<Problem>> load(const Sources& sources);

/// This process's environment, for Sources. Start-up only.
std::vector<std::string> process_environment();

}  // namespace config
