#include "broker/handlers/java_host.h"

#include <arpa/inet.h>

#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace broker {
namespace {

/// All eight groups, each without leading zeros.
std::string java_ipv6(const std::string& address) {
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return address;
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    text += fmt::format("{}{:x}", i == 0 ? "" : ":", bytes[i] << 8U | bytes[i + 1]);
  return text;
}

}  // namespace

std::string java_host(std::string_view peer) {
  const auto host = peer.substr(0, peer.rfind(':'));
  if (!host.starts_with('[')) return fmt::format("/{}", host);
  return "/" + java_ipv6(std::string(host.substr(1, host.size() - 2)));
}

}  // namespace broker
