#pragma once

#include <cstdlib>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <catch2/catch.hpp>

namespace test_support {

/// One line of a story: a verb and what follows it, in order; a word without `=` has no value.
struct Command {
  std::string verb;
  std::vector<std::pair<std::string, std::optional<std::string>>> arguments;
};

inline Command command_of(const std::string& line) {
  Command command;
  std::istringstream words(line);
  words >> command.verb;
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    command.arguments.emplace_back(word.substr(0, equals), std::nullopt);
    if (equals != std::string::npos) command.arguments.back().second = word.substr(equals + 1);
  }
  return command;
}

/// Plays a story: paragraphs of commands, `----`, and what they must print together. After the
/// manner of etcd raft's testdata: it can be read without reading any code.
///
/// With STELE_REWRITE_STORIES in the environment the file is given what was printed; git shows what
/// that changes.
inline void play_story(const std::string& path,
                       const std::function<std::string(const Command&)>& execute) {
  std::ifstream file(path);
  INFO(path);
  REQUIRE(file);
  const bool rewrites = std::getenv("STELE_REWRITE_STORIES") != nullptr;
  std::string written;
  int number = 0;
  for (std::string line; ++number, std::getline(file, line);) {
    written += line + "\n";
    if (line.empty() || line.starts_with('#')) continue;
    const auto where = fmt::format("{}:{}: {}", path, number, line);
    std::string printed = execute(command_of(line));
    while (++number, std::getline(file, line) && line != "----") {
      written += line + "\n";
      printed += execute(command_of(line));
    }
    std::string expected;
    while (++number, std::getline(file, line) && !line.empty()) expected += line + "\n";
    written += "----\n" + printed;
    if (!file.eof()) written += "\n";
    if (rewrites) continue;
    INFO(where);
    CHECK(printed == expected);
  }
  file.close();
  if (rewrites) std::ofstream(path) << written;
}

}  // namespace test_support
