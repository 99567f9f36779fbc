// Any bytes as a request frame, taken apart as the dispatcher does: header, API, tagged fields of
// the header, body.

#include <algorithm>
#include <span>

#include "protocol/wire/decoder.h"
#include "protocol/wire/frame.h"
#include "tests/fuzz/input.h"
#include "tests/support/all_messages.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto frame = protocol::decode_request_header(fuzz::shared(std::span(data, size)));
  if (!frame) return 0;
  const auto types = tests::all_messages();
  const auto found = std::ranges::find_if(types, [&](const tests::MessageType& type) {
    return type.kind == tests::MessageType::Kind::request &&
           type.api.key == frame->header.api_key &&
           type.api.valid.contains(frame->header.api_version);
  });
  if (found == types.end()) return 0;
  const auto body = protocol::body_of(*frame, found->api);
  if (!body) return 0;
  (void)protocol::decode(found->make().ref, found->api, frame->header.api_version, *body);
  return 0;
}
