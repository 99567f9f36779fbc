#include "protocol/messages/alter_configs.h"
#include "protocol/messages/create_partitions.h"
#include "protocol/messages/create_topics.h"
#include "protocol/messages/delete_records.h"
#include "protocol/messages/delete_topics.h"
#include "protocol/messages/describe_configs.h"
#include "protocol/messages/incremental_alter_configs.h"
#include "protocol/wire/visitor.h"

// The messages that change topics, and describe and change settings, shown to the visitors.

namespace protocol {

StructRef show(CreateTopicsRequest& message) { return StructRef(message); }
StructRef show(CreateTopicsResponse& message) { return StructRef(message); }
StructRef show(DeleteRecordsRequest& message) { return StructRef(message); }
StructRef show(DeleteRecordsResponse& message) { return StructRef(message); }
StructRef show(DeleteTopicsRequest& message) { return StructRef(message); }
StructRef show(DeleteTopicsResponse& message) { return StructRef(message); }
StructRef show(DescribeConfigsRequest& message) { return StructRef(message); }
StructRef show(DescribeConfigsResponse& message) { return StructRef(message); }
StructRef show(AlterConfigsRequest& message) { return StructRef(message); }
StructRef show(AlterConfigsResponse& message) { return StructRef(message); }
StructRef show(IncrementalAlterConfigsRequest& message) { return StructRef(message); }
StructRef show(IncrementalAlterConfigsResponse& message) { return StructRef(message); }
StructRef show(CreatePartitionsRequest& message) { return StructRef(message); }
StructRef show(CreatePartitionsResponse& message) { return StructRef(message); }

}  // namespace protocol
