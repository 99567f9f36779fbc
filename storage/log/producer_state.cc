#include "storage/log/producer_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "protocol/base/assert.h"
#include "protocol/base/big_endian.h"
#include "protocol/base/crc32c.h"

namespace storage {

namespace {

constexpr std::int32_t kSequenceMax = std::numeric_limits<std::int32_t>::max();

constexpr std::int16_t kSnapshotVersion = 1;
constexpr std::size_t kCrcAt = 2;
constexpr std::size_t kCrcEnd = 6;  // The checksum covers everything from here on.
constexpr std::size_t kEntriesAt = 10;
constexpr std::size_t kEntrySize = 46;

bool follows(std::int32_t last, std::int32_t next) {
  return last == kSequenceMax ? next == 0 : next == last + 1;
}

class Writer {
 public:
  explicit Writer(std::size_t size) { bytes_.reserve(size); }
  template <class I>
  void put(I value) {
    const auto at = bytes_.size();
    bytes_.resize(at + sizeof(I));
    base::store_big_endian(bytes_.data() + at, value);
  }
  void put_entry(base::ProducerId producer_id, const ProducerWindow& window,
                 const ProducerWindow::Batch& batch) {
    put(producer_id);
    put(window.epoch);
    put(batch.last_sequence);
    put(batch.last_offset);
    put(batch.offset_delta);
    put(batch.timestamp);
    put(std::int32_t{-1});  // Coordinator epoch.
    put(std::int64_t{-1});  // First offset of the open transaction.
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

struct Entry {
  base::ProducerId producer_id;
  base::ProducerEpoch epoch;
  ProducerWindow::Batch batch;

  static Entry read(const std::byte* from) {
    return {.producer_id = base::load_big_endian<std::int64_t>(from),
            .epoch = base::load_big_endian<std::int16_t>(from + 8),
            .batch = {.last_offset = base::load_big_endian<std::int64_t>(from + 14),
                      .timestamp = base::load_big_endian<std::int64_t>(from + 26),
                      .last_sequence = base::load_big_endian<std::int32_t>(from + 10),
                      .offset_delta = base::load_big_endian<std::int32_t>(from + 22)}};
  }

  // A producer that only a transaction marker speaks of has no batch: offset and sequence -1.
  bool has_batch() const { return batch.last_offset >= 0; }

  bool plausible() const {
    if (producer_id < 0 || epoch < 0) return false;
    return !has_batch() || (batch.last_sequence >= 0 && batch.offset_delta >= 0 &&
                            batch.offset_delta <= batch.last_offset);
  }
};

}  // namespace

SequenceCheck ProducerState::check(const record::BatchHeader& header) const {
  if (!header.has_producer()) return {};
  const auto* window = find(header.producer_id);
  if (window == nullptr) return {};

  if (header.producer_epoch == window->epoch) {
    for (const auto& batch : window->known())
      if (batch.first_sequence() == header.base_sequence &&
          batch.last_sequence == header.last_sequence())
        return {.verdict = SequenceVerdict::duplicate,
                .base_offset = batch.base_offset(),
                .last_offset = batch.last_offset,
                .timestamp = header.log_append_time() ? batch.timestamp : -1};
  }
  if (header.producer_epoch < window->epoch)
    return {.verdict = SequenceVerdict::invalid_producer_epoch};

  // In a window without batches a marker has raised the epoch: what comes next is its first.
  const bool begins = header.producer_epoch > window->epoch || window->count == 0;
  const bool fits = begins ? header.base_sequence == 0
                           : follows(window->known().back().last_sequence, header.base_sequence);
  return {.verdict = fits ? SequenceVerdict::ok : SequenceVerdict::out_of_order_sequence};
}

void ProducerState::update(const record::BatchHeader& header, base::Offset base_offset,
                           base::Timestamp now) {
  if (!header.has_producer()) return;
  if (staging_) {
    const auto* const before = find(header.producer_id);
    undo_.push_back(
        {header.producer_id, before == nullptr ? std::nullopt : std::optional(*before)});
  }

  auto& window = producers_.edit(header.producer_id);
  if (header.producer_epoch != window.epoch) {
    window.epoch = header.producer_epoch;
    window.count = 0;
  }
  const auto timestamp = header.log_append_time() ? header.max_timestamp : now;
  if (header.control()) {  // A marker has no sequence.
    window.last_timestamp = timestamp;
    return;
  }
  window.add({.last_offset = base_offset + header.last_offset_delta,
              .timestamp = timestamp,
              .last_sequence = header.last_sequence(),
              .offset_delta = header.last_offset_delta});
}

ProducerState::Mark ProducerState::mark() {
  staging_ = true;
  return undo_.size();
}

void ProducerState::rollback(Mark mark) {
  ASSERT(staging_ && mark <= undo_.size(), "a mark is good until the next commit");
  while (undo_.size() > mark) {
    auto& [producer_id, before] = undo_.back();
    if (before)
      producers_.edit(producer_id) = *before;
    else
      producers_.erase(producer_id);
    undo_.pop_back();
  }
}

void ProducerState::commit() {
  undo_.clear();
  staging_ = false;
}

std::size_t ProducerState::expire(base::Timestamp now, std::int64_t expiration_ms) {
  ASSERT(!staging_, "a rollback must find the producers it knew");
  return producers_.erase_if(
      [&](const ProducerWindow& window) { return window.last_timestamp <= now - expiration_ms; });
}

const ProducerWindow* ProducerState::find(base::ProducerId producer_id) const {
  return producers_.find(producer_id);
}

void ProducerState::clear() {
  producers_.clear();
  commit();
}

std::vector<std::byte> ProducerState::to_snapshot(const ProducerTable::Shared& windows) {
  std::int32_t entries = 0;
  std::vector<const ProducerTable::Entry*> sorted;
  for (const auto& chunk : windows)
    for (const auto& entry : *chunk) {
      entries += std::max<std::int32_t>(entry.second.count, 1);
      sorted.push_back(&entry);
    }
  // The same state always makes the same file.
  std::ranges::sort(sorted, {}, [](const auto* entry) { return entry->first; });

  Writer out(kEntriesAt + static_cast<std::size_t>(entries) * kEntrySize);
  out.put(kSnapshotVersion);
  out.put(std::uint32_t{0});
  out.put(entries);
  for (const auto* const entry : sorted) {
    const auto& [producer_id, window] = *entry;
    for (const auto& batch : window.known()) out.put_entry(producer_id, window, batch);
    if (window.count == 0) out.put_entry(producer_id, window, {.timestamp = window.last_timestamp});
  }
  auto bytes = out.take();
  base::store_big_endian(bytes.data() + kCrcAt,
                         base::crc32c(base::BytesView(bytes).subspan(kCrcEnd)));
  return bytes;
}

base::Result<ProducerState> ProducerState::from_snapshot(base::BytesView bytes) {
  if (bytes.size() < kEntriesAt)
    return base::fail(base::Fault::corruption, "producer snapshot: shorter than its head");
  const auto version = base::load_big_endian<std::int16_t>(bytes.data());
  if (version != kSnapshotVersion)
    return base::fail(
        base::Fault::unsupported,
        fmt::format("producer snapshot: version {}, and this program reads 1 only", version));
  if (base::load_big_endian<std::uint32_t>(bytes.data() + kCrcAt) !=
      base::crc32c(bytes.subspan(kCrcEnd)))
    return base::fail(base::Fault::corruption, "producer snapshot: the checksum does not match");
  const auto count = base::load_big_endian<std::int32_t>(bytes.data() + kCrcEnd);
  if (count < 0 || bytes.size() - kEntriesAt != static_cast<std::size_t>(count) * kEntrySize)
    return base::fail(
        base::Fault::corruption,
        fmt::format("producer snapshot: {} entries in {} bytes", count, bytes.size() - kEntriesAt));

  ProducerState state;
  for (auto at = kEntriesAt; at < bytes.size(); at += kEntrySize) {
    const auto entry = Entry::read(bytes.data() + at);
    if (!entry.plausible())
      return base::fail(base::Fault::corruption,
                        fmt::format("producer snapshot: impossible entry at {}", at));
    auto& window = state.producers_.edit(entry.producer_id);
    if (window.epoch != entry.epoch) {
      window.epoch = entry.epoch;
      window.count = 0;
    }
    if (entry.has_batch()) window.add(entry.batch);
    window.last_timestamp = entry.batch.timestamp;
  }
  return state;
}

}  // namespace storage
