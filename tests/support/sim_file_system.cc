#include "tests/support/sim_file_system.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "protocol/base/assert.h"
#include "tests/support/sim_inode.h"

namespace test {

using base::Fault;
using base::Result;
using storage::Path;

namespace {

using InodePtr = std::shared_ptr<Inode>;

// A change of a directory that its sync makes durable: `name` becomes `inode`, or nothing.
struct PendingEntry {
  InodePtr directory;
  std::string name;
  InodePtr inode;

  void apply() const {
    auto& entries = directory->durable_entries;
    // A file has one name: in a rename the one before goes in the same moment.
    std::erase_if(entries, [this](const auto& entry) { return inode && entry.second == inode; });
    if (inode)
      entries[name] = inode;
    else
      entries.erase(name);
  }
};

std::unexpected<base::Error> fail(Fault fault, std::string_view why, const Path& path) {
  return base::fail(fault, fmt::format("simulated disk: {}: {}", path.string(), why));
}

}  // namespace

struct SimFileSystem::State {
  struct Planned {
    std::uint64_t at;
    Fault fault;
    Times times;
  };

  mutable std::mutex mutex;
  std::uint64_t capacity = 0;
  std::uint64_t used = 0;
  std::uint64_t operations = 0;
  std::uint64_t boot = 0;
  std::optional<Planned> planned;
  std::optional<std::uint64_t> cut_at;
  bool power_off = false;
  bool resident = true;
  bool half_writes = false;
  std::set<std::string> locks;
  std::vector<PendingEntry> pending;
  InodePtr root = std::make_shared<Inode>(used, true);

  Result<> powered(const Path& path) const {
    if (power_off) return fail(Fault::io, "power is off", path);
    return {};
  }

  // Counts a changing operation and lets it fail where the test wants that.
  Result<> begin_change(const Path& path) {
    TRY(powered(path));
    ++operations;
    if (cut_at && operations >= *cut_at) {
      power_off = true;
      return fail(Fault::io, "power is off", path);
    }
    if (planned && (operations == planned->at ||
                    (operations > planned->at && planned->times == Times::forever)))
      return fail(planned->fault, fmt::format("planned fault at operation {}", operations), path);
    return {};
  }

  InodePtr find(const Path& path) const {
    auto inode = root;
    for (const auto& part : path.lexically_normal().relative_path()) {
      if (part.empty() || part == ".") continue;
      if (!inode->directory) return nullptr;
      const auto entry = inode->entries.find(part.string());
      if (entry == inode->entries.end()) return nullptr;
      inode = entry->second;
    }
    return inode;
  }

  Result<InodePtr> directory(const Path& path) const {
    auto inode = find(path);
    if (!inode) return fail(Fault::missing, "no such directory", path);
    if (!inode->directory) return fail(Fault::io, "not a directory", path);
    return inode;
  }

  Result<> grow(Inode& inode, std::uint64_t to, const Path& path) {
    if (to <= inode.size) return {};
    if (to > kReservation) return fail(Fault::full, "larger than a simulated file may be", path);
    if (used + (to - inode.size) > capacity) return fail(Fault::full, "no space left", path);
    inode.set_size(to);
    return {};
  }

  void sync_entries(const std::function<bool(const PendingEntry&)>& mine) {
    for (const auto& entry : pending)
      if (mine(entry)) entry.apply();
    std::erase_if(pending, mine);
  }

  void crash_below(Inode& directory, const std::function<bool()>& keeps, base::Random& random,
                   Loss loss) {
    directory.entries = directory.durable_entries;
    for (const auto& [name, inode] : directory.entries) {
      if (inode->directory)
        crash_below(*inode, keeps, random, loss);
      else
        inode->crash(keeps, random, loss == Loss::random);
    }
  }
};

class SimFileSystem::OpenFile final : public storage::File {
 public:
  OpenFile(std::shared_ptr<State> state, InodePtr inode, Path path, bool writable)
      : state_(std::move(state)),
        inode_(std::move(inode)),
        path_(std::move(path)),
        boot_(state_->boot),
        writable_(writable) {}

  using File::write_at;

  Result<> write_at(std::uint64_t at, std::span<const base::BytesView> pieces) override {
    const std::scoped_lock lock(state_->mutex);
    std::uint64_t end = at;
    for (const auto& piece : pieces) end += piece.size();
    if (auto begun = begin_change(); !begun) {
      if (state_->half_writes && alive() && writable_) write_half(at, end, pieces);
      return begun;
    }
    TRY(state_->grow(*inode_, end, path_));
    for (const auto& piece : pieces) {
      inode_->write(at, piece);
      at += piece.size();
    }
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t at, std::span<std::byte> into) const override {
    const std::scoped_lock lock(state_->mutex);
    TRY(alive());
    if (at >= inode_->size) return std::size_t{0};
    const auto length = std::min<std::uint64_t>(into.size(), inode_->size - at);
    if (length == 0) return std::size_t{0};
    const auto bad = inode_->unreadable.lower_bound(at / kSector);
    if (bad != inode_->unreadable.end() && *bad * kSector < at + length)
      return fail(Fault::io, fmt::format("bad sector at {}", *bad * kSector), path_);
    std::memcpy(into.data(), inode_->area->at(at), length);
    return static_cast<std::size_t>(length);
  }

