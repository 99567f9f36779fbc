#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/net/network.h"
#include "protocol/base/random.h"
#include "tests/broker/net/sockets.h"

using namespace std::chrono_literals;
using broker::Answer;
using broker::LoopGroup;
using broker::Network;
using broker::Task;
using test_support::announced;
using test_support::BlockingClient;
using test_support::framed;

namespace {

/// Answers "ok REQUEST"; "hop..." and "phop..." go to the other loop and back first, as a request
/// to a partition there does, and "never..." waits until release().
class Echo final : public broker::RequestHandler {
 public:
  explicit Echo(LoopGroup& loops) : loops_(loops) {}

  bool overlaps(base::BytesView frame) const override {
    return base::as_text(frame).starts_with('p');
  }
  Task<Answer> handle(broker::ConnectionInfo& connection, base::SharedBytes frame) override {
    const std::string text(base::as_text(frame.view));
    if (text.starts_with("hop") || text.starts_with("phop")) {
      auto& home = *connection.loop;
      auto& away = &loops_.loop(0) == &home ? loops_.loop(loops_.size() - 1) : loops_.loop(0);
      co_await broker::hop_to(away);
      co_await broker::hop_to(home);
    } else if (text.starts_with("never")) {
      begun_.set_value();
      co_await released_;
    }
    Answer answer;
    const auto owner = std::make_shared<std::string>(framed("ok " + text));
    answer.pieces.push_back({owner, base::as_bytes(*owner)});
    co_return answer;
  }

  std::future<void> begun() { return begun_.get_future(); }
  /// On the connection's loop, which is the only one in such a test.
  void release() { released_.set(true); }

 private:
  LoopGroup& loops_;
  std::promise<void> begun_;
  broker::OneShot<bool> released_;
};

struct Broker {
  explicit Broker(std::size_t threads, broker::NetConfig config = {})
      : loops(threads, clock), echo(loops), network(std::in_place, config, loops, echo) {
    const auto bound = network->listen({.name = "TEST", .host = "127.0.0.1"});
    REQUIRE(bound);
    port = bound->port;
    network->start();
    loops.start();
  }
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker() {
    loops.stop();
    loops.join();
  }
  std::future<void> drain() {
    auto done = std::make_shared<std::promise<void>>();
    auto drained = done->get_future();
    network->drain([done] { done->set_value(); });
    return drained;
  }
  void run(std::size_t loop, broker::Job job) {
    std::promise<void> done;
    loops.loop(loop).post([&] {
      job();
      done.set_value();
    });
    done.get_future().get();
  }
  /// Waits until what the clients did has come through.
  void wait_for_connections(std::size_t count) const {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (network->connections() != count && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    CHECK(network->connections() == count);
  }

  const base::SystemClock clock;
  LoopGroup loops;
  Echo echo;
  std::optional<Network> network;
  std::uint16_t port = 0;
};

/// Sends requests of all kinds and sizes, several at a time, and checks every answer. Returns how
/// many were right.
int chat(std::uint16_t port, std::uint64_t seed, int requests) {
  base::Random random(seed);
  BlockingClient client(port);
  int right = 0;
  while (requests > 0) {
    std::vector<std::string> texts;
    std::string burst;
    for (auto n = 1 + random.below(20); n > 0 && requests > 0; --n, --requests) {
      constexpr std::array kinds{"echo", "hop", "p", "phop"};
      const auto size = random.below(20) == 0 ? random.below(300'000) : random.below(300);
      texts.push_back(kinds[random.below(kinds.size())] + std::to_string(requests) +
                      std::string(size, '.'));
      burst += framed(texts.back());
    }
    std::thread sender([&] { client.send(burst); });
    for (const auto& text : texts) right += client.answer() == "ok " + text ? 1 : 0;
    sender.join();
  }
  return right;
}

}  // namespace

TEST_CASE("many connections on several loops are all answered in order", "[network]") {
  const auto threads = GENERATE(as<std::size_t>{}, 1, 2, 3);
  constexpr int kClients = 12;
  constexpr int kRequests = 200;
  Broker broker(threads);
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  clients.reserve(kClients);
  for (int i = 0; i < kClients; ++i)
    clients.emplace_back(
        [&, i] { right += chat(broker.port, static_cast<unsigned>(i), kRequests); });
  for (auto& client : clients) client.join();
  CHECK(right == kClients * kRequests);
  broker.wait_for_connections(0);
  CHECK(broker.network->budget().used() == 0);
}

TEST_CASE("connections come and go while others are worked for", "[network]") {
  Broker broker(2);
  std::atomic<bool> stop = false;
  std::thread comers([&] {
    base::Random random(1);
    while (!stop) {
      BlockingClient client(broker.port);
      if (random.below(2) == 0) client.request("hop and gone");
      if (random.below(2) == 0) client.send(announced(1000, "half"));
      if (random.below(4) == 0) client.send(announced(-1, "nonsense"));
    }
  });
  CHECK(chat(broker.port, 7, 200) == 200);
  stop = true;
  comers.join();
  broker.wait_for_connections(0);
}

TEST_CASE("there are no more connections than allowed", "[network]") {
  const Broker broker(1, {.connections_max = 2});
  BlockingClient first(broker.port);
  BlockingClient second(broker.port);
  first.request("echo");
  CHECK(first.answer() == "ok echo");
  BlockingClient third(broker.port);
  CHECK(third.is_closed());
  second.request("echo");
  CHECK(second.answer() == "ok echo");
  {
    const auto gone = std::move(first);
  }
  broker.wait_for_connections(1);
  BlockingClient fourth(broker.port);
  fourth.request("echo");
  CHECK(fourth.answer() == "ok echo");
}

TEST_CASE("draining answers what was begun, then closes", "[network]") {
  Broker broker(1);
  BlockingClient idle(broker.port);
  BlockingClient busy(broker.port);
  auto begun = broker.echo.begun();
  busy.request("never mind");
  begun.get();
  auto drained = broker.drain();
  CHECK(idle.is_closed());
  CHECK(drained.wait_for(0s) != std::future_status::ready);
  BlockingClient late;
  CHECK(!late.connect(broker.port));
  broker.run(0, [&] { broker.echo.release(); });
  CHECK(busy.answer() == "ok never mind");
  CHECK(busy.is_closed());
  drained.get();
  CHECK(broker.network->connections() == 0);
}

TEST_CASE("draining without connections is done at once, on any number of loops", "[network]") {
  const auto threads = GENERATE(as<std::size_t>{}, 1, 3);
  Broker broker(threads);
  broker.drain().get();
}

TEST_CASE("who does not come to an end is closed", "[network]") {
  Broker broker(1);
  BlockingClient busy(broker.port);
  auto begun = broker.echo.begun();
  busy.request("never");
  begun.get();
  auto drained = broker.drain();
  broker.network->close_all();
  drained.get();
  CHECK(busy.is_closed());
  // The task ends later and finds nobody.
  broker.run(0, [&] { broker.echo.release(); });
}

TEST_CASE("a network may end with connections open", "[network]") {
  Broker broker(2);
  std::vector<BlockingClient> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back(broker.port);
    clients.back().request("echo");
    CHECK(clients.back().answer() == "ok echo");
  }
  clients.back().send(announced(100'000, std::string(50'000, 'x')));
  broker.loops.stop();
  broker.loops.join();
  broker.network.reset();
  for (auto& client : clients) CHECK(client.is_closed());
}
