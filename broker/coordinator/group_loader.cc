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

/// An error where it is not known whose the records are, so that any group may have lost one: a bit
/// that is wrong may be one of a group's name.
base::Result<> fold_batch(const record::BatchHeader& header, base::BytesView batch,
                          LoadedGroups& loaded) {
  if (header.control()) return {};
  const auto records = batch.subspan(record::BatchHeader::kSize);
  const auto unreadable = [&header](const base::Error& error) {
    return base::fail(error.fault, fmt::format("the batch at offset {} cannot be read: {}",
                                               header.base_offset, error.detail));
  };
  if (header.crc != record::batch_crc(header, records))
    return unreadable({base::Fault::corruption, "it does not match its checksum"});
  const auto fold = [&](const record::RecordView& record) {
    const auto folded = fold_record(*loaded.core, record);
    if (!folded)
      loaded.notes.push_back(fmt::format("the record at offset {} cannot be read: {}",
                                         record.offset, folded.error().detail));
    return true;
  };
  const auto walked = record::each_record(batch, kRecordBytesMax, fold);
  if (!walked) return unreadable(walked.error());
  return {};
}

}  // namespace

base::Result<> fold_record(GroupCore& core, const record::RecordView& record) {
  if (!record.key) return base::fail(base::Fault::corruption, "it has no key");
  auto decoded = TRY(protocol::decode_group_record(*record.key, record.value));
  const auto& group =
      std::visit([](const auto& any) -> const std::string& { return group_of(any); }, decoded);
  if (const auto* unreadable = std::get_if<protocol::UnreadableGroupRecord>(&decoded);
      unreadable != nullptr && record.value) {
    core.distrust(group, *record.key,
                  fmt::format("its record at offset {} cannot be read: {}", record.offset,
                              unreadable->error.detail));
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
