#include "protocol/wire/printer.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace protocol {
namespace {

constexpr std::size_t kTextShown = 128;
constexpr std::size_t kBytesShown = 8;
constexpr std::string_view kCut = "...";

class Printer final : public FieldVisitor {
 public:
  Printer(ApiVersion version, std::size_t length_max)
      : version_(version), room_(std::max(length_max, kCut.size()) - kCut.size()) {}

  void structure(StructRef s) override {
    put("{");
    first_ = true;
    s.fields(*this);
    first_ = false;
    put("}");
  }

  std::string line() && { return std::move(line_); }

 private:
  bool enter(const char* name, const Field& field, bool) override {
    if (full_ || !field.present.contains(version_)) return false;
    if (!first_) put(", ");
    first_ = false;
    put(name);
    put("=");
    if (field.is_secret) put("<secret>");
    return !field.is_secret;
  }
  void leave(const Field&) override {}

  void put(std::string_view text) {
    if (full_) return;
    full_ = text.size() > room_ - line_.size();
    line_ += text.substr(0, room_ - line_.size());
    if (full_) line_ += kCut;
  }

  void put_number(auto value) { put(fmt::format("{}", value)); }

  void put_text(std::string_view text) {
    std::string shown = "\"";
    for (const char c : text.substr(0, kTextShown)) {
      const bool is_plain = ' ' <= c && c <= '~' && c != '"' && c != '\\';
      if (is_plain)
        shown += c;
      else
        fmt::format_to(std::back_inserter(shown), "\\x{:02x}", static_cast<unsigned char>(c));
    }
    if (text.size() > kTextShown) shown += kCut;
    shown += '"';
    put(shown);
  }

  void put_bytes(base::BytesView bytes) {
    auto shown = fmt::format("<{} bytes", bytes.size());
    if (!bytes.empty()) shown += ' ';
    for (const auto byte : bytes.first(std::min(bytes.size(), kBytesShown)))
      fmt::format_to(std::back_inserter(shown), "{:02x}", std::to_integer<unsigned>(byte));
    if (bytes.size() > kBytesShown) shown += kCut;
    shown += '>';
    put(shown);
  }

  void number(bool& v) override { put_number(v); }
  void number(std::int8_t& v) override { put_number(int{v}); }
  void number(std::int16_t& v) override { put_number(v); }
  void number(std::uint16_t& v) override { put_number(v); }
  void number(std::int32_t& v) override { put_number(v); }
  void number(std::uint32_t& v) override { put_number(v); }
  void number(std::int64_t& v) override { put_number(v); }
  void number(double& v) override { put_number(v); }
  void number(Uuid& v) override { put(v.to_text()); }

  void text_or_bytes(std::string& v) override { put_text(v); }
  void text_or_bytes(std::optional<std::string>& v) override {
    if (v)
      put_text(*v);
    else
      put("null");
  }
  void text_or_bytes(base::SharedBytes& v) override { put_bytes(v.view); }
  void text_or_bytes(std::optional<base::SharedBytes>& v) override {
    if (v)
      put_bytes(v->view);
    else
      put("null");
  }

  bool structure_or_null(bool present) override {
    if (!present) put("null");
    return present;
  }

  bool list(bool is_null, ListRef items) override {
    if (is_null) {
      put("null");
      return true;
    }
    put("[");
    for (std::size_t i = 0; i < items.size() && !full_; ++i) {
      if (i > 0) put(", ");
      items.item(i, *this);
    }
    put("]");
    return false;
  }

  ApiVersion version_;
  std::size_t room_;  // For everything but the mark that something was cut.
  std::string line_;
  bool full_ = false;
  bool first_ = true;  // The next field is the first of its structure.
};

}  // namespace

std::string print(StructRef message, ApiVersion version, std::size_t length_max) {
  Printer printer(version, length_max);
  printer.structure(message);
  return std::move(printer).line();
}

}  // namespace protocol
