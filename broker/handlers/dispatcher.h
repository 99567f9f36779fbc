#pragma once

#include "broker/handlers/services.h"
#include "broker/net/request_handler.h"

namespace broker {

/// Reads a request's header, finds its API in the registry and answers. What it cannot read or does
/// not know closes the connection, as Kafka does; nothing is answered with garbage.
///
/// Thread: any connection's loop.
class Dispatcher final : public RequestHandler {
 public:
  explicit Dispatcher(Services& services) : services_(services) {}

  bool overlaps(base::BytesView frame) const override;
  Task<Answer> handle(ConnectionInfo& connection, base::SharedBytes frame) override;

 private:
  Services& services_;
};

}  // namespace broker
