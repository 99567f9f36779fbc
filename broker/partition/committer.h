#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "broker/runtime/loop.h"
#include "protocol/base/ids.h"
#include "protocol/base/result.h"
#include "storage/file/file_system.h"
#include "storage/log/log.h"

namespace broker {

/// Makes everything durable that the tickets name: starts write-back on all files, then syncs each,
/// then the directories that are still there. On success every ticket's `end` is on disk. Errors:
/// the first failed sync, which is final (reliability.md finding 1): no caller may acknowledge or
/// retry. `Fault::busy`: a directory could not be opened; do it all again.
base::Result<> sync_all(storage::FileSystem& files, std::span<const storage::SyncTicket> tickets);

/// The broker's one thread that syncs (DESIGN.md section 3). It has no timer: what arrives while
/// one round of syncs is in flight is taken by the next, so the disk itself sets the batching
/// window.
///
/// Thread: submit() any; completions run on the loop that was named.
class Committer {
 public:
  /// Who waits for syncs: one for each partition. `on_synced` runs on `loop` with the offset below
  /// which everything is on disk. Must outlive its last completion: the committer shares it.
  struct Client {
    Client(Loop& home, std::move_only_function<void(base::Offset)> done)
        : loop(home), on_synced(std::move(done)) {}
    Loop& loop;
    std::move_only_function<void(base::Offset)> on_synced;

   private:
    friend class Committer;
    storage::SyncTicket ticket_;  // Under the committer's mutex.
    bool queued_ = false;
  };

  /// `on_failure` runs on the committer's thread at the first failed sync and must end the process:
  /// afterwards nothing is synced and nobody is told anything.
  Committer(storage::FileSystem& files, std::function<void(const base::Error&)> on_failure);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// Asks for a sync. A ticket not yet taken is replaced: a later one covers the earlier.
  void submit(const std::shared_ptr<Client>& client, storage::SyncTicket ticket);
  /// Finishes what was submitted and ends the thread.
  void stop();

 private:
  using Round = std::vector<std::pair<std::shared_ptr<Client>, storage::SyncTicket>>;

  void run();
  Round take();
  void complete(const Round& round);

  storage::FileSystem& files_;
  std::function<void(const base::Error&)> on_failure_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::vector<std::shared_ptr<Client>> dirty_;  // Under mutex_.
  bool stopping_ = false;                       // Under mutex_.
  std::thread thread_;
};

}  // namespace broker
