#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "protocol/wire/schema.h"
#include "tests/protocol/sample.h"

using protocol::FieldSchema;

TEST_CASE("a schema lists all fields of all versions as declared", "[protocol]") {
  tests::Sample m;
  const auto schema = protocol::schema_of(protocol::StructRef(m));
  std::string names;
  for (const auto& field : schema) names += field.name + ":" + field.type + " ";
  CHECK(names ==
        "flag:bool small:int16 port:uint16 large:int64 id:uuid text:string maybe_text:string "
        "bytes:bytes maybe_bytes:bytes numbers:[]int32 names:[]string items:[]struct "
        "maybe_items:[]struct maybe_item:struct password:string level:int32 labels:[]string "
        "best:struct ");
  const auto named = [&](const std::string& name) -> const FieldSchema& {
    return *std::ranges::find(schema, name, &FieldSchema::name);
  };
  CHECK(named("large").default_value == "-1");
  CHECK(named("large").field.present.first == 0);
  CHECK(named("large").field.present.last == 1);
  CHECK(named("maybe_text").default_value == "null");
  CHECK(named("maybe_text").can_be_null);
  CHECK(named("maybe_text").field.nullable.first == 1);
  CHECK_FALSE(named("text").can_be_null);
  CHECK(named("text").default_value.empty());
  CHECK(named("maybe_bytes").can_be_null);
  CHECK(named("maybe_items").can_be_null);
  CHECK(named("maybe_items").default_value == "null");
  CHECK(named("maybe_item").default_value == "null");
  CHECK_FALSE(named("items").can_be_null);
  CHECK(named("numbers").default_value.empty());
  CHECK(named("level").field.tag == 0);
  CHECK(named("level").is_unset);
  CHECK(named("level").default_value == "7");
  CHECK(named("password").field.is_secret);
  for (const auto* const name : {"items", "maybe_items", "maybe_item", "best"}) {
    const auto& fields = named(name).fields;
    REQUIRE(fields.size() == 3);
    CHECK(fields[1].name == "name");
    CHECK(fields[2].default_value == "-1");
    CHECK(fields[2].field.tag == 3);
    CHECK(fields[2].is_unset);
  }
}

TEST_CASE("a tagged field whose new value is not its unset value shows", "[protocol]") {
  tests::Sample m;
  m.level = 8;
  const auto schema = protocol::schema_of(protocol::StructRef(m));
  CHECK_FALSE(std::ranges::find(schema, "level", &FieldSchema::name)->is_unset);
}
