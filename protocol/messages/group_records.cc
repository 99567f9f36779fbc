#include "protocol/messages/group_records.h"

#include <memory>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "protocol/base/big_endian.h"
#include "protocol/wire/decoder.h"
#include "protocol/wire/encoder.h"

namespace protocol {
namespace {

constexpr std::int16_t kOldOffsetCommit = 0;

template <class M>
std::vector<std::byte> encode_prefixed(std::int16_t prefix, M& message, ApiVersion version) {
  std::vector<std::byte> out(sizeof(prefix));
  base::store_big_endian(out.data(), prefix);
  const auto body = encode(StructRef(message), M::api, version);
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

std::optional<std::int16_t> take_int16(base::BytesView& from) {
  if (from.size() < sizeof(std::int16_t)) return std::nullopt;
  const auto value = base::load_big_endian<std::int16_t>(from.data());
  from = from.subspan(sizeof(value));
  return value;
}

/// `key` without its type. Gives the error back where it names no group.
base::Result<GroupRecord> unreadable(base::BytesView key, base::Error error) {
  GroupMetadataKey front;
  if (!decode_front(StructRef(front), front.api, 0, {nullptr, key}))
    return std::unexpected(std::move(error));
  return UnreadableGroupRecord{std::move(front.group), std::move(error)};
}

template <class Value>
base::Result<Value> decode_value(base::BytesView bytes) {
  const auto version = take_int16(bytes);
  if (!version || *version < Value::api.valid.first)
    return base::fail(base::Fault::corruption, "the value of a group record has no version");
  if (*version > Value::api.valid.last)
    return base::fail(
        base::Fault::unsupported,
        fmt::format("the value of a group record of type {} has the version {}, which "
                    "this version of Stele does not know",
                    Value::api.key, *version));
  base::SharedBytes input{nullptr, bytes};
  if constexpr (std::is_same_v<Value, GroupMetadataValue>) {
    const auto copy = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
    input = {copy, *copy};
  }
  Value value;
  TRY(decode(StructRef(value), value.api, *version, std::move(input)));
  return value;
}

template <class Record>
base::Result<GroupRecord> decode_known(base::BytesView key, std::optional<base::BytesView> bytes) {
  Record record;
  auto read = decode(StructRef(record.key), record.key.api, 0, {nullptr, key});
  if (!read) return unreadable(key, std::move(read).error());
  if (!bytes) return record;
  auto value = decode_value<typename decltype(record.value)::value_type>(*bytes);
  if (!value) return unreadable(key, std::move(value).error());
  record.value = *std::move(value);
  return record;
}

}  // namespace

base::Result<GroupRecord> decode_group_record(base::BytesView key,
                                              std::optional<base::BytesView> value) {
  const auto type = take_int16(key);
  if (!type || *type < 0)
    return base::fail(base::Fault::corruption, "the key of a group record has no type");
  switch (*type) {
    case kOldOffsetCommit:
    case OffsetCommitKey::api.key:
      return decode_known<OffsetCommitRecord>(key, value);
    case GroupMetadataKey::api.key:
      return decode_known<GroupMetadataRecord>(key, value);
    default:
      return unreadable(key, {base::Fault::unsupported,
                              fmt::format("a group record of type {} is not known to this version "
                                          "of Stele",
                                          *type)});
  }
}

std::vector<std::byte> encode_group_record_key(OffsetCommitKey key) {
  return encode_prefixed(key.api.key, key, 0);
}

std::vector<std::byte> encode_group_record_key(GroupMetadataKey key) {
  return encode_prefixed(key.api.key, key, 0);
}

std::vector<std::byte> encode_group_record_value(OffsetCommitValue value) {
  const ApiVersion version = value.expire_timestamp == -1 ? 4 : 1;
  return encode_prefixed(version, value, version);
}

std::vector<std::byte> encode_group_record_value(GroupMetadataValue value) {
  constexpr ApiVersion kVersion = 3;
  return encode_prefixed(kVersion, value, kVersion);
}

}  // namespace protocol