  Result<std::uint64_t> size() const override {
    const std::scoped_lock lock(state_->mutex);
    TRY(alive());
    return inode_->size;
  }

  Result<std::uint64_t> next_data(std::uint64_t from) const override {
    const std::scoped_lock lock(state_->mutex);
    TRY(alive());
    return from < inode_->written_end ? from : inode_->size;
  }

  Result<> sync() override {
    const std::scoped_lock lock(state_->mutex);
    TRY(alive());
    if (const auto begun = state_->begin_change(path_); !begun) {
      if (!state_->power_off) inode_->fail_sync();
      return begun;
    }
    inode_->sync();
    return {};
  }

  void start_writeback() override {}

  Result<> allocate(std::uint64_t size) override {
    const std::scoped_lock lock(state_->mutex);
    TRY(begin_change());
    return state_->grow(*inode_, size, path_);
  }

  Result<> truncate(std::uint64_t size) override {
    const std::scoped_lock lock(state_->mutex);
    TRY(begin_change());
    TRY(state_->grow(*inode_, size, path_));
    if (size < inode_->size) inode_->cut(size);
    return {};
  }

  Result<base::SharedBytes> map(std::uint64_t length) override {
    const std::scoped_lock lock(state_->mutex);
    TRY(alive());
    if (length > inode_->size) return fail(Fault::invalid, "mapping beyond the end", path_);
    if (length == 0) return base::SharedBytes{};
    return base::SharedBytes{.owner = inode_->area, .view = {inode_->area->at(0), length}};
  }

  bool resident(std::uint64_t, std::uint64_t) const override {
    const std::scoped_lock lock(state_->mutex);
    return state_->resident;
  }

  Result<> drop_cache() override {
    const std::scoped_lock lock(state_->mutex);
    TRY(alive());
    inode_->drop_clean();
    return {};
  }

 private:
  Result<> alive() const {
    TRY(state_->powered(path_));
    if (boot_ != state_->boot) return fail(Fault::io, "opened before the power cut", path_);
    return {};
  }
  void write_half(std::uint64_t at, std::uint64_t end, std::span<const base::BytesView> pieces) {
    auto left = (end - at) / 2;
    if (!state_->grow(*inode_, at + left, path_)) return;
    for (const auto& piece : pieces) {
      const auto part = std::min<std::uint64_t>(left, piece.size());
      inode_->write(at, piece.first(part));
      at += part;
      left -= part;
    }
  }
  Result<> begin_change() {
    TRY(alive());
    if (!writable_) return fail(Fault::io, "opened for reading", path_);
    return state_->begin_change(path_);
  }

  const std::shared_ptr<State> state_;
  const InodePtr inode_;
  const Path path_;
  const std::uint64_t boot_;
  const bool writable_;
};

SimFileSystem::SimFileSystem(std::uint64_t capacity) : state_(std::make_shared<State>()) {
  state_->capacity = capacity;
}

SimFileSystem::~SimFileSystem() = default;

void SimFileSystem::crash(base::Random& random, Loss loss) {
  const std::scoped_lock lock(state_->mutex);
  state_->locks.clear();
  state_->planned.reset();
  state_->cut_at.reset();
  state_->power_off = false;
  ++state_->boot;
  if (loss == Loss::nothing) return;  // The kernel lives on, with all that is not synced yet.

  // Some nights nearly all was written back already, some nights nothing.
  const std::uint64_t percent = loss == Loss::everything ? 0 : random.below(5) * 25;
  const std::function<bool()> keeps = [&] { return random.below(100) < percent; };
  for (const auto& entry : state_->pending)
    if (keeps()) entry.apply();
  state_->pending.clear();
  state_->crash_below(*state_->root, keeps, random, loss);
}

std::uint64_t SimFileSystem::operations() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->operations;
}

void SimFileSystem::fail_at(std::uint64_t n, Fault fault, Times times) {
  const std::scoped_lock lock(state_->mutex);
  state_->planned = State::Planned{.at = n, .fault = fault, .times = times};
}

void SimFileSystem::set_half_writes(bool half) {
  const std::scoped_lock lock(state_->mutex);
  state_->half_writes = half;
}

void SimFileSystem::crash_at(std::uint64_t n) {
  const std::scoped_lock lock(state_->mutex);
  state_->cut_at = n;
}

bool SimFileSystem::power_is_off() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->power_off;
}

void SimFileSystem::set_capacity(std::uint64_t bytes) {
  const std::scoped_lock lock(state_->mutex);
  state_->capacity = bytes;
}

