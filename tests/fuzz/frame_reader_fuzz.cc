// Any bytes in any pieces through the frame reader: the frames must be those that a plain loop over
// the whole input finds. The first half of the input says how many bytes each receive brings, the
// second is what is received.

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "broker/net/frame_reader.h"
#include "protocol/base/assert.h"
#include "protocol/base/big_endian.h"
#include "tests/fuzz/input.h"

namespace {

constexpr std::size_t kFrameMax = 1 << 20;

/// The complete frames in front of the first wrong size or the end; and whether a size is wrong.
std::pair<std::vector<base::BytesView>, bool> plain_loop(base::BytesView input) {
  std::vector<base::BytesView> frames;
  while (input.size() >= 4) {
    const auto size = base::load_big_endian<std::int32_t>(input.data());
    if (size < 0 || static_cast<std::size_t>(size) > kFrameMax) return {frames, true};
    if (input.size() - 4 < static_cast<std::size_t>(size)) break;
    frames.push_back(input.subspan(4, static_cast<std::size_t>(size)));
    input = input.subspan(4 + static_cast<std::size_t>(size));
  }
  return {frames, false};
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static broker::MemoryBudget budget{std::size_t{1} << 30, 1 << 20};
  static broker::BufferPool pool{8 << 20};
  const auto pieces = std::span(data, size).first(size / 2);
  const auto input = fuzz::shared(std::span(data, size).subspan(size / 2));
  const auto [expected, has_wrong_size] = plain_loop(input.view);

  broker::FrameReader reader(pool, kFrameMax);
  std::vector<base::SharedBytes> frames;
  auto left = input.view;
  for (std::size_t i = 0; !left.empty(); ++i) {
    if (const auto ask = reader.wanted(); ask.bytes > 0) {
      auto lease = budget.try_take(ask, reader.held());
      ASSERT(lease, "the budget has room for one reader");
      ASSERT(reader.provide(std::move(*lease)), "the system has memory");
    }
    const auto room = reader.room();
    const auto piece = pieces.empty() ? std::size_t{1} : pieces[i % pieces.size()] % 64 + 1;
    const auto count = std::min({room.size(), left.size(), piece});
    std::ranges::copy(left.first(count), room.begin());
    reader.filled(count);
    left = left.subspan(count);
    for (;;) {
      auto frame = reader.next();
      if (!frame) {
        ASSERT(has_wrong_size && frames.size() == expected.size(), "only a wrong size is an error");
        return 0;
      }
      if (!*frame) break;
      frames.push_back(std::move(**frame));
    }
    if (i % 3 == 0) reader.park();
  }
  ASSERT(!has_wrong_size, "a wrong size is an error");
  ASSERT(std::ranges::equal(frames, expected, std::ranges::equal, &base::SharedBytes::view),
         "the frames are those of a plain loop");
  return 0;
}
