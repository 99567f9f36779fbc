#include "protocol/messages/describe_cluster.h"
#include "broker/handlers/handlers.h"

namespace broker {

using protocol::DescribeClusterRequest;
using protocol::DescribeClusterResponse;
using protocol::ErrorCode;

namespace {

constexpr std::int8_t kBrokers = 1;
constexpr std::int8_t kControllers = 2;

}  // namespace

/// DescribeCluster (60), v0 to v2: one broker, which is its own controller. Its listeners speak for
/// brokers only (KIP-919).
Task<DescribeClusterResponse> handle(RequestContext& context, DescribeClusterRequest request) {
  DescribeClusterResponse response;
  const auto& config = context.services.config;
  if (request.endpoint_type != kBrokers) {
    const bool known = request.endpoint_type == kControllers;
    response.error_code =
        known ? ErrorCode::mismatched_endpoint_type : ErrorCode::unsupported_endpoint_type;
    response.error_message = known ? "The request was sent to an endpoint of type BROKER, but we "
                                     "wanted an endpoint of type CONTROLLER"
                                   : "Unsupported endpoint type";
    co_return response;
  }
  response.cluster_id = context.services.topics.cluster_id();
  response.controller_id = config.node_id;
  auto& broker = response.brokers.emplace_back();
  broker.broker_id = config.node_id;
  broker.host = context.connection.advertised_host;
  broker.port = context.connection.advertised_port;
  co_return response;
}

}  // namespace broker
