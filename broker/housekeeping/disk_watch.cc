#include "broker/housekeeping/disk_watch.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "protocol/base/assert.h"

namespace broker {
namespace {

constexpr std::chrono::seconds kEvery{1};

}  // namespace

DiskWatch::DiskWatch(storage::FileSystem& files, std::filesystem::path directory,
                     WorkerPool& workers, Loop& loop, DiskGuard& guard,
                     std::function<void(const std::string&)> say)
    : files_(files),
      directory_(std::move(directory)),
      workers_(workers),
      loop_(loop),
      guard_(guard),
      say_(std::move(say)),
      self_(std::make_shared<DiskWatch*>(this)) {}

void DiskWatch::measure() {
  workers_.post(
      [&files = files_, directory = directory_, &loop = loop_, weak = std::weak_ptr(self_)] {
        auto space = files.space(directory);
        loop.post([weak, space = std::move(space)] {
          if (const auto self = weak.lock()) (*self)->measured(space);
        });
      });
}

void DiskWatch::measured(const base::Result<storage::SpaceInfo>& space) {
  ASSERT(loop_.on_this_thread(), "housekeeping lives on its loop");
  // A directory that cannot be asked is no reason to refuse: the next append finds out.
  if (space) guard_.note_available(space->available);
  const bool may_append = guard_.may_append();
  if (space && std::exchange(told_may_append_, may_append) != may_append) {
    const auto mib = space->available >> 20U;
    say_(may_append ? fmt::format("the disk has room again ({} MiB free): records are taken", mib)
                    : fmt::format(
                          "the disk is nearly full ({} MiB free in {}): no records are taken until "
                          "there is more; reading goes on. Free some space, or lower "
                          "disk.reserve.bytes",
                          mib, directory_.string()));
  }
  timer_ = loop_.call_at(loop_.clock().monotonic() + kEvery, [this] { measure(); });
}

}  // namespace broker
