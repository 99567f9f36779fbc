#include "broker/net/network.h"

#include <unistd.h>

#include <utility>

#include <fmt/format.h>

#include "broker/net/socket_transport.h"
#include "protocol/base/assert.h"

namespace broker {

Network::Network(NetConfig config, LoopGroup& loops, RequestHandler& handler)
    : config_(config),
      loops_(loops),
      handler_(handler),
      log_(loops.loop(0).clock()),
      budget_(config_.budget_bytes, config_.small_share_bytes),
      untaken_(config_.untaken_bytes_max, 0),
      pool_(config_.idle_buffer_bytes_max),
      per_loop_(loops.size()),
      undrained_(loops.size()) {}

Network::~Network() {
  // The loops do not run any more, so this thread may touch what is theirs.
  for (auto& here : per_loop_)
    while (!here.connections.empty()) here.connections.begin()->second->close();
}

base::Result<Endpoint> Network::listen(ListenerConfig listener) {
  listeners_.push_back(TRY(Listener::open(std::move(listener), config_, loops_.loop(0), log_)));
  return listeners_.back()->bound();
}

void Network::start() {
  loops_.loop(0).post([this] {
    for (const auto& listener : listeners_) {
      listener->start([this, from = listener.get()](const Listener::Accepted& client) {
        accepted(*from, client);
      });
    }
  });
}

void Network::drain(Job done) {
  loops_.loop(0).post([this, done = std::move(done)]() mutable {
    ASSERT(!drained_, "a network is drained once");
    drained_ = std::move(done);
    for (const auto& listener : listeners_) listener->stop();
    // What was accepted so far is adopted before a loop comes to this: posts keep their order.
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      loops_.loop(i).post([this, i] {
        per_loop_[i].draining = true;
        for (const auto& [id, connection] : per_loop_[i].connections) connection->drain();
        drained_if_empty(i);
      });
    }
  });
}

void Network::close_all() {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    loops_.loop(i).post([this, i] {
      auto& open = per_loop_[i].connections;
      while (!open.empty()) open.begin()->second->close();
    });
  }
}

void Network::accepted(const Listener& listener, const Listener::Accepted& client) {
  if (connections_ >= config_.connections_max) {
    ::close(client.fd);
    log_.warn("max.connections",
              fmt::format("turned away {}: there are {} connections, as many as there may be",
                          to_string(client.peer), config_.connections_max));
    return;
  }
  ++connections_;
  const auto id = ++accepted_;
  const auto target = id % loops_.size();
  const auto& advertised = listener.config();
  ConnectionInfo info{.id = id,
                      .peer = to_string(client.peer),
                      .listener = advertised.name,
                      .advertised_host = advertised.advertised_host.value_or(client.local.host),
                      .advertised_port = advertised.advertised_port.value_or(client.local.port),
                      .loop = &loops_.loop(target)};
  if (info.loop->on_this_thread()) return adopt(target, client.fd, std::move(info));
  auto& loop = *info.loop;
  loop.post([this, target, fd = client.fd, info = std::move(info)]() mutable {
    adopt(target, fd, std::move(info));
  });
}

void Network::adopt(std::size_t loop, int fd, ConnectionInfo info) {
  const auto id = info.id;
  auto transport = std::make_unique<SocketTransport>(*info.loop, fd);
  const ConnectionServices services{config_, budget_, untaken_, pool_, handler_, log_};
  auto connection =
      std::make_shared<Connection>(services, std::move(transport), std::move(info),
                                   [this, loop](Connection& gone) { closed(loop, gone); });
  auto& here = per_loop_[loop];
  here.connections.emplace(id, connection);
  connection->start();
}

void Network::closed(std::size_t loop, Connection& connection) {
  auto& here = per_loop_[loop];
  ASSERT(here.connections.erase(connection.info().id) == 1, "a connection closes once");
  --connections_;
  if (here.draining) drained_if_empty(loop);
}

void Network::drained_if_empty(std::size_t loop) {
  if (!per_loop_[loop].connections.empty() || --undrained_ > 0) return;
  loops_.loop(0).post([this] { drained_(); });
}

}  // namespace broker
