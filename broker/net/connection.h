#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "broker/net/connection_times.h"
#include "broker/net/frame_reader.h"
#include "broker/net/memory_budget.h"
#include "broker/net/net_config.h"
#include "broker/net/rate_limited_log.h"
#include "broker/net/request_handler.h"
#include "broker/net/transport.h"

namespace broker {

/// What all connections share. Outlives them, except that tasks of a closed connection may end
/// later.
struct ConnectionServices {
  const NetConfig& config;
  MemoryBudget& budget;   // For requests.
  MemoryBudget& untaken;  // For answers that their clients do not take.
  BufferPool& pool;
  RequestHandler& handler;
  RateLimitedLog& log;
};

/// One client: reads requests, has them handled in order, and sends the answers in that order.
///
/// It takes one turn after another: send what is ready, start what may be started of the requests
/// that are complete, receive as long as there is something and a limit allows it, and send what
/// became ready by that in one system call. While it waits between requests it holds no buffer.
/// Where limits are reached it stops reading, so that the client is held back by TCP.
///
/// Lives as shared pointers: those of whoever made it, and one for each request that is being
/// worked on, so that tasks always run to their end; answers of a closed connection are dropped.
///
/// Thread: the loop of its ConnectionInfo.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// `on_closed` is called once, inside the call that closes it.
  Connection(ConnectionServices services, std::unique_ptr<Transport> transport, ConnectionInfo info,
             std::function<void(Connection&)> on_closed);

  const ConnectionInfo& info() const { return info_; }
  bool closed() const { return closed_; }

  /// Begins to serve. Once, when shared pointers to it exist.
  void start();
  /// Starts no further request, and closes when those that were started are answered and sent.
  void drain();
  /// Closes now; what was not sent is dropped.
  void close();

 private:
  struct Slot {
    std::optional<Answer> answer;
    std::size_t bytes = 0;
    bool copied = false;  // Its frame is not in a receive buffer.
  };
  struct Piece {
    base::SharedBytes bytes;
    bool own = false;  // Memory of the answer, not the log's.
  };
  /// Unsent output, as the system takes it.
  struct Offer {
    std::size_t pieces = 0;
    std::size_t bytes = 0;
  };

  void turn();
  void schedule_turn();
  void start_requests();
  bool may_start(base::BytesView frame) const;
  void start_request(base::SharedBytes frame);
  void finish_request(std::uint64_t number, Answer answer);
  void collect_answers();
  bool buffer_is_shared() const;
  void end_reading(std::string why);
  bool wants_to_read() const;
  bool receive();
  void look_for_end();
  void end_of_peer();
  bool provide_memory();
  void stop_waiting_for_memory();
  void send();
  Offer gather(std::span<iovec> pieces, std::size_t bytes_max) const;
  void sent(std::size_t bytes);
  void wait_writable();
  bool pay_for_untaken();
  void end_turn();
  bool has_more_to_do() const;
  void check_times();
  void watch_times();
  void close_because(std::string_view why);

  ConnectionServices services_;
  std::unique_ptr<Transport> transport_;
  ConnectionInfo info_;
  std::function<void(Connection&)> on_closed_;
  FrameReader reader_;
  ConnectionTimes times_;
  std::unique_ptr<TimerHandle> timer_;
  base::MonotonicTime timer_at_ = base::MonotonicTime::max();

  std::optional<base::SharedBytes> next_;  // Complete, and may not start yet.
  std::deque<Slot> slots_;                 // Requests that are worked on, or wait for earlier ones.
  std::uint64_t first_number_ = 0;         // Of the slot in front.
  std::size_t in_flight_bytes_ = 0;
  bool overlapping_ = false;  // What the slots hold may be joined by others of its kind.

  std::deque<Piece> output_;
  std::size_t output_begin_ = 0;  // Within the first piece.
  std::size_t output_bytes_ = 0;
  MemoryBudget::Lease untaken_;  // Pays for output while the peer does not take it.

  std::size_t started_this_turn_ = 0;
  std::size_t received_this_turn_ = 0;
  std::string close_after_output_;  // Why, for the log, if it is somebody's fault.
  bool answers_end_ = false;        // An answer closes the connection: no later one is sent.
  bool closing_ = false;            // Nothing is started any more; closes when all is sent.
  bool ended_ = false;              // The peer sends no more.
  bool closed_ = false;
  bool in_turn_ = false;
  bool turn_scheduled_ = false;
  bool readable_ = false;
  bool waits_readable_ = false;
  bool waits_writable_ = false;
  bool waits_memory_ = false;
  std::uint64_t memory_waits_ = 0;  // Number of the present one: a grant for another is too late.
};

}  // namespace broker
