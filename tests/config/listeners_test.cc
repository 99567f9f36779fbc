#include "config/listeners.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config/load.h"
#include "tests/config/temporary_file.h"

namespace {

using config::ListenerConfig;
using config::ListenerSettings;
using config::Problem;
using config::Setting;

struct Made {
  std::vector<ListenerConfig> listeners;
  std::vector<std::string> problems;
  std::vector<std::string> notes;
};

Made make(const ListenerSettings& settings) {
  Made made;
  std::vector<Problem> problems;
  made.listeners = config::make_listeners(settings, problems, made.notes);
  for (const auto& problem : problems) made.problems.push_back(problem.where + ": " + problem.what);
  return made;
}

Made make(const std::string& listeners, const std::string& advertised = {},
          const std::string& protocols = {}, const std::string& controllers = {}) {
  ListenerSettings settings{.listeners = config::split_listeners({"listeners", listeners, "l"})};
  if (!advertised.empty()) settings.advertised = {"advertised.listeners", advertised, "a"};
  if (!protocols.empty()) settings.protocol_map = {"", protocols, "p"};
  if (!controllers.empty()) settings.controller_names = {"", controllers, "c"};
  return make(settings);
}

using Lines = std::vector<std::string>;

TEST_CASE("an address has a host, a port, and perhaps a name") {
  struct Row {
    std::string text;
    std::string name;
    std::string host;
    int port;
  };
  const auto row = GENERATE(values<Row>({
      {"127.0.0.1:9092", "", "127.0.0.1", 9092},
      {":9092", "", "", 9092},
      {"PLAINTEXT://:0", "PLAINTEXT", "", 0},
      {"EXT_1://broker.example:65535", "EXT_1", "broker.example", 65535},
      {"[::1]:9092", "", "::1", 9092},
      {"A://[fe80::1%eth0]:1", "A", "fe80::1%eth0", 1},
      {"broker.example", "", "broker.example", -1},
      {"[::1]", "", "::1", -1},
  }));
  INFO(row.text);
  const auto listener = config::read_listener(row.text);
  REQUIRE(listener);
  CHECK(listener->name == row.name);
  CHECK(listener->host == row.host);
  CHECK(listener->port.value_or(-1) == (row.port < 0 ? 65535 : row.port));
  CHECK(listener->port.has_value() == (row.port >= 0));
  CHECK(config::print_listener(*listener) == row.text);
}

TEST_CASE("what is no address is refused") {
  for (const auto* text : {"::1:9092", "h:65536", "h:-1", "h:", "h:x", "h:1x", "://h:1",
                           "a b://h:1", "h h:1", "http://h/p:1", "[h:1", "A://B://h:1"}) {
    INFO(text);
    const auto listener = config::read_listener(text);
    REQUIRE_FALSE(listener);
    CHECK_THAT(listener.error().detail, Catch::Contains(text) && Catch::Contains("HOST:PORT"));
  }
}

TEST_CASE("listeners that are not named get names") {
  const auto made = make("h:1, h:2 ,PLAINTEXT_2://h:3,h:4");
  CHECK(made.problems.empty());
  REQUIRE(made.listeners.size() == 4);
  CHECK(made.listeners[0].name == "PLAINTEXT");
  CHECK(made.listeners[1].name == "PLAINTEXT_3");
  CHECK(made.listeners[2].name == "PLAINTEXT_2");
  CHECK(made.listeners[3].name == "PLAINTEXT_4");
}

TEST_CASE("listeners advertise by name") {
  const auto made = make("A://:1,B://:2,C://:3", "B://b.example:20,A://[::1]:10");
  CHECK(made.problems.empty());
  REQUIRE(made.listeners.size() == 3);
  CHECK(made.listeners[0].advertised_host == "::1");
  CHECK(made.listeners[0].advertised_port == 10);
  CHECK(made.listeners[1].advertised_host == "b.example");
  CHECK(made.listeners[1].advertised_port == 20);
  CHECK_FALSE(made.listeners[2].advertised_host);

  CHECK(make(":1", "broker.example").listeners.at(0).advertised_host == "broker.example");
  CHECK_FALSE(make(":1", "broker.example").listeners.at(0).advertised_port);
  CHECK(make("INTERNAL://:1,B://:2", "INTERNLA://h:1,h:3").problems ==
        Lines{"a: 'INTERNLA://h:1' is for the listener INTERNLA, and there is none. Did you mean "
              "'INTERNAL'?",
              "a: 'h:3' does not say which listener it is for; write NAME://HOST:PORT"});
}

TEST_CASE("an address nobody can connect to is not advertised") {
  for (const auto* text : {"A://0.0.0.0:1", "A://[::]:1", "A://:1"}) {
    const auto made = make("A://:1", text);
    REQUIRE(made.problems.size() == 1);
    CHECK_THAT(made.problems[0], Catch::StartsWith("a: '") &&
                                     Catch::Contains("is no address that clients can connect to"));
  }
  CHECK(make("A://:1", "A://h:0").problems == Lines{"a: 'A://h:0' advertises port 0"});
  CHECK(make("A://:1", "A://h:x").problems.size() == 1);
}

TEST_CASE("two listeners with one name or one port are refused") {
  CHECK(make("A://h:1,A://h:2").problems ==
        Lines{"l: There are two listeners named A; the first is at l"});
  CHECK(make("A://h:1,B://h:1").problems == Lines{"l: The listeners A and B both want port 1"});
  CHECK(make("A://127.0.0.1:1,B://:1").problems.size() == 1);
  CHECK(make("A://0.0.0.0:1,B://127.0.0.1:1").problems.size() == 1);
  CHECK(make("A://127.0.0.1:1,B://127.0.0.2:1,C://127.0.0.1:2").problems.empty());
  CHECK(make("A://h:0,B://h:0").problems.empty());
}

TEST_CASE("a listener that asks for encryption or passwords is refused") {
  CHECK(make("SSL://:1").problems ==
        Lines{"l: The listener SSL asks for SSL, which this version does not have; there is "
              "PLAINTEXT only"});
  CHECK(make("EXT://:1", "", "EXT:SASL_SSL,OTHER:SSL").problems.size() == 1);
  CHECK(make("SSL://:1", "", "SSL:PLAINTEXT").problems.empty());
  CHECK(make("EXT://:1", "", "EXT:PLAINTEXT,SSL:SSL").problems.empty());
}

TEST_CASE("listeners of Kafka's controllers are left out") {
  const auto made = make("A://:1,CONTROLLER://:2", "A://h:1,CONTROLLER://h:2", "", "CONTROLLER");
  CHECK(made.problems.empty());
  CHECK(made.listeners.size() == 1);
  CHECK(made.notes.size() == 1);
}

TEST_CASE("a listener's members are read one by one") {
  const ListenerSettings settings{
      .listeners = {
          {.name = {"", "IN", "1"}, .bind = {"", ":1", "2"}, .advertise = {"", "a.example", "3"}},
          {.name = {"", "B", "4"}, .bind = {"", "C://:2", "5"}},
          {.bind = {"", "h", "6"}},
          {.bind = {"", ":3", "7"}, .advertise = {"", "0.0.0.0", "8"}}}};
  const auto made = make(settings);
  REQUIRE(made.problems.size() == 3);
  CHECK(made.problems[0] == "5: The listener is named 'C' here and 'B' there");
  CHECK(made.problems[1] == "6: 'h' has no port; write HOST:PORT, as in 127.0.0.1:9092");
  CHECK_THAT(made.problems[2], Catch::StartsWith("8: '0.0.0.0'"));
  CHECK(made.listeners.at(0) ==
        ListenerConfig{.name = "IN", .host = "", .port = 1, .advertised_host = "a.example"});
}

TEST_CASE("a stronger source's listeners take the place of all of a weaker one's") {
  const tests::TemporaryFile file(
      "server.properties", "listeners=A://:1,B://:2\nadvertised.listeners=A://a:1,B://b:2\n");
  const auto listeners = [&](const std::vector<config::Flag>& flags,
                             const std::vector<std::string>& environment) {
    const auto loaded =
        config::load({.file = file.path(), .environment = environment, .flags = flags});
    REQUIRE(loaded);
    return loaded->config.listeners;
  };
  CHECK(listeners({{"--listen", "listeners", "h:3"}, {"--listen", "listeners", "h:4"}}, {}) ==
        std::vector<ListenerConfig>{{.name = "PLAINTEXT", .host = "h", .port = 3},
                                    {.name = "PLAINTEXT_2", .host = "h", .port = 4}});
  CHECK(listeners({}, {"STELE_ADVERTISED_LISTENERS=B://c:9"}).at(1).advertised_host == "c");

  const tests::TemporaryFile only_advertised("server.properties",
                                             "advertised.listeners=PLAINTEXT://a:1\n");
  const auto loaded = config::load({.file = only_advertised.path(),
                                    .environment = {},
                                    .flags = {{"--listen", "listeners", ":0"}}});
  REQUIRE(loaded);
  CHECK(loaded->config.listeners.at(0).advertised_host == "a");
}

TEST_CASE("a broker without listeners is refused") {
  const auto loaded =
      config::load({.file = {},
                    .environment = {"STELE_LISTENERS=C://:1", "STELE_CONTROLLER_LISTENER_NAMES=C"},
                    .flags = {}});
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error() == std::vector<Problem>{{"STELE_LISTENERS",
                                                "No listener is left: clients could not come in"}});
}

}  // namespace
