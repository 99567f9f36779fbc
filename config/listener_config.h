#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/result.h"

namespace config {

/// Where clients come in, and what they are told to come back to: one object for each listener, so
/// that no lists have to be matched by name.
struct ListenerConfig {
  std::string name = "PLAINTEXT";
  std::string host;        // A numeric address or a name; empty: every IPv4 one.
  std::uint16_t port = 0;  // 0: the kernel chooses.
  std::optional<std::string> advertised_host;    // None: the address that the client reached.
  std::optional<std::uint16_t> advertised_port;  // None: the port that it reached.

  bool operator==(const ListenerConfig&) const = default;
};

/// An address as it is written in Kafka's lists, or without the name.
struct ListenerText {
  std::string name;  // Empty: none was given.
  std::string host;  // Without brackets; empty: none was given.
  std::optional<std::uint16_t> port;
};

/// "127.0.0.1:9092", "[::1]:9092", ":9092", "PLAINTEXT://broker.example:9092", "broker.example".
/// Checks the form only. Errors: `Fault::invalid`, what is wrong and what it should look like.
base::Result<ListenerText> read_listener(std::string_view text);

/// "[::1]:9092"; with a name, "PLAINTEXT://[::1]:9092".
std::string print_listener(const ListenerText& listener);

}  // namespace config
