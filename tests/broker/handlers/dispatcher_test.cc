#include "broker/handlers/dispatcher.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "broker/handlers/registry.h"
#include "protocol/messages/api_versions.h"
#include "protocol/messages/metadata.h"
#include "tests/support/broker_bench.h"

using broker::Answer;
using protocol::ApiVersionsRequest;
using protocol::ErrorCode;
using protocol::MetadataRequest;
using test::SimFileSystem;
using test_support::BrokerBench;

namespace {

ApiVersionsRequest api_versions() {
  ApiVersionsRequest request;
  request.client_software_name = "test-client";
  request.client_software_version = "1.0";
  return request;
}

/// A header and nothing behind it.
std::vector<std::byte> header_of(std::int16_t key, std::int16_t version) {
  std::vector<std::byte> bytes(10);
  base::store_big_endian(bytes.data(), key);
  base::store_big_endian(bytes.data() + 2, version);
  base::store_big_endian(bytes.data() + 4, std::int32_t{4711});
  base::store_big_endian(bytes.data() + 8, std::int16_t{-1});  // No client id.
  return bytes;
}

/// Why the connection is closed; empty if it is not.
std::string closed_because(BrokerBench& bench, std::vector<std::byte> frame) {
  const auto answer = bench.result_of(bench.begin(std::move(frame)));
  REQUIRE(answer);
  return answer->kind == Answer::Kind::close ? answer->why : "";
}

}  // namespace

TEST_CASE("ApiVersions lists every API in every version of its own", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  for (protocol::ApiVersion version = 0; version <= 4; ++version) {
    CAPTURE(version);
    const auto response = bench.ask(api_versions(), version);
    CHECK(response.error_code == ErrorCode::none);
    REQUIRE(response.api_keys.size() == broker::all_apis().size());
    for (std::size_t i = 0; i < response.api_keys.size(); ++i) {
      const auto& api = broker::all_apis()[i];
      CHECK(response.api_keys[i].api_key == api.spec.key);
      CHECK(response.api_keys[i].min_version == api.advertised.first);
      CHECK(response.api_keys[i].max_version == api.advertised.last);
    }
    CHECK(response.finalized_features.empty());  // No transaction.version, no group.version.
  }
}

TEST_CASE("what is advertised is served, except the old versions of Produce", "[handlers]") {
  for (const auto& api : broker::all_apis()) {
    CAPTURE(api.name);
    CHECK(api.advertised.last == api.served.last);
    CHECK(api.served.last <= api.spec.valid.last);
    CHECK(api.served.first >= api.spec.valid.first);
    if (api.spec.key == 0) {
      CHECK(api.advertised.first == 0);
      CHECK(api.served.first == 3);
    } else {
      CHECK(api.advertised.first == api.served.first);
    }
  }
}

TEST_CASE("an unknown version of ApiVersions is answered in the oldest form", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  for (const std::int16_t version : {std::int16_t{5}, std::int16_t{99}, std::int16_t{-1}}) {
    CAPTURE(version);
    // Whatever body and header such a version may have.
    auto frame = header_of(18, version);
    frame.insert(frame.end(), 7, std::byte{0xff});
    const auto answer = bench.result_of(bench.begin(frame));
    REQUIRE(answer);
    const auto response = bench.decoded<ApiVersionsRequest>(*answer, 0);
    CHECK(response.error_code == ErrorCode::unsupported_version);
    REQUIRE(response.api_keys.size() == 1);
    CHECK(response.api_keys[0].api_key == 18);
    CHECK(response.api_keys[0].min_version == 0);
    CHECK(response.api_keys[0].max_version == 4);
  }
}

TEST_CASE("a client must have a decent name since ApiVersions v3", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  const auto error_of = [&](const std::string& name, const std::string& software_version,
                            protocol::ApiVersion version = 3) {
    ApiVersionsRequest request;
    request.client_software_name = name;
    request.client_software_version = software_version;
    const auto response = bench.ask(request, version);
    CHECK(response.api_keys.empty() == (response.error_code != ErrorCode::none));
    return response.error_code;
  };
  CHECK(error_of("librdkafka", "2.11.0-RC1") == ErrorCode::none);
  CHECK(error_of("a", "1") == ErrorCode::none);
  CHECK(error_of("", "1") == ErrorCode::invalid_request);
  CHECK(error_of("a", "") == ErrorCode::invalid_request);
  CHECK(error_of("-a", "1") == ErrorCode::invalid_request);
  CHECK(error_of("a.", "1") == ErrorCode::invalid_request);
  CHECK(error_of("a b", "1") == ErrorCode::invalid_request);
  CHECK(error_of("a", "v 1") == ErrorCode::invalid_request);
  CHECK(error_of("", "", 2) == ErrorCode::none);  // Does not say.
}

TEST_CASE("what cannot be read or is not served closes the connection", "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  CHECK_FALSE(closed_because(bench, {}).empty());
  CHECK_FALSE(closed_because(bench, std::vector<std::byte>(7)).empty());
  CHECK(closed_because(bench, header_of(999, 0)) == "API key 999 is not served");
  CHECK(closed_because(bench, header_of(-1, 0)) == "API key -1 is not served");
  CHECK_FALSE(closed_because(bench, header_of(11, 0)).empty());  // JoinGroup: not yet.
  CHECK(closed_because(bench, header_of(3, 14)).find("Metadata version 14") == 0);
  CHECK(closed_because(bench, header_of(3, -1)).find("Metadata version -1") == 0);
  for (const std::int16_t version : {0, 1, 2})
    CHECK(closed_because(bench, header_of(0, version)).find("Produce version") == 0);
  CHECK(closed_because(bench, header_of(3, 0)).find("a malformed request") == 0);
  // A client id that is longer than the frame.
  auto frame = header_of(3, 0);
  base::store_big_endian(frame.data() + 8, std::int16_t{100});
  CHECK_FALSE(closed_because(bench, frame).empty());
}

TEST_CASE("a request cut anywhere, or with something behind it, closes the connection",
          "[handlers]") {
  SimFileSystem disk;
  BrokerBench bench(disk);
  MetadataRequest request;
  request.topics.emplace();
  request.topics->emplace_back().name = "orders";
  request.allow_auto_topic_creation = false;
  for (const protocol::ApiVersion version : {0, 8, 9, 13}) {
    CAPTURE(version);
    const auto frame = bench.frame_of(request, version);
    for (std::size_t size = 0; size < frame.size(); ++size) {
      CAPTURE(size);
      auto cut = frame;
      cut.resize(size);
      CHECK_FALSE(closed_because(bench, cut).empty());
    }
    auto longer = frame;
    longer.push_back(std::byte{0});
    CHECK_FALSE(closed_because(bench, longer).empty());
    CHECK(closed_because(bench, frame).empty());
  }
}

TEST_CASE("only Produce may overlap with others of its kind", "[handlers]") {
  SimFileSystem disk;
  const BrokerBench bench(disk);
  for (const auto& api : broker::all_apis())
    CHECK(bench.dispatcher->overlaps(header_of(api.spec.key, 0)) == (api.spec.key == 0));
  CHECK_FALSE(bench.dispatcher->overlaps({}));
  CHECK_FALSE(bench.dispatcher->overlaps(std::vector<std::byte>(1)));
}
