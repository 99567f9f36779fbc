#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "storage/file/file_system.h"

namespace storage {

/// The data file of a segment for readers: opened and mapped when it is first needed, so that a
/// start with thousands of sealed segments touches none of them.
///
/// Thread: any.
class SegmentData {
 public:
  /// `file`: the open file, if there is one already.
  SegmentData(FileSystem& files, Path path, std::shared_ptr<File> file = nullptr)
      : files_(files), path_(std::move(path)), file_(std::move(file)) {}

  const Path& path() const { return path_; }
  base::Result<std::shared_ptr<const File>> file() const;
  /// A share of the mapped range, which must lie within the file. Only for the kernel to read.
  base::Result<base::SharedBytes> bytes(std::uint64_t at, std::uint64_t length) const;
  /// Closes what no reader holds; the next one opens it again.
  void release();

 private:
  base::Result<> open_locked() const;

  FileSystem& files_;
  const Path path_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<File> file_;  // Under mutex_.
  mutable base::SharedBytes mapping_;   // Under mutex_; grows with the file.
};

}  // namespace storage
