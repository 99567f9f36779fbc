#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <string>

#include "broker/handlers/registry.h"
#include "tests/support/all_messages.h"

TEST_CASE("what is served is declared, for the request and its answer alike", "[handlers]") {
  for (const auto& api : broker::all_apis()) {
    INFO(api.name);
    CHECK(api.spec.valid.first <= api.served.first);
    CHECK(api.served.first <= api.served.last);
    CHECK(api.served.last <= api.spec.valid.last);
    for (const auto* const kind : {"Request", "Response"}) {
      const auto& message = tests::message_named(std::string(api.name) + kind);
      CHECK(message.api.key == api.spec.key);
      CHECK(message.api.valid.first == api.spec.valid.first);
      CHECK(message.api.valid.last == api.spec.valid.last);
      CHECK(message.api.flexible_from == api.spec.flexible_from);
    }
  }
}

TEST_CASE("what is advertised is served, but for the oldest Produce", "[handlers]") {
  for (const auto& api : broker::all_apis()) {
    INFO(api.name);
    CHECK(api.advertised.last == api.served.last);
    CHECK(api.advertised.first == (api.name == "Produce" ? 0 : api.served.first));
  }
}

TEST_CASE("every API is found by its key and no other is", "[handlers]") {
  std::size_t found = 0;
  for (int key = std::numeric_limits<std::int16_t>::min();
       key <= std::numeric_limits<std::int16_t>::max(); ++key) {
    const auto* const api = broker::find_api(static_cast<std::int16_t>(key));
    if (api == nullptr) continue;
    CHECK(api->spec.key == key);
    ++found;
  }
  CHECK(found == broker::all_apis().size());
}
