#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <string_view>
#include <vector>

#include "protocol/messages/api_versions.h"
#include "protocol/messages/fetch.h"
#include "protocol/messages/metadata.h"
#include "protocol/messages/produce.h"
#include "protocol/wire/decoder.h"
#include "protocol/wire/frame.h"
#include "tests/support/hex.h"

using tests::hex;

namespace {

using Bytes = std::vector<std::byte>;

base::SharedBytes shared(base::BytesView bytes) {
  const auto owner = std::make_shared<Bytes>(bytes.begin(), bytes.end());
  return {owner, *owner};
}
base::SharedBytes shared_hex(std::string_view text) { return shared(hex(text)); }

Bytes flat(const protocol::Pieces& pieces) {
  Bytes bytes;
  for (const auto& piece : pieces) bytes.insert(bytes.end(), piece.view.begin(), piece.view.end());
  return bytes;
}

const auto kMetadata = protocol::MetadataRequest::api;

}  // namespace

TEST_CASE("request header v1: no tagged fields", "[protocol]") {
  const auto frame =
      protocol::decode_request_header(shared_hex("0003 0008 00000007 0002 'me' beef")).value();
  CHECK(frame.header.api_key == 3);
  CHECK(frame.header.api_version == 8);
  CHECK(frame.header.correlation_id == 7);
  CHECK(frame.header.client_id == "me");
  CHECK(protocol::body_of(frame, kMetadata).value() == shared_hex("beef"));
}

TEST_CASE("request header v2: tagged fields, and a client id that is not compact", "[protocol]") {
  const auto frame =
      protocol::decode_request_header(shared_hex("0003 0009 00000007 0002 'me' 01 05 01 ff beef"))
          .value();
  CHECK(frame.header.client_id == "me");
  CHECK(protocol::body_of(frame, kMetadata).value() == shared_hex("beef"));
}

TEST_CASE("a client id may be null or empty", "[protocol]") {
  CHECK(protocol::decode_request_header(shared_hex("0003 0001 00000000 ffff"))->header.client_id ==
        std::nullopt);
  CHECK(protocol::decode_request_header(shared_hex("0003 0001 00000000 0000"))->header.client_id ==
        "");
  CHECK_FALSE(protocol::decode_request_header(shared_hex("0003 0001 00000000 fffe")));
  CHECK_FALSE(protocol::decode_request_header(shared_hex("0003 0001 00000000 0003 'me'")));
}

TEST_CASE("every truncated header is refused", "[protocol]") {
  const auto whole = hex("0003 0009 00000007 0002 'me' 01 05 01 ff");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto frame = protocol::decode_request_header(shared(base::BytesView(whole).first(size)));
    if (size < 12)
      CHECK_FALSE(frame);
    else
      CHECK_FALSE(protocol::body_of(frame.value(), kMetadata));
  }
}

TEST_CASE("a request of ours is what the broker reads", "[protocol]") {
  for (const auto version : std::array<protocol::ApiVersion, 2>{8, 9}) {
    protocol::MetadataRequest request{.allow_auto_topic_creation = false};
    const auto bytes = protocol::encode_request(
        {.api_key = 3, .api_version = version, .correlation_id = 5, .client_id = "c"},
        protocol::MetadataRequest::api, show(request));
    const auto expected = version == 8
                              ? hex("00000012 0003 0008 00000005 0001 'c' ffffffff 00 00 00")
                              : hex("00000011 0003 0009 00000005 0001 'c' 00 00 00 00 00 00");
    CHECK(bytes == expected);
    const auto frame =
        protocol::decode_request_header(shared(base::BytesView(bytes).subspan(4))).value();
    protocol::MetadataRequest read;
    REQUIRE(protocol::decode(show(read), kMetadata, version,
                             protocol::body_of(frame, kMetadata).value()));
    CHECK(read == request);
  }
}

TEST_CASE("response header v0 in rigid versions, v1 in flexible ones", "[protocol]") {
  protocol::FetchResponse response;
  CHECK(flat(protocol::encode_response(7, response.api, 4, show(response)).value()) ==
        hex("0000000c 00000007 00000000 00000000"));
  CHECK(flat(protocol::encode_response(7, response.api, 12, show(response)).value()) ==
        hex("00000011 00000007 00 00000000 0000 00000000 01 00"));
}

TEST_CASE("the header of an ApiVersions response never has tagged fields", "[protocol]") {
  protocol::ApiVersionsResponse response;
  CHECK(flat(protocol::encode_response(7, response.api, 3, show(response)).value()) ==
        hex("0000000c 00000007 0000 01 00000000 00"));
  const auto body = protocol::decode_response_header(shared_hex("00000007 0000 01 00000000 00"), 7,
                                                     response.api, 3);
  CHECK(body.value() == shared_hex("0000 01 00000000 00"));
}

TEST_CASE("a response is read behind its header", "[protocol]") {
  const auto body = [](std::string_view frame, protocol::ApiVersion version) {
    return protocol::decode_response_header(shared_hex(frame), 7, kMetadata, version);
  };
  CHECK(body("00000007 beef", 8).value() == shared_hex("beef"));
  CHECK(body("00000007 00 beef", 9).value() == shared_hex("beef"));
  CHECK(body("00000007 01 02 01 ff beef", 9).value() == shared_hex("beef"));
  CHECK_FALSE(body("00000008 beef", 8));
  CHECK_FALSE(body("000000", 8));
  CHECK_FALSE(body("00000007", 9));
}

TEST_CASE("a large batch goes out by reference and counts in the frame's size", "[protocol]") {
  const auto records = shared(Bytes(5000, std::byte{7}));
  protocol::FetchResponse response;
  response.responses.resize(1);
  response.responses[0].partitions.resize(1);
  auto& partition = response.responses[0].partitions[0];
  partition.records = records;
  partition.aborted_transactions.emplace();
  const auto pieces = protocol::encode_response(1, response.api, 12, show(response)).value();
  REQUIRE(pieces.size() == 3);
  CHECK(pieces[1].view.data() == records.view.data());
  const auto bytes = flat(pieces);
  CHECK(Bytes(bytes.begin(), bytes.begin() + 2) == hex("0000"));
  CHECK(std::to_integer<std::size_t>(bytes[2]) * 256 + std::to_integer<std::size_t>(bytes[3]) ==
        bytes.size() - 4);
}

TEST_CASE("a response that is too large for its size, or for clients, is an error", "[protocol]") {
  const auto records = shared(Bytes(1 << 20));
  protocol::FetchResponse response;
  response.responses.resize(1);
  const auto encoded = [&response] {
    return protocol::encode_response(1, response.api, 12, show(response));
  };
  auto& partitions = response.responses[0].partitions;
  partitions.resize(1023);
  for (auto& partition : partitions) partition.records = records;
  CHECK(encoded());
  partitions.resize(1024);
  partitions.back().records = records;
  const auto refused = encoded();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == base::Fault::full);
  partitions.resize(5000);  // More than an int32 can say, too.
  for (auto& partition : partitions) partition.records = records;
  CHECK_FALSE(encoded());
}
