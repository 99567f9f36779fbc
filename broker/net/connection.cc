#include "broker/net/connection.h"

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include <fmt/format.h>

#include "protocol/base/assert.h"

namespace broker {
namespace {

constexpr std::size_t kPiecesMax = IOV_MAX;
// A turn ends after this much, so that one busy client does not hold the loop.
constexpr std::size_t kRequestsPerTurn = 128;
constexpr std::size_t kBytesPerTurn = 2 << 20;
// One request at a time is copied out of its buffer if it is no larger than this, so that the
// buffer goes to the next connection and not to sleep: a produce waits for the disk, a fetch for
// minutes.
constexpr std::size_t kCopyMax = 4 << 10;

base::SharedBytes copied(base::BytesView bytes) {
  auto owner = std::make_shared_for_overwrite<std::byte[]>(bytes.size());
  std::ranges::copy(bytes, owner.get());
  const base::BytesView view(owner.get(), bytes.size());
  return {std::move(owner), view};
}

}  // namespace

Connection::Connection(ConnectionServices services, std::unique_ptr<Transport> transport,
                       ConnectionInfo info, std::function<void(Connection&)> on_closed)
    : services_(services),
      transport_(std::move(transport)),
      info_(std::move(info)),
      on_closed_(std::move(on_closed)),
      reader_(services.pool, services.config.request_bytes_max),
      times_(services.config, info_.loop->clock().monotonic()) {}

void Connection::start() { turn(); }

void Connection::drain() {
  if (closed_ || closing_) return;
  closing_ = true;
  schedule_turn();
}

void Connection::close() {
  const auto self = shared_from_this();
  if (std::exchange(closed_, true)) return;
  transport_->close();
  timer_.reset();
  next_.reset();
  reader_.discard();
  output_.clear();
  untaken_ = {};
  for (auto& slot : slots_) slot.answer.reset();
  end_of_peer();
  if (const auto tell = std::exchange(on_closed_, nullptr)) tell(*this);
}

void Connection::turn() {
  ASSERT(info_.loop->on_this_thread(), "a connection is touched on its loop only");
  const auto self = shared_from_this();
  if (closed_) return;
  in_turn_ = true;
  started_this_turn_ = 0;
  received_this_turn_ = 0;
  // What is ready leaves first: its client waits, and if it does not take that, it gets no more.
  send();
  while (!closed_) {
    start_requests();
    if (closed_ || !receive()) break;
  }
  if (!closed_) send();
  in_turn_ = false;
  if (!closed_) end_turn();
}

void Connection::end_turn() {
  look_for_end();
  if (closed_) return;
  if (has_more_to_do()) return schedule_turn();
  const bool finished = closing_ || (ended_ && !next_);
  if (finished && slots_.empty() && output_.empty()) {
    if (close_after_output_.empty()) return close();
    return close_because(close_after_output_);
  }
  if (!buffer_is_shared()) reader_.park();
  // While a request is in work there is nothing to read, but the end is to be noticed. Not behind a
  // request that came too early: the socket would be readable for ever.
  const bool looks_for_end = !slots_.empty() && !ended_ && !readable_;
  if ((wants_to_read() || looks_for_end) && !std::exchange(waits_readable_, true)) {
    transport_->when_readable([self = shared_from_this()] {
      self->waits_readable_ = false;
      self->readable_ = true;
      self->turn();
    });
  }
  watch_times();
}

/// Requests that overlap come one after the other: they go on filling one buffer.
bool Connection::buffer_is_shared() const {
  return overlapping_ && !slots_.empty() && !(slots_.size() == 1 && slots_.front().copied);
}

/// A limit of the turn was reached, or sending made room for another request.
bool Connection::has_more_to_do() const {
  if (!output_.empty() && !waits_writable_) return true;
  if (readable_ && wants_to_read()) return true;
  return next_ ? may_start(next_->view) : !closing_ && started_this_turn_ >= kRequestsPerTurn;
}

/// Once for however many answers are ready when the loop gets to it: they leave in one call.
void Connection::schedule_turn() {
  if (in_turn_ || std::exchange(turn_scheduled_, true)) return;
  info_.loop->post([self = shared_from_this()] {
    self->turn_scheduled_ = false;
    self->turn();
  });
}

void Connection::start_requests() {
  while (!closing_ && !closed_ && started_this_turn_ < kRequestsPerTurn) {
    if (!next_) {
      auto frame = reader_.next();
      if (!frame) return end_reading(std::move(frame).error().detail);
      if (!*frame) return;
      times_.frame_completed();
      next_ = std::move(*frame);
    }
    if (!may_start(next_->view)) return;
    ++started_this_turn_;
    start_request(std::move(*std::exchange(next_, std::nullopt)));
  }
}

/// What follows cannot be understood. What came before is answered all the same.
void Connection::end_reading(std::string why) {
  closing_ = true;
  close_after_output_ = std::move(why);
  reader_.discard();
}

bool Connection::may_start(base::BytesView frame) const {
  const auto& config = services_.config;
  // Who does not take one answer gets no second one: memory for one is all it can hold.
  if (closing_ || waits_writable_ || output_bytes_ >= config.output_bytes_max) return false;
  if (slots_.empty()) return true;
  return overlapping_ && slots_.size() < config.in_flight_requests_max &&
         in_flight_bytes_ + frame.size() <= config.in_flight_bytes_max &&
         services_.handler.overlaps(frame);
}

void Connection::start_request(base::SharedBytes frame) {
  if (slots_.empty()) overlapping_ = services_.handler.overlaps(frame.view);
  const auto bytes = frame.view.size();
  const bool copy = slots_.empty() && bytes <= kCopyMax;
  if (copy) frame = copied(frame.view);
  in_flight_bytes_ += bytes;
  slots_.push_back({.bytes = bytes, .copied = copy});
  const auto number = first_number_ + slots_.size() - 1;
  broker::start(services_.handler.handle(info_, std::move(frame)),
                [self = shared_from_this(), number](Answer answer) {
                  self->finish_request(number, std::move(answer));
                });
}

void Connection::finish_request(std::uint64_t number, Answer answer) {
  ASSERT(info_.loop->on_this_thread(), "a request ends on the loop of its connection");
  if (closed_) return;
  slots_[number - first_number_].answer = std::move(answer);
  if (number != first_number_) return;
  collect_answers();
  schedule_turn();
}

void Connection::collect_answers() {
  while (!slots_.empty() && slots_.front().answer) {
    auto slot = std::move(slots_.front());
    slots_.pop_front();
    ++first_number_;
    in_flight_bytes_ -= slot.bytes;
    if (answers_end_) continue;
    if (slot.answer->kind == Answer::Kind::close) {
      closing_ = true;
      answers_end_ = true;
      close_after_output_ = std::move(slot.answer->why);
      if (close_after_output_.empty()) close_after_output_ = "the request could not be answered";
    }
    if (slot.answer->kind != Answer::Kind::send) continue;
    auto& pieces = slot.answer->pieces;
    const auto own = pieces.empty() ? nullptr : pieces.front().owner;
    for (auto& piece : pieces) {
      if (piece.view.empty()) continue;
      output_bytes_ += piece.view.size();
      const bool is_own = piece.owner == own;
      output_.push_back({std::move(piece), is_own});
    }
  }
}

bool Connection::wants_to_read() const {
  const auto& config = services_.config;
  if (closing_ || ended_ || next_ || waits_memory_ || waits_writable_ ||
      output_bytes_ >= config.output_bytes_max)
    return false;
  return slots_.empty() || (overlapping_ && slots_.size() < config.in_flight_requests_max &&
                            in_flight_bytes_ < config.in_flight_bytes_max);
}

/// True if something came and there may be more.
bool Connection::receive() {
  // What was in flight when memory ran out is done: small requests get on without.
  if (waits_memory_ && slots_.empty() && reader_.make_do()) stop_waiting_for_memory();
  if (!readable_ || !wants_to_read()) return false;
  if (received_this_turn_ >= kBytesPerTurn || started_this_turn_ >= kRequestsPerTurn) return false;
  if (!provide_memory()) return false;
  const auto room = reader_.room();
  auto got = transport_->receive(room);
  // A buffer that was not filled means that the socket is empty.
  if (got.kind != Transfer::Kind::some || got.bytes < room.size()) readable_ = false;
  switch (got.kind) {
    case Transfer::Kind::some:
      break;
    case Transfer::Kind::would_block:
      return false;
    case Transfer::Kind::ended:
      end_of_peer();
      return false;
    case Transfer::Kind::failed:
      close();
      return false;
  }
  reader_.filled(got.bytes);
  received_this_turn_ += got.bytes;
  times_.active(info_.loop->clock().monotonic());
  return true;
}

/// Whether the client ends while its request is in work, without reading the next one.
void Connection::look_for_end() {
  if (readable_ && !slots_.empty() && !ended_ && !wants_to_read()) {
    const auto kind = transport_->peek().kind;
    if (kind == Transfer::Kind::failed) return close();
    if (kind == Transfer::Kind::ended) end_of_peer();
    if (kind == Transfer::Kind::would_block) readable_ = false;
  }
  if (ended_ && info_.waits_for_others) close();
}

/// Some clients close their side after the last request: they still get its answer, but nothing
/// waits for long to give it.
void Connection::end_of_peer() {
  ended_ = true;
  info_.peer_ended = true;
  if (const auto tell = std::exchange(info_.when_peer_ends, nullptr)) tell();
}

bool Connection::provide_memory() {
  const auto ask = reader_.wanted();
  if (ask.bytes == 0) return true;
  auto take = [this](MemoryBudget::Lease lease) {
    const auto provided = reader_.provide(std::move(lease));
    if (!provided) close_because(provided.error().detail);
    return provided.has_value();
  };
  if (auto lease = services_.budget.try_take(ask, reader_.held())) return take(std::move(*lease));
  // However full the budget is of the requests of others, small ones get on.
  if (slots_.empty() && reader_.make_do()) return true;
  waits_memory_ = true;
  times_.waits_for_memory(info_.loop->clock().monotonic());
  services_.budget.wait(
      ask, *info_.loop,
      [weak = weak_from_this(), number = memory_waits_, take](MemoryBudget::Lease lease) {
        const auto self = weak.lock();
        if (!self || self->closed_ || number != self->memory_waits_) return;
        self->stop_waiting_for_memory();
        if (take(std::move(lease))) self->turn();
      });
  return false;
}

void Connection::stop_waiting_for_memory() {
  waits_memory_ = false;
  ++memory_waits_;
  times_.has_memory();
}

void Connection::send() {
  std::array<iovec, kPiecesMax> pieces;
  std::size_t sent_now = 0;
  while (!output_.empty() && !waits_writable_ && sent_now < kBytesPerTurn) {
    const auto offer = gather(pieces, kBytesPerTurn - sent_now);
    const auto result = transport_->send({pieces.data(), offer.pieces});
    if (result.kind == Transfer::Kind::some) {
      sent_now += result.bytes;
      sent(result.bytes);
      if (result.bytes == offer.bytes) continue;
    } else if (result.kind != Transfer::Kind::would_block) {
      return close();
    }
    // Taken in part, or not at all: there is no room for the rest.
    return wait_writable();
  }
}

/// The front of the output. The last piece may be cut short.
Connection::Offer Connection::gather(std::span<iovec> pieces, std::size_t bytes_max) const {
  Offer offer;
  for (auto skip = output_begin_; const auto& piece : output_) {
    if (offer.pieces == pieces.size() || offer.bytes == bytes_max) break;
    const auto left = piece.bytes.view.subspan(std::exchange(skip, 0));
    const auto size = std::min(left.size(), bytes_max - offer.bytes);
    pieces[offer.pieces++] = {.iov_base = const_cast<std::byte*>(left.data()), .iov_len = size};
    offer.bytes += size;
  }
  return offer;
}

void Connection::sent(std::size_t bytes) {
  times_.write_moved(info_.loop->clock().monotonic());
  output_bytes_ -= bytes;
  output_begin_ += bytes;
  while (!output_.empty() && output_begin_ >= output_.front().bytes.view.size()) {
    output_begin_ -= output_.front().bytes.view.size();
    output_.pop_front();
  }
  if (!output_.empty()) return;
  times_.write_done();
  untaken_ = {};
}

void Connection::wait_writable() {
  if (!pay_for_untaken())
    return close_because("it does not take its answers, and too many others do not either");
  times_.write_blocked(info_.loop->clock().monotonic());
  waits_writable_ = true;
  transport_->when_writable([self = shared_from_this()] {
    self->waits_writable_ = false;
    self->turn();
  });
}

/// Only what the peer does not take is counted: answers that leave at once cost nothing.
bool Connection::pay_for_untaken() {
  untaken_ = {};
  MemoryBudget::Ask ask;
  for (const auto& piece : output_)
    if (piece.own) ask.bytes += piece.bytes.view.size();
  if (ask.bytes == 0) return true;
  auto lease = services_.untaken.try_take(ask);
  if (lease) untaken_ = std::move(*lease);
  return lease.has_value();
}

void Connection::watch_times() {
  times_.set_busy(!slots_.empty());
  times_.frame(reader_.begun_bytes(), wants_to_read(), info_.loop->clock().monotonic());
  const auto next = times_.next_check();
  // One that is set too early looks again and sets itself anew: far cheaper than one per request.
  if (!next || *next >= timer_at_) return;
  timer_at_ = *next;
  timer_ = info_.loop->call_at(*next, [this] { check_times(); });
}

void Connection::check_times() {
  timer_at_ = base::MonotonicTime::max();
  const auto verdict = times_.check(info_.loop->clock().monotonic());
  switch (verdict) {
    case ConnectionTimes::Verdict::fine:
      return watch_times();
    case ConnectionTimes::Verdict::idle:
      return close();
    case ConnectionTimes::Verdict::frame_too_slow:
    case ConnectionTimes::Verdict::no_memory:
    case ConnectionTimes::Verdict::takes_no_answers:
      return close_because(explain(verdict));
  }
}

void Connection::close_because(std::string_view why) {
  if (closed_) return;
  services_.log.warn("closing", fmt::format("closing the connection from {} on {}: {}", info_.peer,
                                            info_.listener, why));
  close();
}

}  // namespace broker
