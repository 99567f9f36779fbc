#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "protocol/base/random.h"
#include "tests/broker/net/connection_harness.h"

using broker::Answer;
using test_support::announced;
using test_support::ConnectionHarness;
using test_support::FakeHandler;
using test_support::framed;
using Texts = std::vector<std::string>;

TEST_CASE("a request is received in one call and answered in one", "[connection]") {
  ConnectionHarness net;
  net.request("echo 1");
  CHECK(net.received() == Texts{"ok echo 1"});
  CHECK(net.peer->receives == 1);
  CHECK(net.peer->sends == 1);
  net.request("echo 2", "echo 3", "echo 4");
  CHECK(net.received() == Texts{"ok echo 2", "ok echo 3", "ok echo 4"});
  CHECK(net.peer->receives == 2);
  CHECK(net.peer->sends == 2);
  CHECK(net.budget.used() == 0);
}

TEST_CASE("produces overlap, and their answers keep their order", "[connection]") {
  ConnectionHarness net;
  net.request("p1", "p2", "p3");
  CHECK(net.handler.texts() == Texts{"p1", "p2", "p3"});
  net.answer(2, "a3");
  net.answer(1, "a2");
  CHECK(net.received().empty());
  net.answer(0, "a1");
  CHECK(net.received() == Texts{"a1", "a2", "a3"});
  // Those that became ready together left together.
  CHECK(net.peer->sends == 1);
}

TEST_CASE("answers of one round leave in one call", "[connection]") {
  ConnectionHarness net;
  net.request("p1", "p2", "p3");
  // As a committer's round does: all of it before the loop gets to anything else.
  for (int i = 0; i < 3; ++i) net.handler.requests[i]->answer.set(FakeHandler::text_answer("a"));
  net.loop.run_ready();
  CHECK(net.received().size() == 3);
  CHECK(net.peer->sends == 1);
}

TEST_CASE("other requests are worked on one at a time", "[connection]") {
  ConnectionHarness net;
  net.request("fetch1", "fetch2", "p3", "p4", "fetch5");
  CHECK(net.handler.texts() == Texts{"fetch1"});
  net.answer(0, "a1");
  CHECK(net.handler.texts() == Texts{"fetch1", "fetch2"});
  net.answer(1, "a2");
  CHECK(net.handler.texts() == Texts{"fetch1", "fetch2", "p3", "p4"});
  net.answer(3, "a4");
  net.answer(2, "a3");
  CHECK(net.handler.texts().back() == "fetch5");
  CHECK(net.received() == Texts{"a1", "a2", "a3", "a4"});
}

TEST_CASE("a produce without an answer makes room for the next answer", "[connection]") {
  ConnectionHarness net;
  net.request("p1", "p2");
  net.answer_silently(0);
  net.answer(1, "a2");
  CHECK(net.received() == Texts{"a2"});
  net.request("echo");
  CHECK(net.received() == Texts{"ok echo"});
}

TEST_CASE("an answer that closes comes after those before it, and ends all after it",
          "[connection]") {
  ConnectionHarness net;
  net.request("p1", "p2", "p3");
  net.answer(2, "a3");
  net.answer(1, {.kind = Answer::Kind::close, .why = "acks=0 failed"});
  CHECK(net.closed == 0);
  net.answer(0, "a1");
  CHECK(net.received() == Texts{"a1"});
  CHECK(net.closed == 1);
  CHECK(net.lines == Texts{"closing the connection from peer:1 on TEST: acks=0 failed"});
}

TEST_CASE("bytes that are no frame close the connection once what came before is answered",
          "[connection]") {
  ConnectionHarness net;
  const auto nonsense = announced(GENERATE(-1, INT32_MAX), "nonsense");
  net.peer->send(framed("p1") + framed("p2") + nonsense + framed("p3"));
  net.loop.run_ready();
  CHECK(net.handler.texts() == Texts{"p1", "p2"});
  CHECK(net.closed == 0);
  CHECK(net.budget.used() <= broker::BufferPool::kSmallest);
  net.answer(1, "a2");
  net.answer(0, "a1");
  CHECK(net.received() == Texts{"a1", "a2"});
  CHECK(net.closed == 1);
  CHECK(net.lines.size() == 1);
}

TEST_CASE("a drained connection answers what was begun and nothing else", "[connection]") {
  ConnectionHarness net;
  net.request("fetch1", "fetch2");
  net.connection->drain();
  net.loop.run_ready();
  CHECK(net.closed == 0);
  net.answer(0, "a1");
  CHECK(net.received() == Texts{"a1"});
  CHECK(net.closed == 1);
  CHECK(net.handler.texts() == Texts{"fetch1"});
  CHECK(net.lines.empty());
}

