// Any bytes as what a consumer tells its group: refused, or something that survives being sent in
// the newest version.

#include <span>

#include "protocol/base/assert.h"
#include "protocol/messages/consumer_protocol.h"
#include "protocol/wire/encoder.h"
#include "tests/fuzz/input.h"

namespace {

template <class Message>
void check(base::Result<Message> message,
           base::Result<Message> (*decode)(base::SharedBytes metadata)) {
  if (!message) {
    ASSERT(message.error().fault == base::Fault::corruption, "as it says");
    return;
  }
  const auto version = Message::api.valid.last;
  std::vector<std::byte> bytes{std::byte{0}, static_cast<std::byte>(version)};
  const auto body = protocol::encode(protocol::StructRef(*message), Message::api, version);
  bytes.insert(bytes.end(), body.begin(), body.end());
  const auto again = decode({nullptr, bytes});
  ASSERT(again && *again == *message, "it is the same message");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fuzz::shared(std::span(data, size));
  check(protocol::decode_subscription(input), protocol::decode_subscription);
  check(protocol::decode_assignment(input), protocol::decode_assignment);
  return 0;
}
