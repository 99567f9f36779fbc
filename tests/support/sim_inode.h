#pragma once

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "protocol/base/assert.h"
#include "protocol/base/bytes.h"
#include "protocol/base/random.h"

namespace test {

inline constexpr std::uint64_t kSector = 512;
// Address space, not memory: a mapping must stay where it is while its file grows.
inline constexpr std::uint64_t kReservation = std::uint64_t{64} << 20;

// The content of a file, at one address for life.
class Area {
 public:
  Area()
      : begin_(
            static_cast<std::byte*>(::mmap(nullptr, kReservation, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    ASSERT(begin_ != MAP_FAILED, "address space is there for every simulated file");
  }
  Area(const Area&) = delete;
  Area& operator=(const Area&) = delete;
  ~Area() { ::munmap(begin_, kReservation); }

  std::byte* at(std::uint64_t position) const { return begin_ + position; }

 private:
  std::byte* begin_;
};

using Sector = std::array<std::byte, kSector>;

// What the disk still holds where the page cache holds something newer.
struct OldSector {
  Sector durable;
  bool dirty = true;  // False: its sync failed, so nobody will ever write it.
};

/// A file or directory of the simulated disk: what programs see, and what the disk itself holds.
/// Thread: under the lock of its file system.
struct Inode {
  explicit Inode(std::uint64_t& used_bytes, bool is_directory)
      : used(used_bytes), directory(is_directory), area(is_directory ? nullptr : new Area) {}
  Inode(const Inode&) = delete;
  Inode& operator=(const Inode&) = delete;
  ~Inode() { used -= size; }

  void set_size(std::uint64_t to) {
    used += to - size;
    size = to;
    sizes.push_back(to);
  }

  Sector sector(std::uint64_t number) const {
    Sector copy;
    std::memcpy(copy.data(), area->at(number * kSector), kSector);
    return copy;
  }
  void restore(std::uint64_t number, const Sector& content) {
    std::memcpy(area->at(number * kSector), content.data(), kSector);
  }

  // Keeps the disk's picture of the sectors that are about to change.
  void touch(std::uint64_t from, std::uint64_t to) {
    for (auto number = from / kSector; number * kSector < to; ++number) {
      const auto [old, is_new] = changed.try_emplace(number);
      if (is_new) old->second.durable = sector(number);
      old->second.dirty = true;
      unreadable.erase(number);
    }
  }

  void write(std::uint64_t at, base::BytesView piece) {
    if (piece.empty()) return;
    touch(at, at + piece.size());
    std::memcpy(area->at(at), piece.data(), piece.size());
    written_end = std::max(written_end, at + piece.size());
  }

  void cut(std::uint64_t to) {
    if (to < written_end) {
      touch(to, written_end);
      std::memset(area->at(to), 0, written_end - to);
      written_end = to;
    }
    set_size(to);
  }

  void sync() {
    std::erase_if(changed, [](const auto& entry) { return entry.second.dirty; });
    sizes = {size};
  }
  void fail_sync() {
    for (auto& [number, old] : changed) old.dirty = false;
  }
  // The next read asks the disk, which never got what a failed sync was to bring.
  void drop_clean() {
    std::erase_if(changed, [&](const auto& entry) {
      if (!entry.second.dirty) restore(entry.first, entry.second.durable);
      return !entry.second.dirty;
    });
  }

  /// The power goes: `keeps` says for each changed sector whether it was written back in time. The
  /// size is the synced one, or with `any_size` one of those since.
  void crash(const std::function<bool()>& keeps, base::Random& random, bool any_size) {
    for (const auto& [number, old] : changed) {
      if (!old.dirty || !keeps()) restore(number, old.durable);
      written_end = std::max(written_end, (number + 1) * kSector);
    }
    changed.clear();
    const auto kept = any_size ? sizes[random.below(sizes.size())] : sizes.front();
    used += kept - size;
    size = kept;
    sizes = {size};
    // Nothing is left beyond the end; growing again shows zeros.
    if (written_end > size) {
      std::memset(area->at(size), 0, written_end - size);
      written_end = size;
    }
  }

  std::uint64_t& used;
  const bool directory;

  const std::shared_ptr<Area> area;
  std::uint64_t size = 0;
  std::uint64_t written_end = 0;        // All zeros from here on.
  std::vector<std::uint64_t> sizes{0};  // The durable one, then those since.
  std::map<std::uint64_t, OldSector> changed;
  std::set<std::uint64_t> unreadable;

  std::map<std::string, std::shared_ptr<Inode>> entries;
  std::map<std::string, std::shared_ptr<Inode>> durable_entries;
};

}  // namespace test