TEST_CASE("a drained connection that has nothing to do closes at once", "[connection]") {
  ConnectionHarness net;
  net.connection->drain();
  net.loop.run_ready();
  CHECK(net.closed == 1);
}

TEST_CASE("who sends no more still gets its answers", "[connection]") {
  ConnectionHarness net;
  net.peer->send(framed("fetch1") + framed("fetch2"));
  net.peer->end();
  net.loop.run_ready();
  net.answer(0, "a1");
  net.answer(1, "a2");
  CHECK(net.received() == Texts{"a1", "a2"});
  CHECK(net.closed == 1);
}

TEST_CASE("a request hears that its client has ended, and may answer early", "[connection]") {
  ConnectionHarness net;
  net.request("r1");
  auto& info = *net.handler.connection;
  CHECK_FALSE(info.peer_ended);
  int told = 0;
  info.when_peer_ends = [&] {
    ++told;
    net.handler.requests[0]->answer.set(FakeHandler::text_answer("early"));
  };
  net.peer->end();
  net.loop.run_ready();
  CHECK(told == 1);
  CHECK(info.peer_ended);
  CHECK(net.received() == Texts{"early"});
  CHECK(net.closed == 1);
}

TEST_CASE("a client that resets is gone while its request is in work", "[connection]") {
  ConnectionHarness net;
  net.request("r1");
  int told = 0;
  net.handler.connection->when_peer_ends = [&told] { ++told; };
  net.peer->reset();
  net.loop.run_ready();
  CHECK(told == 1);
  CHECK(net.closed == 1);
  net.answer(0, "too late");
  CHECK(net.received().empty());
}

TEST_CASE("a request that waits for other clients does not hold its connection", "[connection]") {
  const bool end_first = GENERATE(false, true);
  ConnectionHarness net;
  if (end_first) net.peer->ended = true;  // The end comes with the request.
  net.request("r1");
  if (!end_first) {
    net.handler.connection->waits_for_others = true;
    CHECK(net.closed == 0);
    net.peer->end();
  } else {
    CHECK(net.closed == 0);  // It does not say so.
    net.handler.connection->waits_for_others = true;
    net.connection->drain();  // Whatever makes it take another turn.
  }
  net.loop.run_ready();
  CHECK(net.closed == 1);
  net.answer(0, "too late");
  CHECK(net.received().empty());
}

TEST_CASE("looking for the end reads no request and does not spin", "[connection]") {
  ConnectionHarness net;
  net.request("r1");
  const auto receives = net.peer->receives;
  net.request("r2");
  net.loop.run_ready();
  CHECK(net.peer->receives == receives);
  CHECK(net.peer->peeks <= 2);
  CHECK(net.handler.texts() == Texts{"r1"});
  net.answer(0, "a1");
  CHECK(net.handler.texts() == Texts{"r1", "r2"});
  net.peer->end();
  net.loop.run_ready();
  net.answer(1, "a2");
  CHECK(net.received() == Texts{"a1", "a2"});
  CHECK(net.closed == 1);
}

TEST_CASE("who goes in the middle of a request is gone", "[connection]") {
  ConnectionHarness net;
  net.peer->send(announced(100, "half"));
  net.peer->end();
  net.loop.run_ready();
  CHECK(net.closed == 1);
  CHECK(net.budget.used() == 0);
}

TEST_CASE("a connection may close while its requests are worked on", "[connection]") {
  ConnectionHarness net;
  net.request("p1", "p2");
  const std::weak_ptr<broker::Connection> watched = net.connection;
  SECTION("because somebody says so") { net.connection->close(); }
  SECTION("because the peer is gone") {
    net.peer->broken = true;
    net.peer->wake(net.peer->readable);
    net.loop.run_ready();
  }
  CHECK(net.closed == 1);
  CHECK(net.peer->closed);
  net.answer(1, "a2");
  net.answer(0, "a1");
  CHECK(net.received().empty());
  CHECK(net.closed == 1);
  CHECK(net.connection.use_count() == 1);
}

TEST_CASE("a reset while answering is the end", "[connection]") {
  ConnectionHarness net;
  net.request("fetch");
  net.peer->broken = true;
  net.answer(0, "answer");
  CHECK(net.closed == 1);
  CHECK(net.lines.empty());
}

