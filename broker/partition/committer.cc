#include "broker/partition/committer.h"

#include <chrono>
#include <map>
#include <set>
#include <thread>
#include <utility>

namespace broker {
namespace {

/// Nothing tells when the process has descriptors again, so it is asked.
constexpr std::chrono::milliseconds kTryAgainAfter{100};

/// A later ticket covers an earlier one's bytes but names only what it knows: files of both count.
void merge(storage::SyncTicket& into, storage::SyncTicket&& later) {
  for (auto& file : later.files) {
    if (std::ranges::find(into.files, file) == into.files.end())
      into.files.push_back(std::move(file));
  }
  for (auto& directory : later.directories) {
    if (std::ranges::find(into.directories, directory) == into.directories.end())
      into.directories.push_back(std::move(directory));
  }
  into.end = later.end;
}

}  // namespace

base::Result<> sync_all(storage::FileSystem& files, std::span<const storage::SyncTicket> tickets) {
  std::set<storage::Path> directories;
  std::size_t file_count = 0;
  for (const auto& ticket : tickets) {
    file_count += ticket.files.size();
    directories.insert(ticket.directories.begin(), ticket.directories.end());
  }
  // With one file the sync itself starts the write-back; with several this lets them overlap.
  if (file_count > 1) {
    for (const auto& ticket : tickets)
      for (const auto& file : ticket.files) file->start_writeback();
  }
  for (const auto& ticket : tickets)
    for (const auto& file : ticket.files) TRY(file->sync());
  for (const auto& directory : directories) {
    // One that is gone belonged to a topic that was deleted meanwhile: nobody waits for its names.
    const auto synced = files.sync_directory(directory);
    if (!synced && synced.error().fault != base::Fault::missing) return synced;
  }
  return {};
}

Committer::Committer(storage::FileSystem& files, std::function<void(const base::Error&)> on_failure)
    : files_(files), on_failure_(std::move(on_failure)), thread_([this] { run(); }) {}

Committer::~Committer() { stop(); }

void Committer::submit(const std::shared_ptr<Client>& client, storage::SyncTicket ticket) {
  bool wake = false;
  {
    const std::scoped_lock lock(mutex_);
    merge(client->ticket_, std::move(ticket));
    if (!std::exchange(client->queued_, true)) {
      wake = dirty_.empty();
      dirty_.push_back(client);
    }
  }
  if (wake) work_.notify_one();
}

void Committer::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Committer::Round Committer::take() {
  std::unique_lock lock(mutex_);
  work_.wait(lock, [this] { return stopping_ || !dirty_.empty(); });
  Round round;
  round.reserve(dirty_.size());
  for (auto& client : dirty_) {
    client->queued_ = false;
    auto ticket = std::exchange(client->ticket_, {});
    round.emplace_back(std::move(client), std::move(ticket));
  }
  dirty_.clear();
  return round;
}

void Committer::run() {
  for (;;) {
    const auto round = take();
    if (round.empty()) return;  // Stopping, and nothing left.
    std::vector<storage::SyncTicket> tickets;
    tickets.reserve(round.size());
    for (const auto& [client, ticket] : round) tickets.push_back(ticket);
    auto synced = sync_all(files_, tickets);
    // A directory could not be opened: no sync has failed, and what waits for this goes on waiting.
    while (!synced && synced.error().fault == base::Fault::busy) {
      std::this_thread::sleep_for(kTryAgainAfter);
      synced = sync_all(files_, tickets);
    }
    if (!synced) {
      on_failure_(synced.error());
      return;
    }
    complete(round);
  }
}

void Committer::complete(const Round& round) {
  // One post for each loop, however many partitions: a wake-up is dearer than all of them.
  std::map<Loop*, std::vector<std::pair<std::shared_ptr<Client>, base::Offset>>> by_loop;
  for (const auto& [client, ticket] : round)
    by_loop[&client->loop].emplace_back(client, ticket.end);
  for (auto& [loop, synced] : by_loop) {
    loop->post([done = std::move(synced)] {
      for (const auto& [waiting, end] : done) waiting->on_synced(end);
    });
  }
}

}  // namespace broker
