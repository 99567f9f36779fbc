#pragma once

#include <cstdint>
#include <string>

namespace broker {

/// "process 4711 (java)" for whoever listens on the TCP port, as far as /proc lets us see; empty
/// otherwise. For messages about a port that is in use.
std::string port_owner(std::uint16_t port);

}  // namespace broker
