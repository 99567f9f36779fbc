// Prints random instances of every version of every message, one a line, for reencode.py:
//
//     FetchRequest 12 <hexadecimal bytes>

#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "protocol/base/random.h"
#include "protocol/wire/encoder.h"
#include "tests/support/all_messages.h"
#include "tests/support/random_message.h"

// NOLINTNEXTLINE(bugprone-exception-escape): it may end the program.
int main() {
  constexpr int kInstances = 20;
  base::Random random(11);
  tests::for_each_version([&](const tests::MessageType& type, protocol::ApiVersion version) {
    for (int i = 0; i < kInstances; ++i) {
      const auto message = type.make();
      tests::randomize(message.ref, version, random);
      auto line = fmt::format("{} {} ", type.name, version);
      for (const auto byte : protocol::encode(message.ref, type.api, version))
        line += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
      std::puts(line.c_str());
    }
  });
  return 0;
}
