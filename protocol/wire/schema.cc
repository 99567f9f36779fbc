#include "protocol/wire/schema.h"

#include <utility>

#include <fmt/format.h>

namespace protocol {
namespace {

class SchemaDumper final : public FieldVisitor {
 public:
  void structure(StructRef s) override {
    if (!fields_.empty()) current().type += "struct";
    fields_.emplace_back();
    s.fields(*this);
    auto fields = std::move(fields_.back());
    fields_.pop_back();
    if (fields_.empty())
      result_ = std::move(fields);
    else
      current().fields = std::move(fields);
  }

  std::vector<FieldSchema> result() && { return std::move(result_); }

 private:
  bool enter(const char* name, const Field& field, bool unset) override {
    fields_.back().push_back({.name = name, .field = field, .is_unset = unset});
    return true;
  }
  void leave(const Field&) override {}

  FieldSchema& current() { return fields_.back().back(); }

  void plain(const char* type, std::string value) {
    auto& field = current();
    // The item of a list is a stand-in: its value is nobody's default.
    if (field.type.empty()) field.default_value = std::move(value);
    field.type += type;
  }

  void number(bool& v) override { plain("bool", fmt::format("{}", v)); }
  void number(std::int8_t& v) override { plain("int8", fmt::format("{}", int{v})); }
  void number(std::int16_t& v) override { plain("int16", fmt::format("{}", v)); }
  void number(std::uint16_t& v) override { plain("uint16", fmt::format("{}", v)); }
  void number(std::int32_t& v) override { plain("int32", fmt::format("{}", v)); }
  void number(std::uint32_t& v) override { plain("uint32", fmt::format("{}", v)); }
  void number(std::int64_t& v) override { plain("int64", fmt::format("{}", v)); }
  void number(double& v) override { plain("float64", fmt::format("{}", v)); }
  void number(Uuid& v) override { plain("uuid", v.to_text()); }

  void text_or_bytes(std::string& v) override { plain("string", v); }
  void text_or_bytes(std::optional<std::string>& v) override {
    current().can_be_null = true;
    plain("string", v.value_or("null"));
  }
  void text_or_bytes(base::SharedBytes&) override { plain("bytes", ""); }
  void text_or_bytes(std::optional<base::SharedBytes>& v) override {
    current().can_be_null = true;
    plain("bytes", v ? "" : "null");
  }

  bool structure_or_null(bool present) override {
    current().can_be_null = true;
    if (!present) current().default_value = "null";
    return true;  // It shows its fields all the same.
  }

  bool list(bool is_null, ListRef items) override {
    auto& field = current();
    field.type += "[]";
    field.can_be_null = items.can_be_null();
    if (is_null) field.default_value = "null";
    items.resize(1);
    items.item(0, *this);
    return is_null;
  }

  std::vector<std::vector<FieldSchema>> fields_;  // Of the structures that are open.
  std::vector<FieldSchema> result_;
};

}  // namespace

std::vector<FieldSchema> schema_of(StructRef message) {
  SchemaDumper dumper;
  dumper.structure(message);
  return std::move(dumper).result();
}

}  // namespace protocol
