#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "broker/net/connection.h"
#include "tests/broker/net/frames.h"
#include "tests/support/manual_loop.h"

namespace test_support {

/// The far end of a connection: what it has sent, and how much it is willing to take.
struct FakePeer {
  explicit FakePeer(ManualLoop& its_loop) : loop(its_loop) {}

  void send(std::string_view bytes) {
    to_broker += bytes;
    wake(readable);
  }
  void end() {
    ended = true;
    wake(readable);
  }
  void reset() {
    broken = true;
    wake(readable);
  }
  void take(std::size_t bytes) {
    window += bytes;
    wake(writable);
  }
  void wake(broker::Job& waiting) {
    if (waiting) loop.post(std::exchange(waiting, nullptr));
  }

  ManualLoop& loop;
  std::string to_broker;
  std::string from_broker;
  std::size_t window = SIZE_MAX / 2;   // Bytes it takes before sends block.
  std::size_t receive_max = SIZE_MAX;  // At most so many bytes in one receive.
  bool ended = false;
  bool broken = false;
  bool closed = false;
  std::size_t receives = 0;
  std::size_t peeks = 0;
  std::size_t sends = 0;
  std::size_t pieces_max = 0;
  std::size_t bytes_max = 0;
  broker::Job readable;
  broker::Job writable;
};

class FakeTransport final : public broker::Transport {
 public:
  explicit FakeTransport(std::shared_ptr<FakePeer> peer) : peer_(std::move(peer)) {}

  broker::Transfer receive(std::span<std::byte> into) override {
    using Kind = broker::Transfer::Kind;
    REQUIRE(!peer_->closed);
    REQUIRE(!into.empty());
    ++peer_->receives;
    if (peer_->broken) return {.kind = Kind::failed, .why = "connection reset by peer"};
    if (peer_->to_broker.empty()) return {.kind = peer_->ended ? Kind::ended : Kind::would_block};
    const auto count = std::min({into.size(), peer_->to_broker.size(), peer_->receive_max});
    std::memcpy(into.data(), peer_->to_broker.data(), count);
    peer_->to_broker.erase(0, count);
    return {.bytes = count};
  }

  broker::Transfer peek() override {
    using Kind = broker::Transfer::Kind;
    REQUIRE(!peer_->closed);
    ++peer_->peeks;
    if (peer_->broken) return {.kind = Kind::failed, .why = "connection reset by peer"};
    if (peer_->to_broker.empty()) return {.kind = peer_->ended ? Kind::ended : Kind::would_block};
    return {.bytes = 1};
  }

  broker::Transfer send(std::span<const iovec> pieces) override {
    using Kind = broker::Transfer::Kind;
    REQUIRE(!peer_->closed);
    REQUIRE(!pieces.empty());
    ++peer_->sends;
    peer_->pieces_max = std::max(peer_->pieces_max, pieces.size());
    if (peer_->broken) return {.kind = Kind::failed, .why = "broken pipe"};
    std::size_t sent = 0;
    for (const auto& piece : pieces) {
      const auto count = std::min(piece.iov_len, peer_->window);
      peer_->from_broker.append(static_cast<const char*>(piece.iov_base), count);
      peer_->window -= count;
      sent += count;
    }
    peer_->bytes_max = std::max(peer_->bytes_max, sent);
    if (sent == 0) return {.kind = Kind::would_block};
    return {.bytes = sent};
  }

  void when_readable(broker::Job job) override {
    REQUIRE(!peer_->readable);
    peer_->readable = std::move(job);
    if (!peer_->to_broker.empty() || peer_->ended || peer_->broken) peer_->wake(peer_->readable);
  }
  void when_writable(broker::Job job) override {
    REQUIRE(!peer_->writable);
    peer_->writable = std::move(job);
    if (peer_->window > 0 || peer_->broken) peer_->wake(peer_->writable);
  }
  void close() override {
    peer_->closed = true;
    peer_->readable = nullptr;
    peer_->writable = nullptr;
  }

