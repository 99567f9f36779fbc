#include "config/listeners.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "config/nearest.h"

namespace config {
namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> elements;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    auto element = text.substr(0, comma);
    while (element.starts_with(' ')) element.remove_prefix(1);
    while (element.ends_with(' ')) element.remove_suffix(1);
    if (!element.empty()) elements.emplace_back(element);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return elements;
}

bool is_wildcard(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

class Maker {
 public:
  Maker(const ListenerSettings& settings, std::vector<Problem>& problems,
        std::vector<std::string>& notes)
      : settings_(settings), problems_(problems), notes_(notes) {}

  std::vector<ListenerConfig> make() {
    if (settings_.controller_names) {
      for (auto& name : split(settings_.controller_names->value))
        controllers_.insert(std::move(name));
    }
    for (const auto& setting : settings_.listeners) add(setting);
    name_the_nameless();
    check_protocols();
    if (settings_.advertised) advertise_by_name(*settings_.advertised);
    check_each_against_all();
    return std::move(made_);
  }

 private:
  void problem(const std::string& where, std::string what) {
    problems_.push_back({where, std::move(what)});
  }

  void add(const ListenerSetting& setting) {
    const auto bind = read_listener(setting.bind.value);
    if (!bind) return problem(setting.bind.where, bind.error().detail);
    if (!bind->port)
      return problem(setting.bind.where,
                     fmt::format("'{}' has no port; write HOST:PORT, as in 127.0.0.1:9092",
                                 setting.bind.value));
    ListenerConfig listener{.name = setting.name.value.empty() ? bind->name : setting.name.value,
                            .host = bind->host,
                            .port = *bind->port};
    if (!bind->name.empty() && bind->name != listener.name)
      problem(setting.bind.where, fmt::format("The listener is named '{}' here and '{}' there",
                                              bind->name, listener.name));
    if (controllers_.contains(listener.name)) {
      notes_.push_back(fmt::format(
          "{}: the listener {} is for Kafka's controllers and is not opened; there are none here",
          setting.bind.where, listener.name));
      return;
    }
    if (!setting.advertise.where.empty()) advertise(listener, setting.advertise);
    made_.push_back(std::move(listener));
    places_.push_back(setting.bind.where);
  }

  void advertise(ListenerConfig& listener, const Setting& setting) {
    const auto address = read_listener(setting.value);
    if (!address) return problem(setting.where, address.error().detail);
    if (is_wildcard(address->host))
      return problem(
          setting.where,
          fmt::format("'{}' is no address that clients can connect to; advertise the one by which "
                      "they reach this machine, or leave it out: then each client is told the "
                      "address that it reached",
                      setting.value));
    if (address->port && *address->port == 0)
      return problem(setting.where, fmt::format("'{}' advertises port 0", setting.value));
    listener.advertised_host = address->host;
    listener.advertised_port = address->port;
  }

  void name_the_nameless() {
    std::set<std::string> taken;
    for (const auto& listener : made_) taken.insert(listener.name);
    for (auto& listener : made_) {
      if (!listener.name.empty()) continue;
      listener.name = "PLAINTEXT";
      for (int n = 2; taken.contains(listener.name); ++n)
        listener.name = fmt::format("PLAINTEXT_{}", n);
      taken.insert(listener.name);
    }
  }

  /// Kafka: a listener's protocol is what the map says, or else its name.
  void check_protocols() {
    std::map<std::string, std::string> protocols{
        {"SSL", "SSL"}, {"SASL_PLAINTEXT", "SASL_PLAINTEXT"}, {"SASL_SSL", "SASL_SSL"}};
    if (settings_.protocol_map) {
      for (const auto& entry : split(settings_.protocol_map->value)) {
        const auto colon = std::min(entry.find(':'), entry.size());
        protocols[entry.substr(0, colon)] = entry.substr(std::min(colon + 1, entry.size()));
      }
    }
    for (std::size_t i = 0; i < made_.size(); ++i) {
      const auto protocol = protocols.find(made_[i].name);
      if (protocol != protocols.end() && protocol->second != "PLAINTEXT")
        problem(places_[i], fmt::format("The listener {} asks for {}, which this version does not "
                                        "have; there is PLAINTEXT only",
                                        made_[i].name, protocol->second));
    }
  }

  void advertise_by_name(const Setting& list) {
    for (const auto& element : split(list.value)) {
      const auto address = read_listener(element);
      if (!address) {
        problem(list.where, address.error().detail);
        continue;
      }
      if (controllers_.contains(address->name)) continue;
      auto listener = std::ranges::find(made_, address->name, &ListenerConfig::name);
      if (address->name.empty() && made_.size() == 1) listener = made_.begin();
      if (listener == made_.end()) {
        problem(list.where, not_a_listener(element, address->name));
      } else {
        advertise(*listener, {.key = list.key, .value = element, .where = list.where});
      }
    }
  }

  std::string not_a_listener(const std::string& element, const std::string& name) const {
    if (name.empty())
      return fmt::format("'{}' does not say which listener it is for; write NAME://HOST:PORT",
                         element);
    std::vector<std::string> names;
    names.reserve(made_.size());
    for (const auto& listener : made_) names.push_back(listener.name);
    return fmt::format("'{}' is for the listener {}, and there is none{}", element, name,
                       did_you_mean(name, names));
  }

  void check_each_against_all() {
    for (std::size_t i = 0; i < made_.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const auto& a = made_[j];
        const auto& b = made_[i];
        if (a.name == b.name)
          problem(places_[i], fmt::format("There are two listeners named {}; the first is at {}",
                                          a.name, places_[j]));
        const bool same_host = a.host == b.host || is_wildcard(a.host) || is_wildcard(b.host);
        if (same_host && a.port == b.port && a.port != 0)
          problem(places_[i],
                  fmt::format("The listeners {} and {} both want port {}", a.name, b.name, a.port));
      }
    }
  }

  const ListenerSettings& settings_;
  std::vector<Problem>& problems_;
  std::vector<std::string>& notes_;
  std::set<std::string, std::less<>> controllers_;
  std::vector<ListenerConfig> made_;
  std::vector<std::string> places_;  // Of each that was made.
};

}  // namespace

std::vector<ListenerSetting> split_listeners(const Setting& text) {
  std::vector<ListenerSetting> listeners;
  for (auto& element : split(text.value))
    listeners.push_back({.bind = {text.key, std::move(element), text.where}});
  return listeners;
}

std::vector<ListenerConfig> make_listeners(const ListenerSettings& settings,
                                           std::vector<Problem>& problems,
                                           std::vector<std::string>& notes) {
  return Maker(settings, problems, notes).make();
}

}  // namespace config
