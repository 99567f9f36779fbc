#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct DescribeClusterResponse;

/// DescribeCluster (60): the brokers of the cluster (KIP-700).
///
/// v1 endpoint types (KIP-919), v2 fenced brokers (KIP-1073).
struct DescribeClusterRequest {
  using Response = DescribeClusterResponse;
  static constexpr ApiSpec api{.key = 60, .valid = {0, 2}, .flexible_from = 0};

  bool include_cluster_authorized_operations = false;
  std::int8_t endpoint_type = 1;
  bool include_fenced_brokers = false;

  bool operator==(const DescribeClusterRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.include_cluster_authorized_operations, "include_cluster_authorized_operations",
          always());
    field(m.endpoint_type, "endpoint_type", since(1));
    field(m.include_fenced_brokers, "include_fenced_brokers", since(2));
  }
};

/// The brokers, and who controls them.
struct DescribeClusterResponse {
  static constexpr ApiSpec api{.key = 60, .valid = {0, 2}, .flexible_from = 0};

  struct Broker {
    std::int32_t broker_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;
    bool is_fenced = false;

    bool operator==(const Broker&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.broker_id, "broker_id", always());
      field(m.host, "host", always());
      field(m.port, "port", always());
      field(m.rack, "rack", always().or_null());
      field(m.is_fenced, "is_fenced", since(2));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::int8_t endpoint_type = 1;
  std::string cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Broker> brokers;
  std::int32_t cluster_authorized_operations = std::numeric_limits<std::int32_t>::min();

  bool operator==(const DescribeClusterResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", always());
    field(m.error_code, "error_code", always());
    field(m.error_message, "error_message", always().or_null());
    field(m.endpoint_type, "endpoint_type", since(1));
    field(m.cluster_id, "cluster_id", always());
    field(m.controller_id, "controller_id", always());
    field(m.brokers, "brokers", always());
    field(m.cluster_authorized_operations, "cluster_authorized_operations", always());
  }
};

StructRef show(DescribeClusterRequest& message);
StructRef show(DescribeClusterResponse& message);

}  // namespace protocol
