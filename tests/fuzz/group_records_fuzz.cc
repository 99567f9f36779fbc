// Any bytes as a record of __consumer_offsets: refused, or a record that survives being stored
// again. The first byte says how long the key is, and whether there is a value.

#include <algorithm>
#include <optional>
#include <span>
#include <variant>

#include "protocol/base/assert.h"
#include "protocol/messages/group_records.h"
#include "tests/fuzz/input.h"

namespace {

template <class Record>
void check(const Record& record) {
  const auto key = protocol::encode_group_record_key(record.key);
  std::optional<std::vector<std::byte>> value;
  if (record.value) value = protocol::encode_group_record_value(*record.value);
  const auto again = protocol::decode_group_record(key, value);
  ASSERT(again && std::get<Record>(*again) == record, "it is the same record");
}

void check(const protocol::UnreadableGroupRecord& record) {
  const auto fault = record.error.fault;
  ASSERT(fault == base::Fault::unsupported || fault == base::Fault::corruption, "as it says");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::span all(data + 1, size - 1);
  const auto key_size = std::min<std::size_t>(data[0] & 0x7f, all.size());
  const auto key = fuzz::shared(all.first(key_size));
  const auto rest = fuzz::shared(all.subspan(key_size));
  const auto value = data[0] < 0x80 ? std::optional(rest.view) : std::nullopt;
  const auto record = protocol::decode_group_record(key.view, value);
  if (record) std::visit([](const auto& known) { check(known); }, *record);
  return 0;
}
