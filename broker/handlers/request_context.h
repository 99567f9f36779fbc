#pragma once

#include <optional>
#include <string>

#include "broker/handlers/services.h"
#include "broker/net/request_handler.h"
#include "protocol/wire/field.h"

namespace broker {

/// One request: who asks, in which version, and what there is to answer from.
///
/// Thread: the connection's loop. Lives until the request is answered.
struct RequestContext {
  Services& services;
  ConnectionInfo& connection;
  protocol::ApiVersion version;
  std::string client_id;

  /// The client asked for a version that is not served; only ApiVersions gets this far (KIP-511).
  bool version_refused = false;

  /// Set by a handler that must not be answered (Produce with acks=0) or that ends the connection.
  bool no_answer = false;
  std::optional<std::string> close_because;

  Loop& loop() const { return *connection.loop; }
};

}  // namespace broker
