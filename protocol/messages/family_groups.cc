#include "protocol/messages/delete_groups.h"
#include "protocol/messages/describe_groups.h"
#include "protocol/messages/heartbeat.h"
#include "protocol/messages/join_group.h"
#include "protocol/messages/leave_group.h"
#include "protocol/messages/list_groups.h"
#include "protocol/messages/offset_commit.h"
#include "protocol/messages/offset_delete.h"
#include "protocol/messages/offset_fetch.h"
#include "protocol/messages/sync_group.h"
#include "protocol/wire/visitor.h"

// The messages of consumer groups and their offsets, shown to the visitors.

namespace protocol {

StructRef show(OffsetCommitRequest& message) { return StructRef(message); }
StructRef show(OffsetCommitResponse& message) { return StructRef(message); }
StructRef show(OffsetFetchRequest& message) { return StructRef(message); }
StructRef show(OffsetFetchResponse& message) { return StructRef(message); }
StructRef show(JoinGroupRequest& message) { return StructRef(message); }
StructRef show(JoinGroupResponse& message) { return StructRef(message); }
StructRef show(HeartbeatRequest& message) { return StructRef(message); }
StructRef show(HeartbeatResponse& message) { return StructRef(message); }
StructRef show(LeaveGroupRequest& message) { return StructRef(message); }
StructRef show(LeaveGroupResponse& message) { return StructRef(message); }
StructRef show(SyncGroupRequest& message) { return StructRef(message); }
StructRef show(SyncGroupResponse& message) { return StructRef(message); }
StructRef show(DescribeGroupsRequest& message) { return StructRef(message); }
StructRef show(DescribeGroupsResponse& message) { return StructRef(message); }
StructRef show(ListGroupsRequest& message) { return StructRef(message); }
StructRef show(ListGroupsResponse& message) { return StructRef(message); }
StructRef show(DeleteGroupsRequest& message) { return StructRef(message); }
StructRef show(DeleteGroupsResponse& message) { return StructRef(message); }
StructRef show(OffsetDeleteRequest& message) { return StructRef(message); }
StructRef show(OffsetDeleteResponse& message) { return StructRef(message); }

}  // namespace protocol
