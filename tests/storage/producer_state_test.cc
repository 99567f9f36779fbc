#include "storage/log/producer_state.h"

#include <catch2/catch.hpp>
#include <limits>

using storage::ProducerState;
using storage::SequenceVerdict;

namespace {

constexpr std::int32_t kSequenceMax = std::numeric_limits<std::int32_t>::max();
constexpr base::Timestamp kNow = 1'700'000'000'000;

record::BatchHeader batch(std::int32_t sequence, std::int32_t records = 1,
                          base::ProducerEpoch epoch = 0, base::ProducerId producer_id = 7) {
  record::BatchHeader header;
  header.producer_id = producer_id;
  header.producer_epoch = epoch;
  header.base_sequence = sequence;
  header.last_offset_delta = records - 1;
  header.record_count = records;
  return header;
}

SequenceVerdict verdict(const ProducerState& producers, const record::BatchHeader& header) {
  return producers.check(header).verdict;
}

// Sequences 0, 1, 2... one record each, at offsets 100, 101...
ProducerState after_single_records(int count) {
  ProducerState producers;
  for (int i = 0; i < count; ++i) producers.update(batch(i), 100 + i, kNow + i);
  return producers;
}

}  // namespace

TEST_CASE("a batch without producer is never refused and never remembered", "[producers]") {
  ProducerState producers;
  const record::BatchHeader plain;
  producers.update(plain, 0, kNow);
  CHECK(verdict(producers, plain) == SequenceVerdict::ok);
  CHECK(producers.size() == 0);
}

TEST_CASE("an unknown producer may begin with any sequence", "[producers]") {
  CHECK(verdict(ProducerState{}, batch(41)) == SequenceVerdict::ok);
}

TEST_CASE("a sequence must follow the one before", "[producers]") {
  const auto producers = after_single_records(3);
  CHECK(verdict(producers, batch(3)) == SequenceVerdict::ok);
  CHECK(verdict(producers, batch(4)) == SequenceVerdict::out_of_order_sequence);
  // As long as two known batches, but it is neither of them.
  CHECK(verdict(producers, batch(1, 2)) == SequenceVerdict::out_of_order_sequence);
}

TEST_CASE("each of the last five batches is known again with its own offsets", "[producers]") {
  const auto producers = after_single_records(7);
  CHECK(verdict(producers, batch(1)) == SequenceVerdict::out_of_order_sequence);
  for (int i = 2; i < 7; ++i) {
    const auto check = producers.check(batch(i));
    CHECK(check.verdict == SequenceVerdict::duplicate);
    CHECK(check.base_offset == 100 + i);
    CHECK(check.last_offset == 100 + i);
    CHECK(check.timestamp == -1);
  }
}

TEST_CASE("a repeat under log-append time gets the time of the first append", "[producers]") {
  ProducerState producers;
  auto header = batch(0, 3);
  header.set_log_append_time(kNow);
  producers.update(header, 50, kNow + 99);
  header.set_log_append_time(kNow + 1000);
  const auto check = producers.check(header);
  CHECK(check.verdict == SequenceVerdict::duplicate);
  CHECK(check.base_offset == 50);
  CHECK(check.last_offset == 52);
  CHECK(check.timestamp == kNow);
}

TEST_CASE("sequences wrap from 2^31 - 1 to 0, within a batch and between two", "[producers]") {
  ProducerState producers;
  producers.update(batch(kSequenceMax - 1, 2), 0, kNow);
  CHECK(verdict(producers, batch(0)) == SequenceVerdict::ok);
  CHECK(verdict(producers, batch(1)) == SequenceVerdict::out_of_order_sequence);

  ProducerState within;
  within.update(batch(kSequenceMax - 1, 4), 0, kNow);  // ..., 2^31 - 1, 0, 1
  CHECK(verdict(within, batch(kSequenceMax - 1, 4)) == SequenceVerdict::duplicate);
  CHECK(verdict(within, batch(2)) == SequenceVerdict::ok);
}

TEST_CASE("an older epoch is refused and a newer one begins at 0", "[producers]") {
  ProducerState producers;
  producers.update(batch(0, 1, /*epoch=*/3), 0, kNow);
  CHECK(verdict(producers, batch(0, 1, 2)) == SequenceVerdict::invalid_producer_epoch);
  CHECK(verdict(producers, batch(1, 1, 4)) == SequenceVerdict::out_of_order_sequence);
  CHECK(verdict(producers, batch(0, 1, 4)) == SequenceVerdict::ok);

  producers.update(batch(0, 1, 4), 1, kNow);
  CHECK(producers.check(batch(0, 1, 4)).base_offset == 1);
  CHECK(verdict(producers, batch(1, 1, 4)) == SequenceVerdict::ok);
}

