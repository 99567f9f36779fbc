#include "broker/errors.h"

namespace broker {

using protocol::ErrorCode;

ErrorCode error_code(base::Fault fault) {
  switch (fault) {
    case base::Fault::corruption:
      return ErrorCode::corrupt_message;
    case base::Fault::io:
    case base::Fault::full:
    case base::Fault::busy:
    case base::Fault::closed:
    case base::Fault::missing:
    case base::Fault::exists:
      return ErrorCode::kafka_storage_error;
    case base::Fault::unsupported:
      return ErrorCode::unsupported_version;
    case base::Fault::invalid:
      return ErrorCode::invalid_request;
  }
  return ErrorCode::unknown_server_error;
}

ErrorCode error_code(record::BatchFault fault) {
  switch (fault) {
    case record::BatchFault::none:
      return ErrorCode::none;
    case record::BatchFault::corrupt:
      return ErrorCode::corrupt_message;
    case record::BatchFault::invalid_record:
      return ErrorCode::invalid_record;
    case record::BatchFault::unsupported_codec:
      return ErrorCode::unsupported_compression_type;
    case record::BatchFault::invalid_timestamp:
      return ErrorCode::invalid_timestamp;
    case record::BatchFault::too_large:
      return ErrorCode::message_too_large;
  }
  return ErrorCode::unknown_server_error;
}

ErrorCode error_code(storage::AppendVerdict verdict) {
  switch (verdict) {
    case storage::AppendVerdict::appended:
    case storage::AppendVerdict::duplicate:  // A retry succeeds with the original's offset
                                             // (KIP-98).
      return ErrorCode::none;
    case storage::AppendVerdict::out_of_order_sequence:
      return ErrorCode::out_of_order_sequence_number;
    case storage::AppendVerdict::invalid_producer_epoch:
      return ErrorCode::invalid_producer_epoch;
    case storage::AppendVerdict::too_large_for_segment:
      return ErrorCode::record_list_too_large;
    case storage::AppendVerdict::disk_full:
    case storage::AppendVerdict::busy:
      return ErrorCode::kafka_storage_error;
  }
  return ErrorCode::unknown_server_error;
}

}  // namespace broker
