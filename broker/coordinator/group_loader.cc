#include "broker/coordinator/group_loader.h"

#include <utility>
#include <variant>

#include <fmt/format.h>

#include "broker/partition/log_replay.h"
#include "protocol/record/record_reader.h"

namespace broker {
namespace {

/// The largest record: a group of very many members.
constexpr std::size_t kRecordBytesMax = 64 << 20;

class Fold {
 public:
  explicit Fold(LoadedGroups& loaded) : loaded_(loaded) {}

  void batch(const record::BatchHeader& header, base::BytesView batch) {
    if (header.control()) return;
    const auto records = batch.subspan(record::BatchHeader::kSize);
    const bool whole = header.crc == record::batch_crc(header, records);
    const auto walked = record::each_record(batch, kRecordBytesMax,
                                            [this, whole](const record::RecordView& record) {
                                              take(record, whole);
                                              return true;
                                            });
    if (!walked)
      note(fmt::format("the batch at offset {} cannot be read: {}", header.base_offset,
                       walked.error().detail));
  }

 private:
  void take(const record::RecordView& record, bool whole) {
    if (!record.key) return note(fmt::format("the record at offset {} has no key", record.offset));
    auto decoded = protocol::decode_group_record(*record.key, record.value);
    if (!decoded)
      return note(fmt::format("the record at offset {} cannot be read: {}", record.offset,
                              decoded.error().detail));
    if (auto* unreadable = std::get_if<protocol::UnreadableGroupRecord>(&*decoded))
      return distrust(std::move(unreadable->group), record.offset, unreadable->error.detail);
    if (auto* offset = std::get_if<protocol::OffsetCommitRecord>(&*decoded)) {
      if (!whole) return distrust(std::move(offset->key.group), record.offset, kChecksum);
      return loaded_.core->apply(offset->key, std::move(offset->value));
    }
    auto& group = std::get<protocol::GroupMetadataRecord>(*decoded);
    if (!whole) return distrust(std::move(group.key.group), record.offset, kChecksum);
    loaded_.core->apply(group.key, std::move(group.value));
  }

  void distrust(std::string group, base::Offset offset, std::string_view why) {
    note(
        fmt::format("group {} is not available, because its record at offset {} cannot be read: "
                    "{}. Deleting the group makes it usable again",
                    group, offset, why));
    loaded_.core->distrust(std::move(group));
  }

  void note(std::string line) { loaded_.notes.push_back(std::move(line)); }

  static constexpr std::string_view kChecksum = "its batch does not match its checksum";

  LoadedGroups& loaded_;
};

}  // namespace

base::Result<LoadedGroups> load_groups(const storage::LogView& log, const GroupLimits& limits,
                                       std::uint64_t seed) {
  LoadedGroups loaded{.core = std::make_unique<GroupCore>(limits, seed), .notes = {}};
  Fold fold(loaded);
  TRY(replay_log(log, [&fold](const record::BatchHeader& header, base::BytesView batch) {
    fold.batch(header, batch);
    return base::Result<>{};
  }));
  return loaded;
}

}  // namespace broker
