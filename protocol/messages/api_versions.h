#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct ApiVersionsResponse;

/// ApiVersions (18): which APIs are served, in which versions.
///
/// v1 throttle time, v3 flexible and client software (KIP-511), v4 features from version 0
/// (KAFKA-17011). The response header has no tagged fields in any version.
struct ApiVersionsRequest {
  using Response = ApiVersionsResponse;
  static constexpr ApiSpec api{.key = 18, .valid = {0, 4}, .flexible_from = 3};

  std::string client_software_name;
  std::string client_software_version;

  bool operator==(const ApiVersionsRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.client_software_name, "client_software_name", since(3));
    field(m.client_software_version, "client_software_version", since(3));
  }
};

/// The APIs and the features of the cluster.
struct ApiVersionsResponse {
  static constexpr ApiSpec api{.key = 18, .valid = {0, 4}, .flexible_from = 3};

  struct ApiKey {
    std::int16_t api_key = 0;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    bool operator==(const ApiKey&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.api_key, "api_key", always());
      field(m.min_version, "min_version", always());
      field(m.max_version, "max_version", always());
    }
  };

  struct SupportedFeatureKey {
    std::string name;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    bool operator==(const SupportedFeatureKey&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", since(3));
      field(m.min_version, "min_version", since(3));
      field(m.max_version, "max_version", since(3));
    }
  };

  struct FinalizedFeatureKey {
    std::string name;
    std::int16_t max_version_level = 0;
    std::int16_t min_version_level = 0;

    bool operator==(const FinalizedFeatureKey&) const = default;
    static constexpr void fields(auto& m, auto&& field) {
      field(m.name, "name", since(3));
      field(m.max_version_level, "max_version_level", since(3));
      field(m.min_version_level, "min_version_level", since(3));
    }
  };

  ErrorCode error_code = ErrorCode::none;
  std::vector<ApiKey> api_keys;
  std::int32_t throttle_time_ms = 0;
  std::vector<SupportedFeatureKey> supported_features;
  std::int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeatureKey> finalized_features;
  bool zk_migration_ready = false;

  bool operator==(const ApiVersionsResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.error_code, "error_code", always());
    field(m.api_keys, "api_keys", always());
    field(m.throttle_time_ms, "throttle_time_ms", since(1));
    field(m.supported_features, "supported_features", since(3).tagged(0),
          std::vector<SupportedFeatureKey>{});
    field(m.finalized_features_epoch, "finalized_features_epoch", since(3).tagged(1),
          std::int64_t{-1});
    field(m.finalized_features, "finalized_features", since(3).tagged(2),
          std::vector<FinalizedFeatureKey>{});
    field(m.zk_migration_ready, "zk_migration_ready", since(3).tagged(3), false);
  }
};

StructRef show(ApiVersionsRequest& message);
StructRef show(ApiVersionsResponse& message);

}  // namespace protocol