 private:
  std::shared_ptr<FakePeer> peer_;
};

/// Requests are texts: "p..." may overlap, as produces do. Each waits until the test answers it,
/// except "echo...", which is answered inside the call.
class FakeHandler final : public broker::RequestHandler {
 public:
  struct Request {
    std::string text;
    broker::OneShot<broker::Answer> answer;
  };

  bool overlaps(base::BytesView frame) const override {
    return base::as_text(frame).starts_with('p');
  }
  broker::Task<broker::Answer> handle(broker::ConnectionInfo& from,
                                      base::SharedBytes frame) override {
    connection = &from;
    const std::string text(base::as_text(frame.view));
    if (text.starts_with("echo")) co_return text_answer("ok " + text);
    requests.push_back(std::make_unique<Request>());
    auto& request = *requests.back();
    request.text = text;
    auto answer = co_await request.answer;
    co_return answer;
  }

  static broker::Answer text_answer(std::string_view text) {
    const auto owner = std::make_shared<std::string>(framed(text));
    broker::Answer answer;
    answer.pieces.push_back({owner, base::as_bytes(*owner)});
    return answer;
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    all.reserve(requests.size());
    for (const auto& request : requests) all.push_back(request->text);
    return all;
  }

  std::deque<std::unique_ptr<Request>> requests;  // All that were begun, in order.
  broker::ConnectionInfo* connection = nullptr;   // That the last one came in on.
};

/// One connection of a fake peer on a loop that the test steps.
struct ConnectionHarness {
  explicit ConnectionHarness(broker::NetConfig its_config = {}) : config(its_config) {
    broker::ConnectionInfo info{.id = 1, .peer = "peer:1", .listener = "TEST", .loop = &loop};
    const broker::ConnectionServices services{config, budget, untaken, pool, handler, log};
    connection = std::make_shared<broker::Connection>(
        services, std::make_unique<FakeTransport>(peer), std::move(info),
        [this](broker::Connection&) { ++closed; });
    connection->start();
    loop.run_ready();
  }
  ConnectionHarness(const ConnectionHarness&) = delete;
  ConnectionHarness& operator=(const ConnectionHarness&) = delete;
  ~ConnectionHarness() {
    connection->close();
    // Every task runs to its end, or it would be a leak.
    for (auto& request : handler.requests)
      if (!request->answer.is_set()) request->answer.set({.kind = broker::Answer::Kind::none});
    loop.run_ready();
  }

  /// The peer sends each as a request, all at once.
  template <class... Texts>
  void request(const Texts&... texts) {
    peer->send((framed(texts) + ...));
    loop.run_ready();
  }
  void answer(std::size_t request, std::string_view text) {
    answer(request, FakeHandler::text_answer(text));
  }
  void answer(std::size_t request, broker::Answer answer) {
    handler.requests.at(request)->answer.set(std::move(answer));
    loop.run_ready();
  }
  void answer_silently(std::size_t request) {
    answer(request, broker::Answer{.kind = broker::Answer::Kind::none});
  }
  /// What the peer has received since the last call, as the texts of whole answers.
  std::vector<std::string> received() {
    std::vector<std::string> texts;
    auto& bytes = peer->from_broker;
    while (bytes.size() >= 4) {
      const auto size = static_cast<std::size_t>(
          base::load_big_endian<std::int32_t>(reinterpret_cast<const std::byte*>(bytes.data())));
      if (bytes.size() < 4 + size) break;
      texts.push_back(bytes.substr(4, size));
      bytes.erase(0, 4 + size);
    }
    return texts;
  }

  broker::NetConfig config;
  ManualLoop loop;
  broker::MemoryBudget budget{config.budget_bytes, config.small_share_bytes};
  broker::MemoryBudget untaken{config.untaken_bytes_max, 0};
  broker::BufferPool pool{config.idle_buffer_bytes_max};
  FakeHandler handler;
  std::vector<std::string> lines;
  broker::RateLimitedLog log{loop.clock(), 100, std::chrono::seconds(10),
                             [this](const std::string& line) { lines.push_back(line); }};
  std::shared_ptr<FakePeer> peer = std::make_shared<FakePeer>(loop);
  std::shared_ptr<broker::Connection> connection;
  int closed = 0;
};

}  // namespace test_support
