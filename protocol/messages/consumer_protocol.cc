#include "protocol/messages/consumer_protocol.h"

#include <algorithm>
#include <utility>

#include "protocol/base/big_endian.h"
#include "protocol/wire/decoder.h"

namespace protocol {
namespace {

template <class M>
base::Result<M> decode_versioned(base::SharedBytes bytes) {
  ApiVersion version = -1;
  if (bytes.view.size() >= sizeof(version)) {
    version = base::load_big_endian<ApiVersion>(bytes.view.data());
    bytes.view = bytes.view.subspan(sizeof(version));
  }
  if (version < 0) return base::fail(base::Fault::corruption, "it has no version");
  M message;
  TRY(decode_front(StructRef(message), M::api, std::min(version, M::api.valid.last),
                   std::move(bytes)));
  return message;
}

}  // namespace

base::Result<ConsumerProtocolSubscription> decode_subscription(base::SharedBytes metadata) {
  return decode_versioned<ConsumerProtocolSubscription>(std::move(metadata));
}

base::Result<ConsumerProtocolAssignment> decode_assignment(base::SharedBytes assignment) {
  return decode_versioned<ConsumerProtocolAssignment>(std::move(assignment));
}

}  // namespace protocol
