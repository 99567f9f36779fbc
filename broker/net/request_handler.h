#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "broker/runtime/loop.h"
#include "broker/runtime/task.h"
#include "protocol/base/bytes.h"

namespace broker {

/// What a handler may know of the connection a request came in on, and what it may say to it. Lives
/// as long as the connection's object, which requests in work keep.
struct ConnectionInfo {
  std::uint64_t id = 0;
  std::string peer;                   // "127.0.0.1:51234", for log lines.
  std::string listener;               // Name of the listener.
  std::string advertised_host;        // Where a client that came in here reaches us again:
  std::uint16_t advertised_port = 0;  // the listener's advertised address, else getsockname().
  Loop* loop = nullptr;               // Where the connection lives.

  /// The client sends no more, or is gone: nothing should wait long for its sake.
  bool peer_ended = false;
  /// Called once when that comes true. Whichever request waits for long sets it, and takes it back
  /// before it ends.
  std::function<void()> when_peer_ends = nullptr;
  /// The request in work may wait for minutes, for other clients, and cannot be hurried: when this
  /// one ends, the connection closes and the answer is dropped.
  bool waits_for_others = false;
};

/// What became of a request.
struct Answer {
  enum class Kind : std::uint8_t {
    send,   // Send `pieces`, in order: size prefix, header and body, log bytes by reference.
    none,   // Nothing is sent: Produce with acks=0 that went well.
    close,  // Close the connection and log `why`; answers of earlier requests are sent first.
  };
  Kind kind = Kind::send;
  /// Those that share the first one's owner are memory of this answer; others are the log's, in the
  /// page cache anyway.
  std::vector<base::SharedBytes> pieces;
  std::string why;
};

/// Turns request frames into answers; the connection owns order, limits and bytes.
///
/// Thread: handle() is called and its task ends on the connection's loop.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;

  /// True if the connection may begin the next request before this one is answered, as long as
  /// that one overlaps too. Answers keep their order in any case. Only Produce (DESIGN.md section
  /// 7).
  virtual bool overlaps(base::BytesView frame) const = 0;

  /// `frame` is the request without its size prefix. The task runs without suspending until the
  /// request's effects are ordered before those of a later request.
  virtual Task<Answer> handle(ConnectionInfo& connection, base::SharedBytes frame) = 0;
};

}  // namespace broker