TEST_CASE("a marker raises the epoch and the next batch begins at 0", "[producers]") {
  auto producers = after_single_records(2);
  auto marker = batch(-1, 1, /*epoch=*/1);
  marker.attributes = 32 | 16;
  producers.update(marker, 102, kNow);
  CHECK(verdict(producers, batch(2, 1, 1)) == SequenceVerdict::out_of_order_sequence);
  CHECK(verdict(producers, batch(0, 1, 1)) == SequenceVerdict::ok);

  const auto again = ProducerState::from_snapshot(producers.to_snapshot());
  REQUIRE(again);
  CHECK(verdict(*again, batch(2, 1, 1)) == SequenceVerdict::out_of_order_sequence);
  CHECK(verdict(*again, batch(0, 1, 0)) == SequenceVerdict::invalid_producer_epoch);
}

TEST_CASE("batches of one append see each other, and a rollback forgets them", "[producers]") {
  auto producers = after_single_records(1);
  const auto before = producers.to_snapshot();
  const auto mark = producers.mark();
  producers.update(batch(1), 101, kNow);
  CHECK(verdict(producers, batch(1)) == SequenceVerdict::duplicate);
  CHECK(verdict(producers, batch(2)) == SequenceVerdict::ok);
  const auto middle = producers.mark();
  const auto at_middle = producers.to_snapshot();
  producers.update(batch(2), 102, kNow);
  producers.update(batch(0, 1, 0, /*producer_id=*/8), 103, kNow);

  producers.rollback(middle);
  CHECK(producers.to_snapshot() == at_middle);
  producers.rollback(mark);
  CHECK(producers.to_snapshot() == before);
  producers.commit();
  CHECK(verdict(producers, batch(1)) == SequenceVerdict::ok);
}

TEST_CASE("a producer is forgotten when it has not appended for the given time", "[producers]") {
  auto producers = after_single_records(1);
  auto old_records = batch(0, 1, 0, 8);
  old_records.max_timestamp = 1'000;  // Of 1970; what counts is when it was appended.
  producers.update(old_records, 101, kNow + 5);

  CHECK(producers.expire(kNow + 99, 100) == 0);
  CHECK(producers.expire(kNow + 100, 100) == 1);
  CHECK(producers.find(7) == nullptr);
  CHECK(producers.find(8) != nullptr);
  CHECK(producers.expire(kNow + 1'000'000, std::numeric_limits<std::int64_t>::max()) == 0);
}

TEST_CASE("an append that is taken back, and a repeat, leave what a checkpoint was given",
          "[producers]") {
  auto producers = after_single_records(2);
  const auto given = producers.windows();
  const auto file = ProducerState::to_snapshot(given);
  CHECK(producers.windows() == given);  // The same chunks: nothing was copied.

  const auto mark = producers.mark();
  producers.update(batch(2), 102, kNow);
  producers.update(batch(0, 1, 0, 8), 103, kNow);
  CHECK(ProducerState::to_snapshot(given) == file);
  CHECK(producers.to_snapshot() != file);
  producers.rollback(mark);
  producers.commit();
  CHECK(producers.to_snapshot() == file);
}

TEST_CASE("all five batches of every producer survive a snapshot", "[producers]") {
  auto producers = after_single_records(7);
  producers.update(batch(kSequenceMax - 1, 4, 2, 1'000'000), 107, kNow);
  const auto read = ProducerState::from_snapshot(producers.to_snapshot());
  REQUIRE(read);
  CHECK(read->size() == 2);
  for (int i = 2; i < 7; ++i) CHECK(read->check(batch(i)).base_offset == 100 + i);
  CHECK(read->check(batch(kSequenceMax - 1, 4, 2, 1'000'000)).base_offset == 107);
  CHECK(read->find(7)->last_timestamp == kNow + 6);
  CHECK(read->to_snapshot() == producers.to_snapshot());

  const auto empty = ProducerState::from_snapshot(ProducerState{}.to_snapshot());
  REQUIRE(empty);
  CHECK(empty->size() == 0);
}

TEST_CASE("a snapshot of Apache Kafka 4.3.1 is read and written byte for byte", "[producers]") {
  // Nine records of one producer, a batch each: only the last is in Kafka's file.
  const std::array<unsigned char, 56> kafka{
      0x00, 0x01, 0x0b, 0x85, 0x93, 0xae, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xa2, 0x0e, 0x04,
      0x16, 0x85, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  const auto read = ProducerState::from_snapshot(std::as_bytes(std::span(kafka)));
  REQUIRE(read);
  CHECK(read->check(batch(8, 1, 0, 0)).base_offset == 8);
  CHECK(verdict(*read, batch(9, 1, 0, 0)) == SequenceVerdict::ok);
  CHECK(std::ranges::equal(read->to_snapshot(), std::as_bytes(std::span(kafka))));
}

TEST_CASE("no damaged or cut snapshot is taken for a good one", "[producers]") {
  const auto good = after_single_records(3).to_snapshot();
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(ProducerState::from_snapshot(base::BytesView(good).first(size)));
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    CAPTURE(at);
    auto bad = good;
    bad[at] ^= std::byte{0x10};
    const auto read = ProducerState::from_snapshot(bad);
    REQUIRE_FALSE(read);
    CHECK(read.error().fault == (at < 2 ? base::Fault::unsupported : base::Fault::corruption));
  }
}
