#include "protocol/messages/init_producer_id.h"
#include "broker/errors.h"
#include "broker/handlers/handlers.h"

namespace broker {

using protocol::ErrorCode;
using protocol::InitProducerIdRequest;
using protocol::InitProducerIdResponse;

/// InitProducerId (22), v0 to v5, for idempotent producers: a new id with epoch 0 (KIP-98). What a
/// client says of an id it had (KIP-360) counts for transactional producers only.
Task<InitProducerIdResponse> handle(RequestContext& context, InitProducerIdRequest request) {
  InitProducerIdResponse response;
  response.producer_id = -1;
  response.producer_epoch = -1;
  if (request.transactional_id) {
    response.error_code = request.transactional_id->empty() ? ErrorCode::invalid_request
                                                            : ErrorCode::unsupported_version;
    co_return response;
  }
  const auto id = co_await context.services.topics.new_producer_id(context.loop());
  if (!id) {
    response.error_code = error_code(id.error().fault);
    co_return response;
  }
  response.producer_id = *id;
  response.producer_epoch = 0;
  co_return response;
}

}  // namespace broker
