#include "protocol/messages/metadata_records.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "protocol/wire/decoder.h"
#include "protocol/wire/encoder.h"

namespace protocol {
namespace {

constexpr std::uint32_t kFrameVersion = 1;

void put_uvarint(std::vector<std::byte>& out, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::byte>(value | 0x80));
  out.push_back(static_cast<std::byte>(value));
}

std::optional<std::uint32_t> take_uvarint(base::BytesView& from) {
  std::uint32_t value = 0;
  for (int shift = 0; shift < 28 && !from.empty(); shift += 7) {
    const auto byte = std::to_integer<std::uint32_t>(from.front());
    from = from.subspan(1);
    value |= (byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

/// Tries the alternatives of the variant one after another.
template <std::size_t I = 0>
base::Result<MetadataRecord> decode_type(std::uint32_t type, std::uint32_t version,
                                         base::SharedBytes body) {
  if constexpr (I == std::variant_size_v<MetadataRecord>) {
    return base::fail(base::Fault::unsupported,
                      fmt::format("a metadata record of type {} is not known to this version of "
                                  "Stele; a newer one wrote it, start that one",
                                  type));
  } else {
    using Record = std::variant_alternative_t<I, MetadataRecord>;
    if (std::cmp_not_equal(Record::api.key, type))
      return decode_type<I + 1>(type, version, std::move(body));
    if (std::cmp_greater(version, Record::api.valid.last))
      return base::fail(base::Fault::unsupported,
                        fmt::format("a metadata record of type {} in version {} is not known to "
                                    "this version of Stele; a newer one wrote it, start that one",
                                    type, version));
    Record record;
    TRY(decode(StructRef(record), Record::api, static_cast<ApiVersion>(version), std::move(body)));
    return record;
  }
}

std::string id_of(const TopicRecord& r) { return r.topic_id.to_text(); }
std::string id_of(const PartitionRecord& r) {
  return fmt::format("{}/{}", r.topic_id.to_text(), r.partition_id);
}
std::string id_of(const ConfigRecord& r) {
  return fmt::format("{}/{}/{}", r.resource_type, r.resource_name, r.name);
}
std::string id_of(const RemoveTopicRecord& r) { return r.topic_id.to_text(); }
std::string id_of(const ProducerIdsRecord&) { return ""; }
std::string id_of(const ClusterIdRecord&) { return ""; }

}  // namespace

std::vector<std::byte> encode_metadata_record(const MetadataRecord& record) {
  return std::visit(
      [](auto copy) {
        const auto version = copy.api.valid.last;
        std::vector<std::byte> out;
        put_uvarint(out, kFrameVersion);
        put_uvarint(out, static_cast<std::uint32_t>(copy.api.key));
        put_uvarint(out, static_cast<std::uint32_t>(version));
        const auto body = encode(StructRef(copy), copy.api, version);
        out.insert(out.end(), body.begin(), body.end());
        return out;
      },
      record);
}

base::Result<MetadataRecord> decode_metadata_record(base::BytesView value) {
  const auto frame = take_uvarint(value);
  if (frame && *frame != kFrameVersion)
    return base::fail(base::Fault::unsupported,
                      fmt::format("a metadata record in frame version {}; a newer version of "
                                  "Stele wrote it, start that one",
                                  *frame));
  const auto type = take_uvarint(value);
  const auto version = take_uvarint(value);
  if (!frame || !type || !version)
    return base::fail(base::Fault::corruption, "a metadata record is cut short");
  return decode_type(*type, *version, {nullptr, value});
}

std::vector<std::byte> metadata_record_key(const MetadataRecord& record) {
  const auto text =
      std::visit([](const auto& r) { return fmt::format("{}:{}", r.api.key, id_of(r)); }, record);
  const auto bytes = base::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace protocol
