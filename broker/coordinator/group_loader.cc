#include "broker/coordinator/group_loader.h"

#include <utility>
#include <variant>

#include <fmt/format.h>

#include "broker/partition/log_replay.h"

namespace broker {
namespace {

/// The largest record: a group of very many members.
constexpr std::size_t kRecordBytesMax = 64 << 20;

const std::string& group_of(const protocol::UnreadableGroupRecord& record) { return record.group; }
const std::string& group_of(const auto& record) { return record.key.group; }

/// An error if the records cannot be told apart: whose they are is not known, so no group is.
base::Result<> fold_batch(const record::BatchHeader& header, base::BytesView batch,
                          LoadedGroups& loaded) {
  if (header.control()) return {};
  const auto records = batch.subspan(record::BatchHeader::kSize);
  const bool whole = header.crc == record::batch_crc(header, records);
  const auto fold = [&](const record::RecordView& record) {
    const auto folded = fold_record(*loaded.core, record, whole);
    if (!folded)
      loaded.notes.push_back(fmt::format("the record at offset {} cannot be read: {}",
                                         record.offset, folded.error().detail));
    return true;
  };
  const auto walked = record::each_record(batch, kRecordBytesMax, fold);
  if (!walked)
    return base::fail(walked.error().fault, fmt::format("the batch at offset {} cannot be read: {}",
                                                        header.base_offset, walked.error().detail));
  return {};
}

}  // namespace

base::Result<> fold_record(GroupCore& core, const record::RecordView& record, bool whole) {
  if (!record.key) return base::fail(base::Fault::corruption, "it has no key");
  auto decoded = TRY(protocol::decode_group_record(*record.key, record.value));
  const auto& group =
      std::visit([](const auto& any) -> const std::string& { return group_of(any); }, decoded);
  const auto at = [&record](std::string_view why) {
    return fmt::format("its record at offset {} cannot be read: {}", record.offset, why);
  };
  if (!whole) {
    core.distrust(group, *record.key, at("its batch does not match its checksum"));
    return {};
  }
  if (const auto* unreadable = std::get_if<protocol::UnreadableGroupRecord>(&decoded);
      unreadable != nullptr && record.value) {
    core.distrust(group, *record.key, at(unreadable->error.detail));
    return {};
  }
  core.settle(group, *record.key);
  if (auto* offset = std::get_if<protocol::OffsetCommitRecord>(&decoded))
    core.apply(offset->key, std::move(offset->value));
  if (auto* metadata = std::get_if<protocol::GroupMetadataRecord>(&decoded))
    core.apply(metadata->key, std::move(metadata->value));
  return {};
}

base::Result<LoadedGroups> load_groups(const storage::LogView& log, const GroupLimits& limits,
                                       std::uint64_t seed) {
  LoadedGroups loaded{.core = std::make_unique<GroupCore>(limits, seed), .notes = {}};
  TRY(replay_log(log, [&loaded](const record::BatchHeader& header, base::BytesView batch) {
    return fold_batch(header, batch, loaded);
  }));
  for (const auto& [group, reasons] : loaded.core->distrusted())
    loaded.notes.push_back(fmt::format(
        "group {} is not available, because {}. Deleting the group makes it usable again", group,
        reasons.begin()->second));
  return loaded;
}

}  // namespace broker
