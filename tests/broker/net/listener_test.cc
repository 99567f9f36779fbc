#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "broker/net/listener.h"
#include "broker/runtime/asio_loop.h"
#include "tests/broker/net/sockets.h"

using namespace std::chrono_literals;
using broker::Endpoint;
using broker::Listener;
using broker::LoopGroup;
using test_support::BlockingClient;

namespace {

/// One listener on a running loop; keeps what it accepts.
class Accepting {
 public:
  explicit Accepting(broker::ListenerConfig config = {.name = "TEST", .host = "127.0.0.1"})
      : listener_(open(std::move(config))) {
    loops_.loop(0).post([this] {
      listener_->start([this](const Listener::Accepted& client) {
        const std::scoped_lock lock(mutex_);
        accepted_.push_back(client);
        changed_.notify_all();
      });
    });
    loops_.start();
  }
  Accepting(const Accepting&) = delete;
  Accepting& operator=(const Accepting&) = delete;
  ~Accepting() {
    loops_.stop();
    loops_.join();
    for (const auto& client : accepted_) ::close(client.fd);
  }

  Listener& listener() { return *listener_; }
  std::uint16_t port() const { return listener_->bound().port; }

  /// Waits until so many clients were accepted.
  bool have(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return accepted_.size() >= count; });
  }
  /// Waits until this client was accepted.
  bool have_peer(std::uint16_t port) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] {
      return std::ranges::any_of(accepted_, [&](const auto& c) { return c.peer.port == port; });
    });
  }
  /// The clients accepted so far, as soon as there are `count`.
  std::vector<Listener::Accepted> wait_for(std::size_t count) {
    REQUIRE(have(count));
    const std::scoped_lock lock(mutex_);
    return accepted_;
  }
  std::size_t accepted() {
    const std::scoped_lock lock(mutex_);
    return accepted_.size();
  }
  void run(broker::Job job) {
    std::promise<void> done;
    loops_.loop(0).post([&] {
      job();
      done.set_value();
    });
    done.get_future().get();
  }
  std::vector<std::string> lines() {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }
  /// Makes UBSan look at the types that a pause needs: to look at one for the first time it opens a
  /// pipe, and without descriptors it takes good objects for bad ones.
  void show_types_to_sanitizer() {
    run([this] {
      auto& loop = loops_.loop(0);
      const auto timer = loop.call_at(loop.clock().monotonic() + 1h, [] {});
      broker::RateLimitedLog unprinted(clock_, 1, 1s, [](const std::string&) {});
      unprinted.warn("", "");
    });
  }

 private:
  std::unique_ptr<Listener> open(broker::ListenerConfig config) {
    auto opened = Listener::open(std::move(config), {}, loops_.loop(0), log_);
    REQUIRE(opened);
    return std::move(*opened);
  }

  const base::SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Listener::Accepted> accepted_;
  std::vector<std::string> lines_;
  broker::RateLimitedLog log_{clock_, 3, 10s, [this](const std::string& line) {
                                const std::scoped_lock lock(mutex_);
                                lines_.push_back(line);
                              }};
  LoopGroup loops_{1, clock_};
  std::unique_ptr<Listener> listener_;
};

/// Opens a second listener on a taken port; returns what it says.
base::Error second_error(std::uint16_t port) {
  const base::SystemClock clock;
  LoopGroup loops(1, clock);
  broker::RateLimitedLog log(clock);
  const auto second =
      Listener::open({.name = "SECOND", .host = "127.0.0.1", .port = port}, {}, loops.loop(0), log);
  REQUIRE(!second);
  return second.error();
}

int option_of(int fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  CHECK(::getsockopt(fd, level, option, &value, &size) == 0);
  return value;
}

