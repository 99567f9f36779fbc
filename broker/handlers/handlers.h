#pragma once

#include "broker/handlers/request_context.h"
#include "broker/runtime/task.h"

namespace protocol {
struct AlterConfigsRequest;
struct AlterConfigsResponse;
struct ApiVersionsRequest;
struct ApiVersionsResponse;
struct CreatePartitionsRequest;
struct CreatePartitionsResponse;
struct CreateTopicsRequest;
struct CreateTopicsResponse;
struct DeleteGroupsRequest;
struct DeleteGroupsResponse;
struct DeleteRecordsRequest;
struct DeleteRecordsResponse;
struct DeleteTopicsRequest;
struct DeleteTopicsResponse;
struct DescribeClusterRequest;
struct DescribeClusterResponse;
struct DescribeConfigsRequest;
struct DescribeConfigsResponse;
struct DescribeGroupsRequest;
struct DescribeGroupsResponse;
struct DescribeTopicPartitionsRequest;
struct DescribeTopicPartitionsResponse;
struct FetchRequest;
struct FetchResponse;
struct FindCoordinatorRequest;
struct FindCoordinatorResponse;
struct HeartbeatRequest;
struct HeartbeatResponse;
struct IncrementalAlterConfigsRequest;
struct IncrementalAlterConfigsResponse;
struct InitProducerIdRequest;
struct InitProducerIdResponse;
struct JoinGroupRequest;
struct JoinGroupResponse;
struct LeaveGroupRequest;
struct LeaveGroupResponse;
struct ListGroupsRequest;
struct ListGroupsResponse;
struct ListOffsetsRequest;
struct ListOffsetsResponse;
struct MetadataRequest;
struct MetadataResponse;
struct OffsetCommitRequest;
struct OffsetCommitResponse;
struct OffsetDeleteRequest;
struct OffsetDeleteResponse;
struct OffsetFetchRequest;
struct OffsetFetchResponse;
struct OffsetForLeaderEpochRequest;
struct OffsetForLeaderEpochResponse;
struct ProduceRequest;
struct ProduceResponse;
struct SyncGroupRequest;
struct SyncGroupResponse;
}  // namespace protocol

namespace broker {

// One handler for each API this broker answers, each in a file of its own name. A request that was
// refused is answered in the response; a handler itself does not fail.

Task<protocol::AlterConfigsResponse> handle(RequestContext&, protocol::AlterConfigsRequest);
Task<protocol::ApiVersionsResponse> handle(RequestContext&, protocol::ApiVersionsRequest);
Task<protocol::CreatePartitionsResponse> handle(RequestContext&, protocol::CreatePartitionsRequest);
Task<protocol::CreateTopicsResponse> handle(RequestContext&, protocol::CreateTopicsRequest);
Task<protocol::DeleteGroupsResponse> handle(RequestContext&, protocol::DeleteGroupsRequest);
Task<protocol::DeleteRecordsResponse> handle(RequestContext&, protocol::DeleteRecordsRequest);
Task<protocol::DeleteTopicsResponse> handle(RequestContext&, protocol::DeleteTopicsRequest);
Task<protocol::DescribeClusterResponse> handle(RequestContext&, protocol::DescribeClusterRequest);
Task<protocol::DescribeConfigsResponse> handle(RequestContext&, protocol::DescribeConfigsRequest);
Task<protocol::DescribeGroupsResponse> handle(RequestContext&, protocol::DescribeGroupsRequest);
Task<protocol::DescribeTopicPartitionsResponse> handle(RequestContext&,
                                                       protocol::DescribeTopicPartitionsRequest);
Task<protocol::FetchResponse> handle(RequestContext&, protocol::FetchRequest);
Task<protocol::FindCoordinatorResponse> handle(RequestContext&, protocol::FindCoordinatorRequest);
Task<protocol::HeartbeatResponse> handle(RequestContext&, protocol::HeartbeatRequest);
Task<protocol::IncrementalAlterConfigsResponse> handle(RequestContext&,
                                                       protocol::IncrementalAlterConfigsRequest);
Task<protocol::InitProducerIdResponse> handle(RequestContext&, protocol::InitProducerIdRequest);
Task<protocol::JoinGroupResponse> handle(RequestContext&, protocol::JoinGroupRequest);
Task<protocol::LeaveGroupResponse> handle(RequestContext&, protocol::LeaveGroupRequest);
Task<protocol::ListGroupsResponse> handle(RequestContext&, protocol::ListGroupsRequest);
Task<protocol::ListOffsetsResponse> handle(RequestContext&, protocol::ListOffsetsRequest);
Task<protocol::MetadataResponse> handle(RequestContext&, protocol::MetadataRequest);
Task<protocol::OffsetCommitResponse> handle(RequestContext&, protocol::OffsetCommitRequest);
Task<protocol::OffsetDeleteResponse> handle(RequestContext&, protocol::OffsetDeleteRequest);
Task<protocol::OffsetFetchResponse> handle(RequestContext&, protocol::OffsetFetchRequest);
Task<protocol::OffsetForLeaderEpochResponse> handle(RequestContext&,
                                                    protocol::OffsetForLeaderEpochRequest);
Task<protocol::ProduceResponse> handle(RequestContext&, protocol::ProduceRequest);
Task<protocol::SyncGroupResponse> handle(RequestContext&, protocol::SyncGroupRequest);

}  // namespace broker
