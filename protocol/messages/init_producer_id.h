#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/error_code.h"
#include "protocol/wire/field.h"

namespace protocol {

class StructRef;
struct InitProducerIdResponse;

/// InitProducerId (22): an id for an idempotent or transactional producer (KIP-98).
///
/// v2 flexible, v3 the id the producer had (KIP-360), v4 PRODUCER_FENCED, v5 new error (KIP-890),
/// v6 two-phase commit (KIP-939: unstable in Kafka 4.3, so nobody serves it).
struct InitProducerIdRequest {
  using Response = InitProducerIdResponse;
  static constexpr ApiSpec api{.key = 22, .valid = {0, 6}, .flexible_from = 2};

  std::optional<std::string> transactional_id;
  std::int32_t transaction_timeout_ms = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  bool enable2_pc = false;
  bool keep_prepared_txn = false;

  bool operator==(const InitProducerIdRequest&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.transactional_id, "transactional_id", always().or_null());
    field(m.transaction_timeout_ms, "transaction_timeout_ms", always());
    field(m.producer_id, "producer_id", since(3));
    field(m.producer_epoch, "producer_epoch", since(3));
    field(m.enable2_pc, "enable2_pc", since(6));
    field(m.keep_prepared_txn, "keep_prepared_txn", since(6));
  }
};

/// The id and its epoch.
struct InitProducerIdResponse {
  static constexpr ApiSpec api{.key = 22, .valid = {0, 6}, .flexible_from = 2};

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = 0;
  std::int64_t ongoing_txn_producer_id = -1;
  std::int16_t ongoing_txn_producer_epoch = -1;

  bool operator==(const InitProducerIdResponse&) const = default;
  static constexpr void fields(auto& m, auto&& field) {
    field(m.throttle_time_ms, "throttle_time_ms", always());
    field(m.error_code, "error_code", always());
    field(m.producer_id, "producer_id", always());
    field(m.producer_epoch, "producer_epoch", always());
    field(m.ongoing_txn_producer_id, "ongoing_txn_producer_id", since(6));
    field(m.ongoing_txn_producer_epoch, "ongoing_txn_producer_epoch", since(6));
  }
};

StructRef show(InitProducerIdRequest& message);
StructRef show(InitProducerIdResponse& message);

}  // namespace protocol
