#include "config/properties_file.h"

#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace {

using config::Setting;

std::vector<Setting> settings_in(std::string_view text) {
  const auto layer = config::read_properties("f", text);
  CHECK(layer.problems.empty());
  CHECK(layer.is_kafkas);
  return layer.settings;
}

TEST_CASE("keys and values are divided as Java's Properties divides them") {
  // Each was compared with java.util.Properties.
  CHECK(settings_in("a=1") == std::vector<Setting>{{"a", "1", "f:1:1"}});
  CHECK(settings_in("a = 1 ") == std::vector<Setting>{{"a", "1 ", "f:1:1"}});
  CHECK(settings_in("  a:1\n") == std::vector<Setting>{{"a", "1", "f:1:3"}});
  CHECK(settings_in("a 1") == std::vector<Setting>{{"a", "1", "f:1:1"}});
  CHECK(settings_in("a = = b") == std::vector<Setting>{{"a", "= b", "f:1:1"}});
  CHECK(settings_in("a") == std::vector<Setting>{{"a", "", "f:1:1"}});
  CHECK(settings_in("a=") == std::vector<Setting>{{"a", "", "f:1:1"}});
  CHECK(settings_in("a\\ b\\=c=d") == std::vector<Setting>{{"a b=c", "d", "f:1:1"}});
  CHECK(settings_in("l=A://h:1,B://h:2") ==
        std::vector<Setting>{{"l", "A://h:1,B://h:2", "f:1:1"}});
}

TEST_CASE("comments, empty lines and any line end are passed over") {
  CHECK(settings_in("# c\n\n ! c\r\na=1\r\n\t\nb=2\rc=3") ==
        std::vector<Setting>{{"a", "1", "f:4:1"}, {"b", "2", "f:6:1"}, {"c", "3", "f:6:5"}});
  CHECK(settings_in("").empty());
}

TEST_CASE("a line that ends with a backslash goes on in the next") {
  CHECK(settings_in("a=1,\\\n   2\nb=3") ==
        std::vector<Setting>{{"a", "1,2", "f:1:1"}, {"b", "3", "f:3:1"}});
  CHECK(settings_in("a=1\\\r\n2") == std::vector<Setting>{{"a", "12", "f:1:1"}});
  CHECK(settings_in("a=1\\") == std::vector<Setting>{{"a", "1", "f:1:1"}});
  CHECK(settings_in("a=1\\\n#x\nb=2") ==
        std::vector<Setting>{{"a", "1#x", "f:1:1"}, {"b", "2", "f:3:1"}});
  CHECK(settings_in("a=\\\n\n b=3") ==
        std::vector<Setting>{{"a", "", "f:1:1"}, {"b", "3", "f:3:2"}});
  CHECK(settings_in("a=1\\\\\nb=2") ==
        std::vector<Setting>{{"a", "1\\", "f:1:1"}, {"b", "2", "f:2:1"}});
}

TEST_CASE("escapes become what they stand for") {
  CHECK(settings_in("a=C\\:\\\\x\\ty\\u00e9\\u20ac\\q") ==
        std::vector<Setting>{{"a", "C:\\x\ty\u00e9\u20acq", "f:1:1"}});
}

TEST_CASE("an escape that is none is a problem with its place") {
  const auto layer = config::read_properties("f", "x=1\na=\\u12z4\nb=\\u");
  CHECK(layer.problems == std::vector<config::Problem>{
                              {"f:2:5", "'\\u' is not followed by four hexadecimal digits"},
                              {"f:3:5", "'\\u' is not followed by four hexadecimal digits"}});
}

}  // namespace
