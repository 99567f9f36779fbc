#pragma once

#include <string>
#include <vector>

namespace config {

/// Something wrong with the configuration: for the operator, in one sentence.
struct Problem {
  std::string where;  // "stele.yaml:3:7", "STELE_NODE_ID", "--threads"
  std::string what;

  bool operator==(const Problem&) const = default;
};

/// One setting as somebody wrote it, not yet looked at.
struct Setting {
  std::string key;    // "node.id"
  std::string value;  // Text, in whatever form it was written.
  std::string where;  // As in Problem.

  bool operator==(const Setting&) const = default;
};

/// One listener as somebody wrote it. A member without `where` was not given.
struct ListenerSetting {
  Setting name;
  Setting bind;
  Setting advertise;
};

/// All that one source says: a file, the environment, or the command line.
struct Layer {
  std::vector<Setting> settings;
  std::vector<ListenerSetting> listeners;  // A YAML file's; others have a setting `listeners`.
  std::vector<Problem> problems;
  /// In Kafka's own format: its settings without a meaning here are passed over with a note, and
  /// the last of several lines for one setting holds.
  bool is_kafkas = false;
};

}  // namespace config
