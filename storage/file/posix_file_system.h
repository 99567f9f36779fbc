#pragma once

#include "storage/file/file_system.h"

namespace storage {

struct PosixOptions {
  /// False: resident() asks by RWF_NOWAIT even where the kernel has cachestat, as on Debian 12.
  bool use_cachestat = true;
};

/// The operating system's files. Symbolic links are not followed in a path's last part, except to
/// list and sync a directory, or where the path ends in a slash. Every error names the path and the
/// system's reason. Thread: any.
class PosixFileSystem final : public FileSystem {
 public:
  explicit PosixFileSystem(PosixOptions options = {});

  base::Result<std::shared_ptr<File>> open(const Path& path, OpenMode mode) override;
  base::Result<> rename(const Path& from, const Path& to) override;
  base::Result<> remove(const Path& path) override;
  base::Result<> create_directory(const Path& path) override;
  base::Result<> sync_directory(const Path& path) override;
  base::Result<std::vector<std::string>> list(const Path& directory) override;
  base::Result<bool> exists(const Path& path) override;
  base::Result<bool> is_directory(const Path& path) override;
  base::Result<SpaceInfo> space(const Path& path) override;
  base::Result<std::shared_ptr<void>> lock(const Path& path) override;

 private:
  const bool use_cachestat_;
};

}  // namespace storage