std::chrono::nanoseconds cpu_time() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Leaves so many free descriptors until its end. No assertion of Catch2 may run meanwhile, see
/// show_types_to_sanitizer().
class FewDescriptors {
 public:
  explicit FewDescriptors(int free) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest = ::dup(0);
    ::close(lowest);
    auto few = before_;
    few.rlim_cur = static_cast<rlim_t>(lowest) + static_cast<rlim_t>(free);
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("endpoints are written as clients write them", "[listener]") {
  CHECK(to_string(Endpoint{.host = "127.0.0.1", .port = 9092}) == "127.0.0.1:9092");
  CHECK(to_string(Endpoint{.host = "::1", .port = 9092}) == "[::1]:9092");
}

TEST_CASE("clients are accepted with both addresses and their options", "[listener]") {
  Accepting accepting;
  const BlockingClient first(accepting.port());
  const BlockingClient second(accepting.port());
  const auto clients = accepting.wait_for(2);
  CHECK(clients[0].peer.host == "127.0.0.1");
  CHECK(clients[0].peer.port == first.local_port());
  CHECK(clients[0].local.port == accepting.port());
  CHECK(clients[0].local.host == "127.0.0.1");
  CHECK(clients[1].peer.port == second.local_port());
  CHECK(option_of(clients[0].fd, IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(option_of(clients[0].fd, SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK((::fcntl(clients[0].fd, F_GETFL) & O_NONBLOCK) != 0);
  CHECK((::fcntl(clients[0].fd, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("more clients than one wake accepts all get in", "[listener]") {
  Accepting accepting;
  std::vector<BlockingClient> clients;
  accepting.run([&] {
    // While the loop is held here they gather in the backlog.
    for (int i = 0; i < 200; ++i) clients.emplace_back(accepting.port());
  });
  CHECK(accepting.wait_for(200).size() == 200);
}

TEST_CASE("a port in use says by whom and what to do", "[listener]") {
  const Accepting first;
  const auto error = second_error(first.port());
  CHECK(error.fault == base::Fault::exists);
  using Catch::Matchers::Contains;
  CHECK_THAT(error.detail, Contains(std::to_string(first.port())));
  CHECK_THAT(error.detail, Contains(fmt::format("process {}", ::getpid())));
  CHECK_THAT(error.detail, Contains("SECOND"));
  CHECK_THAT(error.detail, Contains("another port"));
}

TEST_CASE("a host that is none is refused", "[listener]") {
  const base::SystemClock clock;
  LoopGroup loops(1, clock);
  broker::RateLimitedLog log(clock);
  const auto nowhere =
      Listener::open({.name = "X", .host = "no host.invalid"}, {}, loops.loop(0), log);
  REQUIRE(!nowhere);
  CHECK(nowhere.error().fault == base::Fault::invalid);
  // An address of somebody else: TEST-NET-1 of RFC 5737.
  const auto foreign = Listener::open({.name = "X", .host = "192.0.2.1"}, {}, loops.loop(0), log);
  REQUIRE(!foreign);
  CHECK(foreign.error().fault == base::Fault::io);
}

TEST_CASE("a stopped listener refuses clients", "[listener]") {
  Accepting accepting;
  const auto port = accepting.port();
  accepting.run([&] { accepting.listener().stop(); });
  BlockingClient late;
  CHECK(!late.connect(port));
}

TEST_CASE("running out of descriptors does not spin, turns away, and recovers", "[listener]") {
  Accepting accepting;
  // The clients' own descriptors come before the limit.
  std::vector<BlockingClient> clients(8);
  accepting.show_types_to_sanitizer();
  bool connected = true;
  bool three_came = false;
  bool turned_away = false;
  std::size_t came = 0;
  std::chrono::nanoseconds busy{};
  std::chrono::nanoseconds elapsed{};
  {
    const FewDescriptors few(3);
    for (auto& client : clients) connected = client.connect(accepting.port()) && connected;
    three_came = accepting.have(3);
    const auto cpu_before = cpu_time();
    const auto begin = std::chrono::steady_clock::now();
    // They do not wait for ever.
    turned_away = clients[3].is_closed() && clients[4].is_closed();
    elapsed = std::chrono::steady_clock::now() - begin;
    busy = cpu_time() - cpu_before;
    came = accepting.accepted();
  }
  CHECK(connected);
  CHECK(three_came);
  CHECK(came == 3);
  CHECK(turned_away);
  CHECK(busy < std::max<std::chrono::nanoseconds>(elapsed / 4, 20ms));
  const auto lines = accepting.lines();
  REQUIRE(!lines.empty());
  CHECK(lines.size() <= 3);
  CHECK_THAT(lines[0], Catch::Matchers::Contains("ulimit -n"));
  // Whoever comes now gets in.
  const BlockingClient late(accepting.port());
  CHECK(accepting.have_peer(late.local_port()));
}

TEST_CASE("with the last descriptor taken and nobody waiting, nothing is polled", "[listener]") {
  Accepting accepting;
  std::vector<BlockingClient> clients(2);
  accepting.show_types_to_sanitizer();
  std::size_t lines_before = 1;
  bool turned_away = false;
  {
    const FewDescriptors few(1);
    clients[0].connect(accepting.port());
    accepting.have(1);
    accepting.run([] {});
    lines_before = accepting.lines().size();
    turned_away = clients[1].connect(accepting.port()) && clients[1].is_closed();
  }
  CHECK(lines_before == 0);
  CHECK(turned_away);
}
