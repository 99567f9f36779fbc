#include "storage/log/producer_table.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "protocol/base/random.h"

using storage::ProducerTable;
using storage::ProducerWindow;

namespace {

constexpr auto kChunk = static_cast<base::ProducerId>(ProducerTable::kChunk);

using Contents = std::map<base::ProducerId, base::Timestamp>;

Contents contents(const ProducerTable::Shared& shared) {
  Contents all;
  for (const auto& chunk : shared)
    for (const auto& [producer_id, window] : *chunk) {
      CHECK(!all.contains(producer_id));
      all[producer_id] = window.last_timestamp;
    }
  return all;
}

std::ptrdiff_t in_common(const ProducerTable::Shared& one, const ProducerTable::Shared& other) {
  return std::ranges::count_if(
      one, [&](const auto& chunk) { return std::ranges::find(other, chunk) != other.end(); });
}

/// Producers 0 to `count` - 1, each with its id as the time of its last append.
ProducerTable table_of(base::ProducerId count) {
  ProducerTable table;
  for (base::ProducerId id = 0; id < count; ++id) table.edit(id).last_timestamp = id;
  return table;
}

}  // namespace

TEST_CASE("a picture of all producers shares what nobody changed since", "[producers]") {
  auto table = table_of(10 * kChunk);
  const auto first = table.share();
  REQUIRE(first.size() == 10);
  CHECK(in_common(first, table.share()) == 10);

  table.edit(3).last_timestamp = 1000;
  table.edit(5 * kChunk).last_timestamp = 1000;
  CHECK(in_common(first, table.share()) == 8);
}

TEST_CASE("a chunk is copied once after it was shared, and not for every change", "[producers]") {
  auto table = table_of(kChunk);
  const auto* const before = table.find(0);
  const auto shared = table.share();
  CHECK(table.find(0) == before);
  const auto* const copied = &table.edit(0);
  CHECK(copied != before);
  table.edit(1).last_timestamp = 1000;  // One: a second copy could lie where the first had lain.
  CHECK(table.find(0) == copied);
}

TEST_CASE("what was shared stays as it was, whatever happens to the table", "[producers]") {
  base::Random random(7);
  ProducerTable table;
  Contents expected;
  std::vector<std::pair<ProducerTable::Shared, Contents>> pictures;
  for (int step = 0; step < 20'000; ++step) {
    const auto id = static_cast<base::ProducerId>(random.below(500));
    switch (random.below(100)) {
      case 0:
        pictures.emplace_back(table.share(), expected);
        break;
      case 1: {
        const auto old = [&](base::Timestamp at) { return at < step - 1000; };
        const auto count = table.erase_if(
            [&](const ProducerWindow& window) { return old(window.last_timestamp); });
        CHECK(count == std::erase_if(expected, [&](const auto& one) { return old(one.second); }));
        break;
      }
      default:
        if (random.below(3) == 0) {
          table.erase(id);
          expected.erase(id);
        } else {
          table.edit(id).last_timestamp = expected[id] = step;
        }
    }
    const auto* const found = table.find(id);
    REQUIRE((found != nullptr) == expected.contains(id));
    if (found != nullptr) REQUIRE(found->last_timestamp == expected[id]);
    REQUIRE(table.size() == expected.size());
  }
  REQUIRE(contents(table.share()) == expected);
  REQUIRE(pictures.size() > 50);
  for (const auto& [picture, then] : pictures) REQUIRE(contents(picture) == then);
  table.clear();
  CHECK(table.size() == 0);
  CHECK(table.share().empty());
}
