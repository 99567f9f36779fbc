#pragma once

#include <string>
#include <string_view>

namespace broker {

/// A member's host as Kafka shows and stores it, which is Java's text of an address without a name:
/// "127.0.0.1:51234" is "/127.0.0.1", "[::1]:51234" is "/0:0:0:0:0:0:0:1" (InetAddress.toString).
std::string java_host(std::string_view peer);

}  // namespace broker
