#include "tools/bench/load/caller.h"

#include <memory>

namespace bench {

base::Result<> Caller::send_frame(const std::vector<std::byte>& frame) {
  connection_.queue(frame);
  while (connection_.has_unsent()) TRY(connection_.send());
  return {};
}

base::Result<base::SharedBytes> Caller::receive_frame() {
  for (;;) {
    if (const auto frame = connection_.next_frame()) {
      const auto copy = std::make_shared<std::vector<std::byte>>(frame->begin(), frame->end());
      return base::SharedBytes{copy, *copy};
    }
    TRY(connection_.receive(true));
  }
}

}  // namespace bench
