#include "config/print_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "config/broker_keys.h"
#include "config/known_names.h"
#include "config/topic_config.h"
#include "config/units.h"

namespace config {
namespace {

constexpr std::size_t kCommentWidth = 100;

/// Text as a YAML value: plain where no reader could take it for something else, else in quotes.
std::string scalar(std::string_view text) {
  const auto is_plain_char = [](char c) {
    return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') ||
           std::string_view("._-/,").find(c) != std::string_view::npos;
  };
  constexpr std::array<std::string_view, 3> kNulls{"null", "Null", "NULL"};
  const bool starts_plainly =
      !text.empty() && std::string_view("-,").find(text[0]) == std::string_view::npos;
  const bool is_number = text.size() > 1 && text[0] == '-' &&
                         text.substr(1).find_first_not_of("0123456789") == std::string_view::npos;
  if (is_number || (starts_plainly && std::ranges::all_of(text, is_plain_char) &&
                    std::ranges::find(kNulls, text) == kNulls.end()))
    return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < ' ') {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

/// "7d" for "604800000", where the name says that it counts milliseconds.
std::string humane(std::string_view name, const std::string& value) {
  const auto unit = unit_of(name);
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (unit == Unit::none || error != std::errc{} || stop != value.data() + value.size())
    return value;
  return to_humane(unit, number);
}

class Printer {
 public:
  Printer(const LoadedConfig& loaded, PrintStyle style) : loaded_(loaded), style_(style) {}

  std::string print() {
    for (const auto& key : broker_keys()) {
      put_documentation("", key.documentation);
      if (key.name == "listeners") {
        put_listeners();
      } else if (const auto value = broker_value(loaded_.config, key)) {
        put("", key.name, scalar(humane(key.name, *value)), std::string(key.name));
      } else {
        text_ += fmt::format("# {}: has none yet\n", key.name);
      }
    }
    if (style_.documentation) text_ += "\n# What holds for topics that say nothing themselves.\n";
    text_ += "topics.defaults:\n";
    for (const auto& key : topic_keys()) {
      if (key.broker_name.empty() || key.shown_when_set_only) continue;
      const auto given = loaded_.config.topic_keys_given.find(key.name);
      const auto value = given != loaded_.config.topic_keys_given.end()
                             ? given->second
                             : topic_value(loaded_.config.topic_defaults, key.name);
      put_documentation("  ", key.documentation);
      put("  ", key.name, scalar(humane(key.name, value)), topic_default_name(key));
    }
    return std::move(text_);
  }

 private:
  void put(std::string_view indent, std::string_view key, std::string_view value,
           const std::string& setting) {
    text_ += fmt::format("{}{}: {}{}\n", indent, key, value, origin(setting));
  }

  std::string origin(const std::string& setting) const {
    if (!style_.origins) return "";
    const auto found = loaded_.origins.find(setting);
    return fmt::format("  # {}", found == loaded_.origins.end() ? "default" : found->second);
  }

  void put_documentation(std::string_view indent, std::string_view documentation) {
    if (!style_.documentation) return;
    text_ += '\n';
    while (!documentation.empty()) {
      const auto room = kCommentWidth - indent.size() - 2;
      auto length = documentation.size();
      if (length > room) length = documentation.rfind(' ', room);
      text_ += fmt::format("{}# {}\n", indent, documentation.substr(0, length));
      documentation.remove_prefix(std::min(length + 1, documentation.size()));
    }
  }

  void put_listeners() {
    text_ += fmt::format("listeners:{}\n", origin("listeners"));
    for (const auto& listener : loaded_.config.listeners) {
      text_ += fmt::format("  - name: {}\n", scalar(listener.name));
      text_ += fmt::format("    bind: {}\n",
                           address(print_listener({"", listener.host, listener.port})));
      if (listener.advertised_host)
        text_ += fmt::format(
            "    advertise: {}\n",
            address(print_listener({"", *listener.advertised_host, listener.advertised_port})));
    }
  }

  /// The only text with colons in it: plain unless it begins like something else.
  static std::string address(const std::string& text) {
    const bool plain = !text.starts_with('[') && !text.starts_with(':');
    return plain ? text : fmt::format("\"{}\"", text);
  }

  const LoadedConfig& loaded_;
  const PrintStyle style_;
  std::string text_;
};

}  // namespace

std::string print_config(const LoadedConfig& loaded, PrintStyle style) {
  return Printer(loaded, style).print();
}

}  // namespace config
