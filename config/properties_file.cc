#include "config/properties_file.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace config {
namespace {

constexpr std::string_view kBlanks = " \t\f";

void append_utf8(std::string& text, std::uint32_t code) {
  const auto put = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

/// One pass over the text, character by character: a line that ends with a backslash goes on in the
/// next one, so lines cannot be cut out first.
class Reader {
 public:
  Reader(const std::string& name, std::string_view text) : name_(name), text_(text) {}

  Layer read() {
    while (!at_end()) {
      skip_blanks();
      if (at_end()) break;
      if (peek() == '#' || peek() == '!') {
        skip_line();
      } else if (is_line_end(peek())) {
        next();
      } else {
        read_setting();
      }
    }
    layer_.is_kafkas = true;
    return std::move(layer_);
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return text_[at_]; }
  static bool is_line_end(char c) { return c == '\n' || c == '\r'; }

  char next() {
    const char c = text_[at_++];
    if (c == '\n') {
      ++line_;
      line_start_ = at_;
    }
    return c;
  }

  void skip_blanks() {
    while (!at_end() && kBlanks.find(peek()) != std::string_view::npos) next();
  }
  void skip_line() {
    while (!at_end() && !is_line_end(peek())) next();
  }

  std::string place() const { return fmt::format("{}:{}:{}", name_, line_, at_ - line_start_ + 1); }

  void read_setting() {
    Setting setting{.where = place()};
    // A key ends at the first blank, '=' or ':' that is not escaped.
    while (auto c = read_char(" \t\f=:")) setting.key += *c;
    skip_blanks();
    if (!at_end() && (peek() == '=' || peek() == ':')) {
      next();
      skip_blanks();
    }
    while (auto c = read_char("")) setting.value += *c;
    layer_.settings.push_back(std::move(setting));
  }

  /// The next character of a key or value, unescaped (a \uXXXX may be several bytes, a continued
  /// line none); nothing at its end, which is not taken.
  std::optional<std::string> read_char(std::string_view ends) {
    if (at_end() || is_line_end(peek()) || ends.find(peek()) != std::string_view::npos)
      return std::nullopt;
    const char c = next();
    if (c != '\\') return std::string(1, c);
    if (at_end()) return "";
    if (is_line_end(peek())) {
      if (next() == '\r' && !at_end() && peek() == '\n') next();
      skip_blanks();
      return "";
    }
    switch (const char escaped = next()) {
      case 't':
        return "\t";
      case 'n':
        return "\n";
      case 'r':
        return "\r";
      case 'f':
        return "\f";
      case 'u':
        return read_unicode();
      default:
        return std::string(1, escaped);
    }
  }

  std::string read_unicode() {
    constexpr std::size_t kDigits = 4;
    std::uint32_t code = 0;
    const auto digits = text_.substr(at_, kDigits);
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (error != std::errc{} || stop != digits.data() + kDigits) {
      layer_.problems.push_back({place(), "'\\u' is not followed by four hexadecimal digits"});
      return "";
    }
    at_ += kDigits;
    std::string text;
    append_utf8(text, code);
    return text;
  }

  const std::string& name_;
  const std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t line_start_ = 0;
  Layer layer_;
};

}  // namespace

Layer read_properties(const std::string& name, std::string_view text) {
  return Reader(name, text).read();
}

}  // namespace config
