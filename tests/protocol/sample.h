#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/uuid.h"
#include "protocol/wire/field.h"

namespace tests {

/// A message that has a field of every kind, for tests of the visitors. v1 is flexible, v2 knows
/// more.
struct Sample {
  static constexpr protocol::ApiSpec api{.key = 999, .valid = {0, 2}, .flexible_from = 1};

  struct Item {
    std::int8_t id = 0;
    std::string name;
    std::int16_t extra = -1;

    bool operator==(const Item&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      using namespace protocol;
      field(m.id, "id", always());
      field(m.name, "name", always());
      field(m.extra, "extra", since(2).tagged(3), std::int16_t{-1});
    }
  };

  bool flag = false;
  std::int16_t small = 0;
  std::uint16_t port = 0;
  std::int64_t large = -1;
  base::Uuid id;
  std::string text;
  std::optional<std::string> maybe_text;
  base::SharedBytes bytes;
  std::optional<base::SharedBytes> maybe_bytes;
  std::vector<std::int32_t> numbers;
  std::vector<std::string> names;
  std::vector<Item> items;
  std::optional<std::vector<Item>> maybe_items;
  std::optional<Item> maybe_item;
  std::string password;
  std::int32_t level = 7;           // Tag 0.
  std::vector<std::string> labels;  // Tag 1.
  Item best;                        // Tag 2.

  bool operator==(const Sample&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    using namespace protocol;
    field(m.flag, "flag", always());
    field(m.small, "small", always());
    field(m.port, "port", since(2));
    field(m.large, "large", between(0, 1));
    field(m.id, "id", always());
    field(m.text, "text", always());
    field(m.maybe_text, "maybe_text", always().or_null(1));
    field(m.bytes, "bytes", always());
    field(m.maybe_bytes, "maybe_bytes", always().or_null());
    field(m.numbers, "numbers", always());
    field(m.names, "names", always());
    field(m.items, "items", always());
    field(m.maybe_items, "maybe_items", always().or_null());
    field(m.maybe_item, "maybe_item", always().or_null());
    field(m.password, "password", always().secret());
    field(m.level, "level", since(1).tagged(0), std::int32_t{7});
    field(m.labels, "labels", since(1).tagged(1), std::vector<std::string>{});
    field(m.best, "best", since(2).tagged(2), Item{});
  }
};

}  // namespace tests
