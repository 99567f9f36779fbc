#include "protocol/messages/api_versions.h"
#include "protocol/messages/describe_cluster.h"
#include "protocol/messages/describe_topic_partitions.h"
#include "protocol/messages/find_coordinator.h"
#include "protocol/messages/metadata.h"
#include "protocol/wire/visitor.h"

// The messages that tell what there is, shown to the visitors.

namespace protocol {

StructRef show(MetadataRequest& message) { return StructRef(message); }
StructRef show(MetadataResponse& message) { return StructRef(message); }
StructRef show(FindCoordinatorRequest& message) { return StructRef(message); }
StructRef show(FindCoordinatorResponse& message) { return StructRef(message); }
StructRef show(ApiVersionsRequest& message) { return StructRef(message); }
StructRef show(ApiVersionsResponse& message) { return StructRef(message); }
StructRef show(DescribeClusterRequest& message) { return StructRef(message); }
StructRef show(DescribeClusterResponse& message) { return StructRef(message); }
StructRef show(DescribeTopicPartitionsRequest& message) { return StructRef(message); }
StructRef show(DescribeTopicPartitionsResponse& message) { return StructRef(message); }

}  // namespace protocol
