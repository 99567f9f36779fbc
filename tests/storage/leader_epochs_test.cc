#include "storage/log/leader_epochs.h"

#include <catch2/catch.hpp>

using storage::LeaderEpochs;
using EpochEnd = LeaderEpochs::EpochEnd;
using Entry = LeaderEpochs::Entry;

namespace {

LeaderEpochs three() {
  LeaderEpochs epochs;
  epochs.assign(1, 10);
  epochs.assign(3, 20);
  epochs.assign(4, 35);
  return epochs;
}

}  // namespace

TEST_CASE("an epoch ends where the next one begins, and the latest at the end of the log",
          "[epochs]") {
  const auto epochs = three();
  CHECK(epochs.end_offset_for(1, 50) == EpochEnd{1, 20});
  CHECK(epochs.end_offset_for(2, 50) == EpochEnd{1, 20});
  CHECK(epochs.end_offset_for(3, 50) == EpochEnd{3, 35});
  CHECK(epochs.end_offset_for(4, 50) == EpochEnd{4, 50});
}

TEST_CASE("an epoch nobody has seen has no end, one before all known ends at the first",
          "[epochs]") {
  const auto epochs = three();
  CHECK(epochs.end_offset_for(5, 50) == std::nullopt);
  CHECK(epochs.end_offset_for(-1, 50) == std::nullopt);
  CHECK(epochs.end_offset_for(0, 50) == EpochEnd{0, 10});
  CHECK(LeaderEpochs{}.end_offset_for(0, 50) == std::nullopt);
}

TEST_CASE("an epoch is assigned once, and takes the place of epochs without records", "[epochs]") {
  auto epochs = three();
  CHECK_FALSE(epochs.assign(4, 40));
  CHECK_FALSE(epochs.assign(2, 40));
  CHECK(epochs.assign(6, 35));
  CHECK(epochs.latest() == Entry{6, 35});
  CHECK(epochs.entries().size() == 3);
}

TEST_CASE("every record has the epoch that covers its offset", "[epochs]") {
  const auto epochs = three();
  CHECK(epochs.epoch_for_offset(9) == std::nullopt);
  CHECK(epochs.epoch_for_offset(10) == 1);
  CHECK(epochs.epoch_for_offset(34) == 3);
  CHECK(epochs.epoch_for_offset(1000) == 4);
}

TEST_CASE("cutting the end of the log takes the epochs that are gone", "[epochs]") {
  auto epochs = three();
  CHECK_FALSE(epochs.truncate_from_end(36));
  CHECK(epochs.truncate_from_end(35));
  CHECK(epochs.latest() == Entry{3, 20});
}

TEST_CASE("the epoch file is Kafka's text, and reads back as written", "[epochs]") {
  CHECK(LeaderEpochs{}.to_text() == "0\n0\n");
  const auto text = three().to_text();
  CHECK(text == "0\n3\n1 10\n3 20\n4 35\n");
  const auto read = LeaderEpochs::parse(text);
  REQUIRE(read);
  CHECK(std::ranges::equal(read->entries(), three().entries()));
}

TEST_CASE("an epoch file that is not exactly one is refused", "[epochs]") {
  for (const auto* text :
       {"", "0\n", "0\n1\n", "0\n0\n1 1\n", "0\n1\n1 1", "0\n1\n1\n", "0\n1\n1 1 1\n",
        "0\n1\n1  1\n", "0\n1\n-1 1\n", "0\n1\n1 -1\n", "0\n2\n2 1\n1 5\n", "0\n2\n1 5\n2 5\n",
        "0\n1\nx 5\n", "0\n1\n1 99999999999999999999\n", "0\n-1\n", "0\n1\n1 1\n\n", "x\n0\n"}) {
    CAPTURE(text);
    const auto read = LeaderEpochs::parse(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().fault == base::Fault::corruption);
  }
  const auto newer = LeaderEpochs::parse("1\n0\n");
  REQUIRE_FALSE(newer);
  CHECK(newer.error().fault == base::Fault::unsupported);
}
