#include "config/yaml_file.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace {

using config::Problem;
using config::Setting;

std::vector<Setting> settings_in(std::string_view text) {
  const auto layer = config::read_yaml("f", text);
  CHECK(layer.problems.empty());
  return layer.settings;
}

std::vector<Problem> problems_in(std::string_view text) {
  return config::read_yaml("f", text).problems;
}

TEST_CASE("nested maps and dotted keys say the same") {
  CHECK(settings_in("node.id: 7") == std::vector<Setting>{{"node.id", "7", "f:1:1"}});
  CHECK(settings_in("node:\n  id: 7") == std::vector<Setting>{{"node.id", "7", "f:2:3"}});
  CHECK(settings_in("topics:\n  defaults:\n    retention.ms: 7d\n    flush: {messages: 1}") ==
        std::vector<Setting>{{"topics.defaults.retention.ms", "7d", "f:3:5"},
                             {"topics.defaults.flush.messages", "1", "f:4:13"}});
}

TEST_CASE("values are text, however YAML would take them") {
  CHECK(settings_in("a: true\nb: 0x10\nc: '1'\nd: \"\"\ne: 1.50") ==
        std::vector<Setting>{{"a", "true", "f:1:1"},
                             {"b", "0x10", "f:2:1"},
                             {"c", "1", "f:3:1"},
                             {"d", "", "f:4:1"},
                             {"e", "1.50", "f:5:1"}});
}

TEST_CASE("a list of plain values is joined with commas") {
  CHECK(settings_in("cleanup.policy: [compact, delete]") ==
        std::vector<Setting>{{"cleanup.policy", "compact,delete", "f:1:1"}});
  CHECK(settings_in("cleanup.policy: []") == std::vector<Setting>{{"cleanup.policy", "", "f:1:1"}});
}

TEST_CASE("a file may say nothing") {
  CHECK(settings_in("").empty());
  CHECK(settings_in("# nothing\n").empty());
}

TEST_CASE("listeners are a list of addresses or objects") {
  const auto layer = config::read_yaml("f",
                                       "listeners:\n"
                                       "  - name: IN\n"
                                       "    bind: 127.0.0.1:9092\n"
                                       "    advertise: a:1\n"
                                       "  - EXT://:9093\n"
                                       "  - {listen: '[::1]:9094'}\n");
  CHECK(layer.problems.empty());
  REQUIRE(layer.listeners.size() == 3);
  CHECK(layer.listeners[0].name == Setting{"listeners", "IN", "f:2:5"});
  CHECK(layer.listeners[0].bind == Setting{"listeners", "127.0.0.1:9092", "f:3:5"});
  CHECK(layer.listeners[0].advertise == Setting{"listeners", "a:1", "f:4:5"});
  CHECK(layer.listeners[1].bind == Setting{"listeners", "EXT://:9093", "f:5:5"});
  CHECK(layer.listeners[1].advertise == Setting{});
  CHECK(layer.listeners[2].bind == Setting{"listeners", "[::1]:9094", "f:6:6"});
}

TEST_CASE("what YAML does not allow is told with its place") {
  CHECK(problems_in("a: 1\nb: [1, 2\n") ==
        std::vector<Problem>{{"f:3:1", "is not YAML: end of sequence flow not found"}});
  CHECK(problems_in("a: b: c\n").size() == 1);
  CHECK(problems_in("\tb: 1\n").size() == 1);
  CHECK(problems_in(std::string(100'000, '[')).size() == 1);
}

TEST_CASE("every form that means nothing is a problem of its own") {
  CHECK(problems_in("- 1") ==
        std::vector<Problem>{{"f:1:1", "is not a map of settings; write lines like 'node.id: 1'"}});
  CHECK(problems_in("a: 1\n---\nb: 2") ==
        std::vector<Problem>{
            {"f", "has several YAML documents (divided by '---'); there can be only one"}});
  CHECK(problems_in("a:\nb: ~\n[x]: 1\nc: [[1]]\nd: 1\nd: 2\nnode: {id: 1}\nnode.id: 2") ==
        std::vector<Problem>{{"f:1:1", "'a' has no value"},
                             {"f:2:1", "'b' has no value"},
                             {"f:3:1", "A key must be plain text"},
                             {"f:4:5", "'c' may have a list of plain values, not this"},
                             {"f:6:1", "'d' is given twice; the first time at f:5:1"},
                             {"f:8:1", "'node.id' is given twice; the first time at f:7:8"}});
  std::string deep = "1";
  for (int i = 0; i < 20; ++i) deep = "{a: " + deep + "}";
  CHECK(problems_in("x: " + deep).at(0).what == "'x.a.a.a.a.a.a.a.a.a.a' is nested too deeply");
}

TEST_CASE("a listener that is none is told") {
  CHECK(problems_in("listeners:\n"
                    "  - [1]\n"
                    "  - name: A\n"
                    "  - bind: :1\n"
                    "    adverise: x\n"
                    "  - bind: [1]\n"
                    "    bind: :2\n"
                    "    listen: :3\n") ==
        std::vector<Problem>{
            {"f:2:5", "a listener is an address, or a map of 'name', 'bind' and 'advertise'"},
            {"f:3:5", "a listener needs 'bind', as in 'bind: 127.0.0.1:9092'"},
            {"f:5:5", "a listener has no 'adverise'. Did you mean 'advertise'?"},
            {"f:6:5", "'bind' of a listener must be plain text"},
            {"f:8:5", "'listen' is given twice; the first time at f:7:5"}});
}

TEST_CASE("aliases cannot make a small file endless") {
  std::string bomb = "a0: &a0 {}\n";
  for (int i = 1; i <= 9; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {";
    for (int j = 0; j < 20; ++j)
      bomb += (j ? ", k" : "k") + std::to_string(j) + ": *a" + std::to_string(i - 1);
    bomb += "}\n";
  }
  CHECK(config::read_yaml("f", bomb).settings.empty());
}

}  // namespace
