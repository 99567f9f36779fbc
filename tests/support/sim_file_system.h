#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "protocol/base/random.h"
#include "storage/file/file_system.h"

namespace test {

/// A disk in memory that loses what was not synced, as the strictest real one may.
///
/// - A written sector (512 bytes) is durable after its file's sync(); a changed size likewise.
/// - An entry (created, renamed, removed) is durable after its directory's sync, not its file's.
/// - A failed sync leaves the sectors readable but never to be written again, as Linux does.
///
/// Changing operations are counted from 1 (write, sync, allocate, truncate, create, rename, remove,
/// make and sync a directory, sync everything), so that a test can break each one in turn:
///
///     for (n = 1;; ++n) {
///       SimFileSystem disk;
///       disk.crash_at(n);
///       work(disk);                       // Fails from the n-th operation on.
///       const bool done = !disk.power_is_off();
///       disk.crash(random);               // Loses what may be lost; power is on again.
///       check(disk);
///       if (done) break;
///     }
///
/// Deterministic. Renames stay within one directory. Thread: any.
class SimFileSystem final : public storage::FileSystem {
 public:
  /// What happens at a power cut to whatever was not synced.
  enum class Loss : std::uint8_t {
    random,      // Each sector, size and entry on its own is lost or kept; a rename is whole.
    everything,  // The least that may be left.
    nothing,     // As after kill -9 of the process: what is not synced yet stays so.
  };
  enum class Times : std::uint8_t {
    once,
    forever
  };

  explicit SimFileSystem(std::uint64_t capacity = std::uint64_t{1} << 34);
  ~SimFileSystem() override;

  /// Cuts the power and turns it on again. Files opened before are dead, locks are free, planned
  /// faults are forgotten.
  void crash(base::Random& random, Loss loss = Loss::random);

  /// Changing operations so far. Not reset by crash().
  std::uint64_t operations() const;
  /// Lets the changing operation number `n` (and with `forever` those after it) fail without
  /// effect.
  void fail_at(std::uint64_t n, base::Fault fault, Times times = Times::once);
  /// With true, a write that fails by plan has half of its bytes done, as a real one may.
  void set_half_writes(bool half);
  /// Turns the power off just before changing operation number `n`: it and everything after it,
  /// reads too, fail with Fault::io until crash().
  void crash_at(std::uint64_t n);
  bool power_is_off() const;

  /// Bytes that all files together may have; growing beyond is Fault::full.
  void set_capacity(std::uint64_t bytes);
  /// Inverts the byte at `at` of a file, on disk and in the cache: bit rot.
  void damage(const storage::Path& path, std::uint64_t at);
  /// Reads that touch the sector of `at` fail with Fault::io from now on, until it is written.
  void make_unreadable(const storage::Path& path, std::uint64_t at);
  /// What resident() answers for files of this disk; true at first.
  void set_resident(bool resident);

  base::Result<std::shared_ptr<storage::File>> open(const storage::Path& path,
                                                    storage::OpenMode mode) override;
  base::Result<> rename(const storage::Path& from, const storage::Path& to) override;
  base::Result<> remove(const storage::Path& path) override;
  base::Result<> create_directory(const storage::Path& path) override;
  base::Result<> sync_directory(const storage::Path& path) override;
  base::Result<std::vector<std::string>> list(const storage::Path& directory) override;
  base::Result<bool> exists(const storage::Path& path) override;
  base::Result<bool> is_directory(const storage::Path& path) override;
  base::Result<storage::SpaceInfo> space(const storage::Path& path) override;
  base::Result<std::shared_ptr<void>> lock(const storage::Path& path) override;

 private:
  struct State;
  class OpenFile;
  std::shared_ptr<State> state_;  // Shared with open files.
};

}  // namespace test
