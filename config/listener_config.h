#pragma once

#include <cstdint>
#include <optional>
#include <string>

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

}  // namespace config