TEST_CASE("log bytes go out between the answer's own", "[connection]") {
  ConnectionHarness net;
  net.request("fetch");
  const auto segment = std::make_shared<std::string>("0123456789");
  auto answer = FakeHandler::text_answer("head+");
  const auto head = answer.pieces.front();
  answer.pieces = {{head.owner, head.view.first(4)},
                   {segment, base::as_bytes(*segment).subspan(2, 0)},
                   {segment, base::as_bytes(*segment).subspan(2, 5)},
                   {head.owner, head.view.subspan(4)}};
  net.answer(0, std::move(answer));
  CHECK(net.peer->from_broker.substr(4) == "23456head+");
  CHECK(net.peer->sends == 1);
}

TEST_CASE("a large answer leaves in few large calls", "[connection]") {
  ConnectionHarness net;
  net.request("fetch");
  // A fetch of many partitions: more pieces than one call takes.
  const auto owner = std::make_shared<std::string>(framed(std::string(8'000'000, 'x')));
  Answer answer;
  for (std::size_t at = 0; at < owner->size(); at += 1000)
    answer.pieces.push_back({owner, base::as_bytes(*owner).subspan(
                                        at, std::min<std::size_t>(1000, owner->size() - at))});
  net.answer(0, std::move(answer));
  CHECK((net.peer->from_broker == *owner));
  CHECK(net.peer->pieces_max == IOV_MAX);
  CHECK(net.peer->bytes_max >= 256 << 10);
  CHECK(net.peer->sends <= 1 + owner->size() / (256 << 10));
}

namespace {

/// A client that pipelines whatever it likes, on a transport that cuts and blocks as it likes.
class Whim {
 public:
  explicit Whim(std::uint64_t seed) : random_(seed), net_(limits(random_)) {}

  void run() {
    net_.peer->window = random_.below(5000);
    while (received_.size() < kRequests) {
      switch (random_.below(5)) {
        case 0:
          send_some();
          break;
        case 1:
          net_.peer->receive_max = 1 + random_.below(random_.below(2) == 0 ? 10 : 100'000);
          break;
        case 2:
          net_.peer->take(random_.below(20'000));
          break;
        case 3:
          answer_one();
          break;
        default:
          net_.loop.run_one();
      }
      for (auto& text : net_.received()) received_.push_back(std::move(text));
      REQUIRE(net_.closed == 0);
    }
    net_.loop.run_ready();
    CHECK(received_ == expected_);
    for (std::size_t i = 0; i < received_.size(); ++i) net_.answered(i);
    CHECK(net_.budget.used() == 0);
    CHECK(net_.untaken.used() == 0);
  }

 private:
  static constexpr std::size_t kRequests = 150;

  struct Net : ConnectionHarness {
    using ConnectionHarness::ConnectionHarness;
    void answered(std::size_t i) const {
      if (i < handler.requests.size()) CHECK(handler.requests[i]->answer.is_set());
    }
  };

  static broker::NetConfig limits(base::Random& random) {
    const bool tight = random.below(2) == 0;
    return {.budget_bytes = tight ? 70'000 + random.below(100'000) : std::size_t{512} << 20,
            .small_share_bytes = 0,
            .in_flight_requests_max = 1 + random.below(8),
            .in_flight_bytes_max = 1000 + random.below(100'000),
            .output_bytes_max = 1 + random.below(10'000)};
  }

  void send_some() {
    for (auto n = random_.below(10); n > 0 && expected_.size() < kRequests; --n) {
      const auto size = random_.below(10) == 0 ? random_.below(50'000) : random_.below(500);
      const auto kind = random_.below(3);
      const std::string text = (kind == 0   ? "p"
                                : kind == 1 ? "f"
                                            : "echo") +
                               std::to_string(expected_.size()) + std::string(size, '.');
      net_.peer->send(framed(text));
      expected_.push_back("ok " + text);
    }
  }

  void answer_one() {
    std::vector<FakeHandler::Request*> open;
    for (auto& request : net_.handler.requests)
      if (!request->answer.is_set()) open.push_back(request.get());
    // Several are worked on only if all of them may overlap.
    if (open.size() > 1)
      for (const auto* request : open) CHECK(request->text.starts_with('p'));
    if (open.empty()) return;
    auto& chosen = *open[random_.below(open.size())];
    chosen.answer.set(FakeHandler::text_answer("ok " + chosen.text));
  }

  base::Random random_;
  Net net_;
  Texts expected_;
  Texts received_;
};

}  // namespace

// Goal: whatever comes when, every request is answered once and in order, and nothing is held
// afterwards. Method: random requests, limits, cuts, windows and order of completion; a connection
// that stands still never ends the test (the suite's time-out does).
TEST_CASE("any schedule answers everything in order", "[connection]") {
  const auto seed = GENERATE(range(0u, 100u));
  CAPTURE(seed);
  Whim(seed).run();
}
