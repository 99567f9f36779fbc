#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "protocol/base/ids.h"
#include "storage/log/producer_window.h"

namespace storage {

/// The windows of a partition's producers, in chunks that a picture of the whole shares with the
/// table: a copy of 100,000 windows would hold a loop for 100 ms. A chunk that was shared is never
/// written again; the first change to it after that is made in a copy.
///
/// Thread: one at a time; a Shared any, as nobody writes what it holds.
class ProducerTable {
 public:
  using Entry = std::pair<base::ProducerId, ProducerWindow>;
  using Chunk = std::vector<Entry>;
  /// All entries of one moment, in no order.
  using Shared = std::vector<std::shared_ptr<const Chunk>>;
  /// Entries of a chunk: so many are copied by a change, and so many cost one step of share().
  static constexpr std::size_t kChunk = 64;

  ProducerTable() = default;
  // Two tables would both write the chunks that neither has shared.
  ProducerTable(const ProducerTable&) = delete;
  ProducerTable& operator=(const ProducerTable&) = delete;
  ProducerTable(ProducerTable&&) = default;
  ProducerTable& operator=(ProducerTable&&) = default;
  ~ProducerTable() = default;

  std::size_t size() const { return places_.size(); }
  /// Null if it is not known. Good until the next change.
  const ProducerWindow* find(base::ProducerId producer_id) const;
  /// To be changed; an empty one if it was not known. Good until the next call of anything else.
  ProducerWindow& edit(base::ProducerId producer_id);
  void erase(base::ProducerId producer_id);
  /// Returns how many.
  std::size_t erase_if(const std::function<bool(const ProducerWindow&)>& unwanted);
  void clear();

  /// Copies no window.
  Shared share() const;

 private:
  struct Held {
    std::shared_ptr<Chunk> entries;
    std::uint64_t made_at = 0;  // The value of shares_ then.
  };

  const Entry& at(std::size_t place) const {
    return (*chunks_[place / kChunk].entries)[place % kChunk];
  }
  Chunk& own(std::size_t chunk);
  void erase_at(std::size_t place);

  std::vector<Held> chunks_;  // All full but the last.
  std::unordered_map<base::ProducerId, std::size_t> places_;
  // Instead of use counts: those tell when a reader has let go, but not that its reads are over.
  mutable std::uint64_t shares_ = 0;
};

}  // namespace storage
