#pragma once

#include "broker/handlers/request_context.h"
#include "broker/runtime/task.h"

namespace protocol {
struct ApiVersionsRequest;
struct ApiVersionsResponse;
struct CreatePartitionsRequest;
struct CreatePartitionsResponse;
struct CreateTopicsRequest;
struct CreateTopicsResponse;
struct DeleteTopicsRequest;
struct DeleteTopicsResponse;
struct DescribeClusterRequest;
struct DescribeClusterResponse;
struct DescribeConfigsRequest;
struct DescribeConfigsResponse;
struct DescribeTopicPartitionsRequest;
struct DescribeTopicPartitionsResponse;
struct FetchRequest;
struct FetchResponse;
struct FindCoordinatorRequest;
struct FindCoordinatorResponse;
struct InitProducerIdRequest;
struct InitProducerIdResponse;
struct ListOffsetsRequest;
struct ListOffsetsResponse;
struct MetadataRequest;
struct MetadataResponse;
struct OffsetForLeaderEpochRequest;
struct OffsetForLeaderEpochResponse;
struct ProduceRequest;
struct ProduceResponse;
}  // namespace protocol

namespace broker {

// One handler for each API this broker answers, each in a file of its own name. A request that was
// refused is answered in the response; a handler itself does not fail.

Task<protocol::ApiVersionsResponse> handle(RequestContext&, protocol::ApiVersionsRequest);
Task<protocol::CreatePartitionsResponse> handle(RequestContext&, protocol::CreatePartitionsRequest);
Task<protocol::CreateTopicsResponse> handle(RequestContext&, protocol::CreateTopicsRequest);
Task<protocol::DeleteTopicsResponse> handle(RequestContext&, protocol::DeleteTopicsRequest);
Task<protocol::DescribeClusterResponse> handle(RequestContext&, protocol::DescribeClusterRequest);
Task<protocol::DescribeConfigsResponse> handle(RequestContext&, protocol::DescribeConfigsRequest);
Task<protocol::DescribeTopicPartitionsResponse> handle(RequestContext&,
                                                       protocol::DescribeTopicPartitionsRequest);
Task<protocol::FetchResponse> handle(RequestContext&, protocol::FetchRequest);
Task<protocol::FindCoordinatorResponse> handle(RequestContext&, protocol::FindCoordinatorRequest);
Task<protocol::InitProducerIdResponse> handle(RequestContext&, protocol::InitProducerIdRequest);
Task<protocol::ListOffsetsResponse> handle(RequestContext&, protocol::ListOffsetsRequest);
Task<protocol::MetadataResponse> handle(RequestContext&, protocol::MetadataRequest);
Task<protocol::OffsetForLeaderEpochResponse> handle(RequestContext&,
                                                    protocol::OffsetForLeaderEpochRequest);
Task<protocol::ProduceResponse> handle(RequestContext&, protocol::ProduceRequest);

}  // namespace broker
