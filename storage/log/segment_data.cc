#include "storage/log/segment_data.h"

#include <utility>

#include <fmt/format.h>

namespace storage {

base::Result<> SegmentData::open_locked() const {
  if (!file_) file_ = TRY(files_.open(path_, OpenMode::read));
  return {};
}

base::Result<std::shared_ptr<const File>> SegmentData::file() const {
  const std::scoped_lock lock(mutex_);
  TRY(open_locked());
  return file_;
}

base::Result<base::SharedBytes> SegmentData::bytes(std::uint64_t at, std::uint64_t length) const {
  const std::scoped_lock lock(mutex_);
  if (at + length > mapping_.view.size()) {
    TRY(open_locked());
    const auto size = TRY(file_->size());
    if (at + length > size)
      return base::fail(
          base::Fault::corruption,
          fmt::format("{} has {} bytes where {} were expected", path_.string(), size, at + length));
    mapping_ = TRY(file_->map(size));
  }
  return base::SharedBytes{mapping_.owner, mapping_.view.subspan(at, length)};
}

void SegmentData::release() {
  std::shared_ptr<File> file;
  base::SharedBytes mapping;
  // Closing and unmapping may take a while: not under the lock.
  const std::scoped_lock lock(mutex_);
  file_.swap(file);
  std::swap(mapping_, mapping);
}

}  // namespace storage
