#include "protocol/messages/fetch.h"
#include "protocol/messages/init_producer_id.h"
#include "protocol/messages/list_offsets.h"
#include "protocol/messages/offset_for_leader_epoch.h"
#include "protocol/messages/produce.h"
#include "protocol/wire/visitor.h"

// The messages that move records, shown to the visitors.

namespace protocol {

StructRef show(ProduceRequest& message) { return StructRef(message); }
StructRef show(ProduceResponse& message) { return StructRef(message); }
StructRef show(FetchRequest& message) { return StructRef(message); }
StructRef show(FetchResponse& message) { return StructRef(message); }
StructRef show(ListOffsetsRequest& message) { return StructRef(message); }
StructRef show(ListOffsetsResponse& message) { return StructRef(message); }
StructRef show(OffsetForLeaderEpochRequest& message) { return StructRef(message); }
StructRef show(OffsetForLeaderEpochResponse& message) { return StructRef(message); }
StructRef show(InitProducerIdRequest& message) { return StructRef(message); }
StructRef show(InitProducerIdResponse& message) { return StructRef(message); }

}  // namespace protocol
