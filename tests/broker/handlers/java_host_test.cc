#include "broker/handlers/java_host.h"

#include <catch2/catch.hpp>

using broker::java_host;

/// What Java 17 prints for InetAddress.getByName(...) of each.
TEST_CASE("a host is what Java prints of its address", "[handlers]") {
  CHECK(java_host("127.0.0.1:51234") == "/127.0.0.1");
  CHECK(java_host("[::1]:51234") == "/0:0:0:0:0:0:0:1");
  CHECK(java_host("[2001:db8::a0b:0:1]:1") == "/2001:db8:0:0:0:a0b:0:1");
}
