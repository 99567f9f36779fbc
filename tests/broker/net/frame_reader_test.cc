#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/net/frame_reader.h"
#include "protocol/base/big_endian.h"
#include "protocol/base/random.h"
#include "tests/broker/net/frames.h"

using broker::BufferPool;
using broker::FrameReader;
using broker::MemoryBudget;
using test_support::announced;
using test_support::framed;
using Size = MemoryBudget::Size;

namespace {

constexpr std::size_t kFrameMax = 100 << 20;

std::string text_of(const base::SharedBytes& frame) {
  return std::string(base::as_text(frame.view));
}

/// Feeds a reader as a connection does.
struct Feeder {
  MemoryBudget budget{std::size_t{1} << 30, 1 << 20};
  BufferPool pool{32 << 20};
  FrameReader reader{pool, kFrameMax};
  std::vector<base::SharedBytes> frames;
  std::size_t receives = 0;

  void provide() {
    if (const auto ask = reader.wanted(); ask.bytes > 0)
      REQUIRE(reader.provide(std::move(*budget.try_take(ask))));
  }
  /// What fits into one receive, at most `most`; returns what is left.
  std::string_view receive(std::string_view input, std::size_t most = SIZE_MAX) {
    provide();
    const auto room = reader.room();
    const auto count = std::min({room.size(), input.size(), most});
    std::ranges::copy(base::as_bytes(input.substr(0, count)), room.begin());
    reader.filled(count);
    ++receives;
    return input.substr(count);
  }
  void drain() {
    for (;;) {
      auto frame = reader.next();
      REQUIRE(frame);
      if (!*frame) return;
      frames.push_back(std::move(**frame));
    }
  }
  void feed(std::string_view input) {
    while (!input.empty()) {
      input = receive(input);
      drain();
    }
  }
};

std::string random_text(base::Random& random, std::size_t size) {
  std::string text(size, '\0');
  for (auto& c : text) c = static_cast<char>(random.next());
  return text;
}

/// Sizes around everything that could matter: nothing, a prefix, each class, more than the largest.
std::size_t random_size(base::Random& random) {
  switch (random.below(8)) {
    case 0:
      return random.below(6);
    case 1: {
      const auto edge = BufferPool::kClasses[random.below(3)];
      return edge - 8 + random.below(16);
    }
    case 2:
      return random.below(300'000);
    default:
      return random.below(3'000);
  }
}

}  // namespace

// Goal: however the bytes are cut, the same frames come out. Method: random frames, random
// receives, parking now and then as a connection does before it waits.
TEST_CASE("frames come out as they went in, wherever receives end", "[frames]") {
  const auto seed = GENERATE(range(0u, 60u));
  CAPTURE(seed);
  base::Random random(seed);
  Feeder feeder;
  std::vector<std::string> sent;
  std::string stream;
  for (int i = 0; i < 30; ++i) {
    sent.push_back(random_text(random, random_size(random)));
    stream += framed(sent.back());
  }
  const std::size_t most = random.below(2) == 0 ? 1 + random.below(50) : 1 + random.below(200'000);
  for (std::string_view left = stream; !left.empty();) {
    left = feeder.receive(left, 1 + random.below(most));
    if (random.below(2) == 0) feeder.drain();
    if (random.below(3) == 0) feeder.reader.park();
    feeder.drain();
    if (random.below(3) == 0) feeder.reader.park();
    // Requests end, early ones mostly first.
    if (random.below(4) == 0)
      for (auto& frame : feeder.frames) frame = {nullptr, frame.view};
  }
  CHECK(feeder.frames.size() == sent.size());
  CHECK(feeder.reader.begun_bytes() == 0);
  for (std::size_t i = 0; i < feeder.frames.size(); ++i)
    if (feeder.frames[i].owner) CHECK((text_of(feeder.frames[i]) == sent[i]));
}

TEST_CASE("frames that came together share one buffer", "[frames]") {
  Feeder feeder;
  std::string stream;
  for (int i = 0; i < 100; ++i) stream += framed("request " + std::to_string(i));
  feeder.feed(stream);
  CHECK(feeder.receives == 1);
  REQUIRE(feeder.frames.size() == 100);
  for (const auto& frame : feeder.frames) CHECK(frame.owner == feeder.frames.front().owner);
  CHECK(feeder.budget.used() == BufferPool::kSmallest);
}

TEST_CASE("a batch of the usual size is received without being copied again", "[frames]") {
  Feeder feeder;
  const auto stream = framed(std::string(1 << 20, 'x'));
  feeder.feed(stream);
  feeder.frames.clear();
  feeder.receives = 0;
  // The second time the reader knows how large they are.
  feeder.feed(stream);
  CHECK(feeder.receives == 1);
  REQUIRE(feeder.frames.size() == 1);
  CHECK(feeder.budget.used() == BufferPool::kClasses[3]);
}

TEST_CASE("frames beyond the pool's sizes have memory of their own", "[frames]") {
  Feeder feeder;
  const std::string text(20 << 20, 'y');
  const auto stream = framed(text) + framed("next");
  std::size_t most_used = 0;
  std::size_t sent = 0;
  for (std::string_view left = stream; !left.empty();) {
    left = feeder.receive(left, sent == 0 ? 100 : 300'000);
    if (sent == 0) feeder.reader.park();
    sent = stream.size() - left.size();
    feeder.drain();
    // Paid for as it comes, a step ahead at most.
    most_used = std::max(most_used, feeder.budget.used());
    if (sent < text.size())
      CHECK(feeder.budget.used() <= std::max(BufferPool::kSmallest, sent) + (1 << 20));
  }
  CHECK(most_used >= text.size());
  REQUIRE(feeder.frames.size() == 2);
  CHECK((text_of(feeder.frames[0]) == text));
  CHECK(text_of(feeder.frames[1]) == "next");
  CHECK(feeder.frames[0].owner != feeder.frames[1].owner);
  feeder.frames.clear();
  feeder.reader.park();
  CHECK(feeder.budget.used() == 0);
}

TEST_CASE("memory follows what has arrived, not what was announced", "[frames]") {
  Feeder feeder;
  const auto size = GENERATE(as<std::int32_t>{}, 1 << 20, 4 << 20, 100 << 20);
  feeder.feed(announced(size, std::string(1000, 'z')));
  CHECK(feeder.budget.used() <= BufferPool::kSmallest);
  // What it asks for next is not of the share for small requests.
  feeder.reader.park();
  CHECK(feeder.budget.used() == 0);
  const auto ask = feeder.reader.wanted();
  CHECK(ask.bytes == BufferPool::kSmallest);
  CHECK(ask.size == BufferPool::size_of(static_cast<std::size_t>(size) + 4));
  CHECK(!ask.begun);
}

TEST_CASE("a buffer grows fourfold at most", "[frames]") {
  Feeder feeder;
  const auto stream = framed(std::string(4 << 20, 'z'));
  std::size_t before = 0;
  for (std::string_view left = stream; !left.empty(); left = feeder.receive(left, 16'000)) {
    feeder.provide();
    const auto now = feeder.budget.used();
    if (before > 0) CHECK(now <= before / 16 * 68);
    before = now;
  }
  feeder.drain();
  CHECK(feeder.frames.size() == 1);
}

TEST_CASE("sizes that cannot be are refused with a sentence", "[frames]") {
  Feeder feeder;
  const auto size =
      GENERATE(as<std::int32_t>{}, -1, INT32_MIN, INT32_MAX, static_cast<int>(kFrameMax) + 1);
  CAPTURE(size);
  // The frame before it is not lost.
  feeder.receive(framed("good") + announced(size, "x"));
  auto good = feeder.reader.next();
  REQUIRE(good);
  REQUIRE(*good);
  const auto bad = feeder.reader.next();
  REQUIRE(!bad);
  CHECK(bad.error().fault == base::Fault::corruption);
  CHECK(bad.error().detail.find(std::to_string(size)) != std::string::npos);
}

TEST_CASE("the largest and the smallest frame are allowed", "[frames]") {
  Feeder feeder;
  feeder.feed(framed(""));
  REQUIRE(feeder.frames.size() == 1);
  CHECK(feeder.frames[0].view.empty());
  feeder.feed(announced(kFrameMax, ""));
  CHECK(feeder.reader.begun_bytes() == 4);
}

TEST_CASE("who speaks another protocol is told so", "[frames]") {
  Feeder feeder;
  const auto [input, hint] = GENERATE(table<std::string, std::string>(
      {{"GET / HTTP/1.1", "HTTP"}, {"\x16\x03\x01\x02\x00\x01", "TLS"}}));
  feeder.receive(input);
  const auto bad = feeder.reader.next();
  REQUIRE(!bad);
  CHECK(bad.error().detail.find(hint) != std::string::npos);
}

TEST_CASE("a little memory that nobody pays for is enough for small requests", "[frames]") {
  Feeder feeder;
  CHECK(feeder.reader.make_do());
  const auto size = BufferPool::kPocket - 4;
  const auto stream = framed(std::string(size, 'x'));
  CHECK(feeder.receive(stream.substr(0, 100)).empty());
  feeder.reader.park();
  CHECK(feeder.reader.make_do());
  CHECK(feeder.receive(stream.substr(100)).empty());
  feeder.drain();
  REQUIRE(feeder.frames.size() == 1);
  CHECK((text_of(feeder.frames[0]) == std::string(size, 'x')));
  // Full, and nothing in it that has not been asked for.
  CHECK(feeder.reader.make_do());
  feeder.receive(announced(BufferPool::kPocket - 3, "x"));
  feeder.drain();
  CHECK(!feeder.reader.make_do());
  CHECK(feeder.budget.used() == 0);
}

TEST_CASE("what came before the size was known counts as what it is", "[frames]") {
  Feeder feeder;
  feeder.provide();
  CHECK(feeder.reader.wanted().bytes == 0);
  feeder.receive(announced(50 << 20, std::string(10'000, 'x')));
  REQUIRE(feeder.reader.held() != nullptr);
  CHECK(feeder.reader.held()->size() == Size::unknown);
  feeder.drain();
  CHECK(feeder.reader.held()->size() == Size::large);
}

TEST_CASE("a reader that waits between frames holds no memory", "[frames]") {
  Feeder feeder;
  feeder.feed(framed("one"));
  feeder.frames.clear();
  feeder.reader.park();
  CHECK(feeder.budget.used() == 0);
  SECTION("nor does the beginning of a small one") {
    const auto stream = framed("two, in two parts");
    feeder.feed(stream.substr(0, 9));
    feeder.reader.park();
    CHECK(feeder.budget.used() == 0);
    CHECK(feeder.reader.begun_bytes() == 9);
    feeder.feed(stream.substr(9));
    REQUIRE(feeder.frames.size() == 1);
    CHECK(text_of(feeder.frames[0]) == "two, in two parts");
  }
  SECTION("but it keeps what is complete and not yet asked for") {
    feeder.receive(framed("two") + framed("three"));
    REQUIRE(*feeder.reader.next());
    feeder.reader.park();
    const auto third = feeder.reader.next();
    REQUIRE(third);
    REQUIRE(*third);
    CHECK(text_of(**third) == "three");
  }
}
