#include "storage/log/segment_preparation.h"

namespace storage {

base::Result<PreparedFile> prepare_segment(const PreparationPlan& plan) {
  const auto file = TRY(plan.files.open(plan.path, OpenMode::create_or_open));
  TRY(file->truncate(0));
  if (auto allocated = file->allocate(plan.bytes); !allocated) {
    // Not left to take the room it could not get; the name is free whatever becomes of this.
    static_cast<void>(plan.files.remove(plan.path));
    return std::unexpected(std::move(allocated).error());
  }
  return PreparedFile{.path = plan.path, .file = file, .bytes = plan.bytes};
}

}  // namespace storage
