#include "storage/log/leader_epochs.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "storage/file/checkpoint_file.h"

namespace storage {

bool LeaderEpochs::assign(base::LeaderEpoch epoch, base::Offset start_offset) {
  if (!entries_.empty() && epoch <= entries_.back().epoch) return false;
  truncate_from_end(start_offset);
  entries_.push_back({epoch, start_offset});
  return true;
}

std::optional<LeaderEpochs::Entry> LeaderEpochs::latest() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.back();
}

std::optional<LeaderEpochs::EpochEnd> LeaderEpochs::end_offset_for(base::LeaderEpoch epoch,
                                                                   base::Offset log_end) const {
  if (epoch < 0 || entries_.empty() || epoch > entries_.back().epoch) return std::nullopt;
  if (epoch == entries_.back().epoch) return EpochEnd{epoch, log_end};
  const auto above = std::ranges::upper_bound(entries_, epoch, {}, &Entry::epoch);
  if (above == entries_.begin()) return EpochEnd{epoch, above->start_offset};
  return EpochEnd{std::prev(above)->epoch, above->start_offset};
}

std::optional<base::LeaderEpoch> LeaderEpochs::epoch_for_offset(base::Offset offset) const {
  const auto above = std::ranges::upper_bound(entries_, offset, {}, &Entry::start_offset);
  if (above == entries_.begin()) return std::nullopt;
  return std::prev(above)->epoch;
}

bool LeaderEpochs::truncate_from_end(base::Offset offset) {
  const auto first = std::ranges::lower_bound(entries_, offset, {}, &Entry::start_offset);
  const bool any = first != entries_.end();
  entries_.erase(first, entries_.end());
  return any;
}

void LeaderEpochs::truncate_from_start(base::Offset offset) {
  const auto above = std::ranges::upper_bound(entries_, offset, {}, &Entry::start_offset);
  if (above == entries_.begin()) return;
  const auto kept = std::prev(above);
  kept->start_offset = offset;
  entries_.erase(entries_.begin(), kept);
}

std::string LeaderEpochs::to_text() const {
  std::vector<std::string> lines;
  lines.reserve(entries_.size());
  for (const auto& entry : entries_)
    lines.push_back(fmt::format("{} {}", entry.epoch, entry.start_offset));
  return to_checkpoint_text(lines);
}

base::Result<LeaderEpochs> LeaderEpochs::parse(std::string_view text) {
  LeaderEpochs epochs;
  for (const auto line : TRY(parse_checkpoint_text(text, "leader-epoch-checkpoint"))) {
    const auto words = split_words(line);
    const auto epoch = parse_number<base::LeaderEpoch>(words.front());
    const auto offset = parse_number<base::Offset>(words.back());
    const bool in_order = epochs.empty() || (epoch > epochs.entries_.back().epoch &&
                                             offset > epochs.entries_.back().start_offset);
    if (words.size() != 2 || !epoch || !offset || *epoch < 0 || *offset < 0 || !in_order)
      return base::fail(base::Fault::corruption,
                        fmt::format("leader-epoch-checkpoint: wrong line '{}'", line));
    epochs.entries_.push_back({*epoch, *offset});
  }
  return epochs;
}

}  // namespace storage