void SimFileSystem::damage(const Path& path, std::uint64_t at) {
  const std::scoped_lock lock(state_->mutex);
  const auto inode = state_->find(path);
  ASSERT(inode && at < inode->size, "a test damages a byte that is there");
  *inode->area->at(at) ^= std::byte{0xff};
  inode->written_end = std::max(inode->written_end, at + 1);
  if (const auto old = inode->changed.find(at / kSector); old != inode->changed.end())
    old->second.durable[at % kSector] ^= std::byte{0xff};
}

void SimFileSystem::make_unreadable(const Path& path, std::uint64_t at) {
  const std::scoped_lock lock(state_->mutex);
  const auto inode = state_->find(path);
  ASSERT(inode && at < inode->size, "a test breaks a sector that is there");
  inode->unreadable.insert(at / kSector);
}

void SimFileSystem::set_resident(bool resident) {
  const std::scoped_lock lock(state_->mutex);
  state_->resident = resident;
}

Result<std::shared_ptr<storage::File>> SimFileSystem::open(const Path& path,
                                                           storage::OpenMode mode) {
  using storage::OpenMode;
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->powered(path));
  const auto parent = TRY(state_->directory(path.parent_path()));
  auto inode = state_->find(path);
  if (inode && mode == OpenMode::create_new) return fail(Fault::exists, "file exists", path);
  if (inode && inode->directory) return fail(Fault::io, "is a directory", path);
  if (!inode) {
    if (mode == OpenMode::read || mode == OpenMode::read_write)
      return fail(Fault::missing, "no such file", path);
    TRY(state_->begin_change(path));
    inode = std::make_shared<Inode>(state_->used, false);
    parent->entries[path.filename().string()] = inode;
    state_->pending.push_back({parent, path.filename().string(), inode});
  }
  return std::make_shared<OpenFile>(state_, inode, path, mode != OpenMode::read);
}

Result<> SimFileSystem::rename(const Path& from, const Path& to) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->begin_change(from));
  if (from.parent_path() != to.parent_path())
    return fail(Fault::unsupported, "renames stay within a directory", to);
  const auto inode = state_->find(from);
  if (!inode) return fail(Fault::missing, "no such file", from);
  if (const auto there = state_->find(to)) {
    const bool replaceable =
        there->directory == inode->directory && (!there->directory || there->entries.empty());
    if (!replaceable) return fail(Fault::exists, "in the way", to);
  }
  const auto parent = TRY(state_->directory(from.parent_path()));
  parent->entries.erase(from.filename().string());
  parent->entries[to.filename().string()] = inode;
  state_->pending.push_back({parent, to.filename().string(), inode});
  return {};
}

Result<> SimFileSystem::remove(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->begin_change(path));
  const auto inode = state_->find(path);
  if (!inode) return fail(Fault::missing, "no such file", path);
  if (!inode->entries.empty()) return fail(Fault::exists, "directory is not empty", path);
  const auto parent = TRY(state_->directory(path.parent_path()));
  parent->entries.erase(path.filename().string());
  state_->pending.push_back({parent, path.filename().string(), nullptr});
  return {};
}

Result<> SimFileSystem::create_directory(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->begin_change(path));
  if (state_->find(path)) return fail(Fault::exists, "exists", path);
  const auto parent = TRY(state_->directory(path.parent_path()));
  const auto inode = std::make_shared<Inode>(state_->used, true);
  parent->entries[path.filename().string()] = inode;
  state_->pending.push_back({parent, path.filename().string(), inode});
  return {};
}

Result<> SimFileSystem::sync_directory(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->begin_change(path));
  const auto directory = TRY(state_->directory(path));
  state_->sync_entries([&](const PendingEntry& entry) { return entry.directory == directory; });
  return {};
}

Result<std::vector<std::string>> SimFileSystem::list(const Path& directory) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->powered(directory));
  const auto inode = TRY(state_->directory(directory));
  std::vector<std::string> names;
  for (const auto& [name, entry] : inode->entries) names.push_back(name);
  return names;
}

Result<bool> SimFileSystem::exists(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->powered(path));
  return state_->find(path) != nullptr;
}

Result<bool> SimFileSystem::is_directory(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->powered(path));
  const auto inode = state_->find(path);
  return inode && inode->directory;
}

Result<storage::SpaceInfo> SimFileSystem::space(const Path& path) {
  const std::scoped_lock lock(state_->mutex);
  TRY(state_->powered(path));
  return storage::SpaceInfo{
      .capacity = state_->capacity,
      .available = state_->capacity - std::min(state_->used, state_->capacity)};
}

Result<std::shared_ptr<void>> SimFileSystem::lock(const Path& path) {
  TRY(open(path, storage::OpenMode::create_or_open));
  const std::scoped_lock lock(state_->mutex);
  if (!state_->locks.insert(path.string()).second)
    return fail(Fault::exists, "locked by process 4711", path);
  const auto unlock = [state = state_, boot = state_->boot](std::string* held) {
    const std::scoped_lock inner(state->mutex);
    if (boot == state->boot) state->locks.erase(*held);
    delete held;
  };
  return std::shared_ptr<void>(
      std::shared_ptr<std::string>(new std::string(path.string()), unlock));
}

}  // namespace test
