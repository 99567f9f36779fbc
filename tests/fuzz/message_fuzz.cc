// Any bytes as any version of any message: refused, or a message that survives being encoded. The
// first byte picks the message, the second its version.

#include <span>

#include "protocol/base/assert.h"
#include "protocol/wire/decoder.h"
#include "protocol/wire/encoder.h"
#include "protocol/wire/printer.h"
#include "tests/fuzz/input.h"
#include "tests/support/all_messages.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto types = tests::all_messages();
  const auto& type = types[data[0] % types.size()];
  const auto versions = type.api.valid.last - type.api.valid.first + 1;
  const auto version = static_cast<protocol::ApiVersion>(type.api.valid.first + data[1] % versions);
  const auto message = type.make();
  const auto input = fuzz::shared(std::span(data, size).subspan(2));
  if (!protocol::decode(message.ref, type.api, version, input)) return 0;
  const auto bytes = protocol::encode(message.ref, type.api, version);
  const auto again = type.make();
  ASSERT(protocol::decode(again.ref, type.api, version, {nullptr, bytes}), "it can be read again");
  ASSERT(again == message, "it is the same message");
  ASSERT(protocol::print(message.ref, version, 300).size() <= 300, "a line has a limit");
  return 0;
}
