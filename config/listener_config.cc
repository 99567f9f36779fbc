#include "config/listener_config.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace config {
namespace {

std::unexpected<base::Error> refuse(std::string_view text, std::string_view why) {
  return base::fail(base::Fault::invalid, fmt::format("'{}' {}; write HOST:PORT, as in "
                                                      "127.0.0.1:9092, [::1]:9092 or :9092",
                                                      text, why));
}

/// What could stand in a listener's name: Kafka's are of [a-zA-Z0-9_-] (and '.').
bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

}  // namespace

base::Result<ListenerText> read_listener(std::string_view text) {
  ListenerText listener;
  auto rest = text;
  if (const auto scheme = rest.find("://"); scheme != std::string_view::npos) {
    listener.name = rest.substr(0, scheme);
    rest.remove_prefix(scheme + 3);
    if (!is_name(listener.name)) return refuse(text, "does not begin with a listener's name");
  }
  // The colon that parts host and port is the last one, unless that is inside an IPv6 address.
  auto colon = rest.rfind(':');
  if (rest.ends_with(']')) colon = std::string_view::npos;
  auto host = rest.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refuse(text, "has an IPv6 address without brackets");
  }
  if (host.find_first_of(" \t/[]") != std::string_view::npos)
    return refuse(text, "has a host that is none");
  listener.host = host;
  if (colon == std::string_view::npos) return listener;
  const auto port = rest.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || stop != port.data() + port.size())
    return refuse(text, "has a port that is not a number from 0 to 65535");
  listener.port = number;
  return listener;
}

std::string print_listener(const ListenerText& listener) {
  const bool brackets = listener.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}{}{}{}", listener.name, listener.name.empty() ? "" : "://",
                     brackets ? "[" : "", listener.host, brackets ? "]" : "",
                     listener.port ? fmt::format(":{}", *listener.port) : "");
}

}  // namespace config
