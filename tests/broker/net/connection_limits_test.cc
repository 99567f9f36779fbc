#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/broker/net/connection_harness.h"

using namespace std::chrono_literals;
using broker::BufferPool;
using test_support::announced;
using test_support::ConnectionHarness;
using test_support::FakeHandler;
using test_support::framed;
using Texts = std::vector<std::string>;

TEST_CASE("so many requests are in flight and no more", "[connection]") {
  ConnectionHarness net({.in_flight_requests_max = 3});
  net.request("p1", "p2", "p3", "p4", "p5");
  CHECK(net.handler.texts() == Texts{"p1", "p2", "p3"});
  net.answer(1, "a2");
  CHECK(net.handler.requests.size() == 3);
  net.answer(0, "a1");
  CHECK(net.handler.texts() == Texts{"p1", "p2", "p3", "p4", "p5"});
}

TEST_CASE("so many bytes of requests are in flight, or one request", "[connection]") {
  ConnectionHarness net({.in_flight_bytes_max = 1000});
  const std::string large = "p" + std::string(5000, 'l');
  const std::string small = "p" + std::string(500, 's');
  net.request(large, small, small, "p4");
  CHECK(net.handler.requests.size() == 1);
  net.answer(0, "a");
  // The third would be too much; what stands behind it waits too.
  CHECK(net.handler.requests.size() == 2);
  net.answer(1, "a");
  CHECK(net.handler.requests.size() == 4);
}

TEST_CASE("reading stops while limits are reached, and goes on by itself", "[connection]") {
  ConnectionHarness net({.in_flight_requests_max = 2});
  net.request("p1", "p2");
  net.request("p3");
  CHECK(!net.peer->to_broker.empty());
  const auto receives = net.peer->receives;
  net.request("p4");
  net.request("p5");
  CHECK(net.peer->receives == receives);
  for (std::size_t i = 0; i < 5; ++i) net.answer(i, "a");
  CHECK(net.handler.texts() == Texts{"p1", "p2", "p3", "p4", "p5"});
  CHECK(net.received().size() == 5);
}

TEST_CASE("who does not take one answer gets no other", "[connection]") {
  ConnectionHarness net;
  net.peer->window = 2;
  net.request("fetch1", "fetch2");
  net.request("fetch3");
  net.answer(0, "a1");
  CHECK(net.handler.texts() == Texts{"fetch1"});
  CHECK(!net.peer->to_broker.empty());
  // Taken in part means that there is no room: asking again would be a call for nothing.
  CHECK(net.peer->sends == 1);
  net.peer->take(1000);
  net.loop.run_ready();
  CHECK(net.received() == Texts{"a1"});
  CHECK(net.peer->sends == 2);
  CHECK(net.handler.texts() == Texts{"fetch1", "fetch2"});
}

TEST_CASE("unsent answers have a limit within a turn too", "[connection]") {
  ConnectionHarness net({.output_bytes_max = 100});
  std::string burst;
  for (int i = 0; i < 50; ++i) burst += framed("echo " + std::string(50, '.'));
  net.peer->window = 0;
  net.peer->send(burst);
  net.loop.run_ready();
  // Two answers reach the limit; the rest is not begun.
  net.peer->take(130);
  net.loop.run_one();
  CHECK(net.received().size() == 2);
  net.peer->take(1'000'000);
  net.loop.run_ready();
  CHECK(net.received().size() == 48);
}

