// Prints every message that Stele declares, and every API that it serves, as JSON for schemas.py.

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "broker/handlers/registry.h"
#include "protocol/wire/schema.h"
#include "tests/support/all_messages.h"

namespace {

using tests::MessageType;

std::string_view name_of(MessageType::Kind kind) {
  switch (kind) {
    case MessageType::Kind::request:
      return "request";
    case MessageType::Kind::response:
      return "response";
    case MessageType::Kind::record:
      return "record";
    case MessageType::Kind::data:
      return "data";
  }
  return "";
}

std::string json(protocol::Versions versions) {
  return fmt::format("[{}, {}]", versions.first, versions.last);
}

// Names, types and defaults are our own words: nothing in them needs escaping.
std::string json(const std::vector<protocol::FieldSchema>& fields) {
  std::string out = "[";
  for (const auto& f : fields) {
    out += out.size() > 1 ? ",\n" : "\n";
    out += fmt::format(
        R"({{"name": "{}", "type": "{}", "versions": {}, "nullable": {}, "tag": {}, "default": "{}", )"
        R"("fields": {}}})",
        f.name, f.type, json(f.field.present), json(f.field.nullable), f.field.tag, f.default_value,
        json(f.fields));
  }
  return out + "]";
}

}  // namespace

int main() {
  std::string out = "{\"messages\": [";
  const char* separator = "\n";
  for (const auto& type : tests::all_messages()) {
    out += fmt::format(
        R"({}{{"name": "{}", "kind": "{}", "key": {}, "versions": {}, "flexible_from": {}, )"
        R"("fields": {}}})",
        separator, type.name, name_of(type.kind), type.api.key, json(type.api.valid),
        type.api.flexible_from, json(protocol::schema_of(type.make().ref)));
    separator = ",\n";
  }
  out += "],\n\"served\": [";
  separator = "\n";
  for (const auto& api : broker::all_apis()) {
    out += fmt::format(R"({}{{"name": "{}", "key": {}, "versions": {}}})", separator, api.name,
                       api.spec.key, json(api.served));
    separator = ",\n";
  }
  out += "]}\n";
  std::fputs(out.c_str(), stdout);
  return 0;
}
