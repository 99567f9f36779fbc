#include "storage/log/producer_table.h"

namespace storage {

const ProducerWindow* ProducerTable::find(base::ProducerId producer_id) const {
  const auto found = places_.find(producer_id);
  return found == places_.end() ? nullptr : &at(found->second).second;
}

ProducerWindow& ProducerTable::edit(base::ProducerId producer_id) {
  const auto [found, is_new] = places_.try_emplace(producer_id, places_.size());
  const auto place = found->second;
  if (is_new) {
    if (place % kChunk == 0) chunks_.push_back({std::make_shared<Chunk>(), shares_});
    own(place / kChunk).emplace_back(producer_id, ProducerWindow{});
  }
  return own(place / kChunk)[place % kChunk].second;
}

void ProducerTable::erase(base::ProducerId producer_id) {
  const auto found = places_.find(producer_id);
  if (found != places_.end()) erase_at(found->second);
}

std::size_t ProducerTable::erase_if(const std::function<bool(const ProducerWindow&)>& unwanted) {
  const auto before = size();
  // From the end: what takes the place of an erased entry was looked at before.
  for (auto place = before; place-- > 0;)
    if (unwanted(at(place).second)) erase_at(place);
  return before - size();
}

void ProducerTable::clear() {
  chunks_.clear();
  places_.clear();
}

ProducerTable::Shared ProducerTable::share() const {
  ++shares_;
  Shared shared;
  shared.reserve(chunks_.size());
  for (const auto& chunk : chunks_) shared.push_back(chunk.entries);
  return shared;
}

ProducerTable::Chunk& ProducerTable::own(std::size_t chunk) {
  auto& held = chunks_[chunk];
  if (held.made_at != shares_) held = {std::make_shared<Chunk>(*held.entries), shares_};
  return *held.entries;
}

/// The last entry takes its place, so that all chunks but the last stay full.
void ProducerTable::erase_at(std::size_t place) {
  const auto last = size() - 1;
  places_.erase(at(place).first);
  if (place != last) {
    const auto moved = at(last);
    own(place / kChunk)[place % kChunk] = moved;
    places_[moved.first] = place;
  }
  if (last % kChunk == 0)
    chunks_.pop_back();
  else
    own(last / kChunk).pop_back();
}

}  // namespace storage