TEST_CASE("answers that are not taken are paid for, or their client is dropped", "[connection]") {
  ConnectionHarness net({.untaken_bytes_max = 1000});
  net.peer->window = 0;
  net.request("fetch");
  SECTION("as long as there are few") {
    net.answer(0, std::string(500, 'x'));
    CHECK(net.untaken.used() == 504);
    net.peer->take(500);
    net.loop.run_ready();
    CHECK(net.untaken.used() == 504);  // Held until the last byte is gone.
    net.peer->take(4);
    net.loop.run_ready();
    CHECK(net.untaken.used() == 0);
    CHECK(net.received().size() == 1);
  }
  SECTION("too many") {
    net.answer(0, std::string(2000, 'x'));
    CHECK(net.closed == 1);
    CHECK(net.lines.size() == 1);
    CHECK(net.untaken.used() == 0);
  }
  SECTION("what is in the page cache costs nothing") {
    auto answer = FakeHandler::text_answer("head");
    const auto segment = std::make_shared<std::string>(100'000, 's');
    answer.pieces.push_back({segment, base::as_bytes(*segment)});
    net.answer(0, std::move(answer));
    CHECK(net.closed == 0);
    CHECK(net.untaken.used() == 8);
  }
}

TEST_CASE("a waiting connection holds no memory", "[connection]") {
  ConnectionHarness net;
  SECTION("between requests") { net.request("echo"); }
  SECTION("with a small part of one") { net.peer->send(announced(100 << 20, "small part")); }
  SECTION("while one small produce waits for the disk") { net.request("p1"); }
  SECTION("while a fetch waits") { net.request("fetch"); }
  net.loop.run_ready();
  CHECK(net.budget.used() == 0);
}

TEST_CASE("produces in flight share a buffer, and it goes with the last", "[connection]") {
  ConnectionHarness net;
  net.request("p1");
  net.request("p2");
  net.request("p3");
  CHECK(net.budget.used() == BufferPool::kSmallest);
  net.answer(0, "a");
  net.answer(1, "a");
  CHECK(net.budget.used() == BufferPool::kSmallest);
  net.answer(2, "a");
  CHECK(net.budget.used() == 0);
}

TEST_CASE("without memory reading waits, and goes on when there is some", "[connection]") {
  ConnectionHarness net({.budget_bytes = 100'000, .small_share_bytes = 0});
  auto others = net.budget.try_take({.bytes = 90'000});
  const std::string text = "echo" + std::string(20'000, '.');
  net.request(text);
  CHECK(net.received().empty());
  CHECK(net.peer->receives == 1);
  CHECK(net.budget.used() == 90'000);
  others.reset();
  net.loop.run_ready();
  CHECK(net.received() == Texts{"ok " + text});
  CHECK(net.budget.used() == 0);
}

TEST_CASE("small requests get on however full the budget is", "[connection]") {
  ConnectionHarness net({.budget_bytes = 100'000, .small_share_bytes = 0});
  const auto others = net.budget.try_take({.bytes = 100'000});
  std::string burst;
  for (int i = 0; i < 1000; ++i) burst += framed("echo " + std::to_string(i));
  net.peer->send(burst);
  net.loop.run_ready();
  CHECK(net.received().size() == 1000);
  // Those that wait for the disk together share the little there is, and there is no second one.
  const auto text = "p" + std::string(1000, '.');
  net.request(text, text);
  net.request(text, text, text);
  CHECK(net.handler.requests.size() == 4);
  for (std::size_t i = 0; i < 5; ++i) net.answer(i, "a");
  CHECK(net.received().size() == 5);
  CHECK(net.budget.used() == 100'000);
}

TEST_CASE("who waited for memory too long is dropped", "[connection]") {
  ConnectionHarness net({.budget_bytes = 100'000, .small_share_bytes = 0, .memory_wait_max = 30s});
  auto others = net.budget.try_take({.bytes = 90'000});
  net.request("echo" + std::string(20'000, '.'));
  net.loop.advance(29s);
  CHECK(net.closed == 0);
  net.loop.advance(1s);
  CHECK(net.closed == 1);
  CHECK(net.lines.size() == 1);
  // What it waited for comes too late and goes back.
  others.reset();
  net.loop.run_ready();
  CHECK(net.budget.used() == 0);
}

TEST_CASE("an idle connection is closed without a word", "[connection]") {
  ConnectionHarness net({.idle_max = 60s});
  net.loop.advance(30s);
  net.request("echo");
  net.loop.advance(59s);
  CHECK(net.closed == 0);
  net.loop.advance(1s);
  CHECK(net.closed == 1);
  CHECK(net.lines.empty());
}

TEST_CASE("a connection whose request is worked on is not idle", "[connection]") {
  ConnectionHarness net({.idle_max = 60s});
  net.request("fetch");
  net.loop.advance(600s);
  CHECK(net.closed == 0);
  net.answer(0, "a");
  net.loop.advance(59s);
  CHECK(net.closed == 0);
  net.loop.advance(1s);
  CHECK(net.closed == 1);
}

TEST_CASE("a half request is dropped when it does not go on", "[connection]") {
  ConnectionHarness net({.frame_grace = 10s, .frame_bytes_per_second_min = 100});
  net.peer->send(announced(1'000'000, "begin"));
  net.loop.run_ready();
  for (int i = 0; i < 5; ++i) {
    net.loop.advance(9s);
    net.peer->send(std::string(1000, 'x'));
    net.loop.run_ready();
  }
  CHECK(net.closed == 0);
  net.loop.advance(10s);
  CHECK(net.closed == 1);
  CHECK(net.lines.size() == 1);
}

TEST_CASE("who takes none of its answers is dropped", "[connection]") {
  ConnectionHarness net({.write_stall_max = 20s});
  net.peer->window = 0;
  net.request("echo");
  for (int i = 0; i < 3; ++i) {
    net.loop.advance(19s);
    net.peer->take(1);
    net.loop.run_ready();
  }
  CHECK(net.closed == 0);
  net.loop.advance(20s);
  CHECK(net.closed == 1);
  CHECK(net.lines.size() == 1);
}

TEST_CASE("a closed connection leaves no timer", "[connection]") {
  ConnectionHarness net;
  net.request("echo");
  CHECK(net.loop.has_timers());
  net.connection->close();
  CHECK(!net.loop.has_timers());
}

TEST_CASE("a busy connection lets others have their turn", "[connection]") {
  ConnectionHarness net;
  std::string burst;
  const std::size_t requests = 1000;
  for (std::size_t i = 0; i < requests; ++i) burst += framed("echo " + std::to_string(i));
  SECTION("however small its requests are") {}
  SECTION("however large they are") { burst += framed("echo" + std::string(6 << 20, '.')); }
  net.peer->send(burst);
  // Between any two jobs of the connection somebody else gets on, after bounded work.
  std::size_t turns = 0;
  while (net.loop.posted() > 0) {
    const auto before = net.peer->to_broker.size();
    net.loop.run_one();
    ++turns;
    CHECK(net.received().size() <= 128);
    CHECK(before - net.peer->to_broker.size() <= 7 << 19);
  }
  CHECK(turns >= requests / 128);
  CHECK(net.closed == 0);
}
