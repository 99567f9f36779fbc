#include <catch2/catch.hpp>
#include <functional>

#include "storage/log/log.h"
#include "storage/log/log_files.h"
#include "tests/storage/log/recovery_bench.h"
#include "tests/support/crash_stride.h"

// The power goes, the process dies or the disk refuses at every single operation of everything a
// log does. Whatever was acknowledged before is there afterwards, unchanged and in order; nothing
// that was not written is; the start succeeds; the producer is known.

using base::Fault;
using base::Result;
using storage::AppendVerdict;
using storage::SequenceVerdict;
using test::SimFileSystem;
using test_support::LogHost;
using test_support::Values;
using test_support::wish_of;
using Loss = SimFileSystem::Loss;

namespace {

constexpr std::uint64_t kSeed = 20261125;

config::LogConfig small_segments() { return {.index_interval_bytes = 0, .segment_bytes = 1000}; }

// A log, and what must be in it.
class Story {
 public:
  explicit Story(SimFileSystem& disk) : disk_(disk), host_(disk, small_segments()) {}

  Result<> start() { return host_.start(); }
  // `count` batches with one write.
  Result<> append(int count) {
    std::vector<test_support::Wish> wishes;
    wishes.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) wishes.push_back(wish_of(next_ + i));
    // Told before it is done: where the power goes in the middle, any part may have been written.
    attempted_ = next_ + count;
    const auto appended = TRY(host_.append(wishes));
    for (const auto& each : appended) {
      if (each.verdict == AppendVerdict::disk_full) {
        attempted_ = next_;
        return base::fail(Fault::full, "the disk is full");
      }
      ++next_;
    }
    return {};
  }
  Result<> sync() {
    TRY(host_.sync());
    acknowledged_ = next_;
    return {};
  }
  Result<> checkpoint() { return host_.checkpoint(); }
  // The log begins with the n-th batch.
  Result<> begin_at(int n) {
    may_begin_at_ = n;
    TRY(host_.advance_start(n));
    begins_at_ = n;
    return {};
  }
  // Everything is too old.
  Result<> retain() {
    may_begin_at_ = next_;
    TRY(host_.retain(test_support::kNow + 2 * small_segments().retention_ms));
    begins_at_ = next_;
    return {};
  }
  Result<> stop() { return host_.stop(); }

  void crash(Loss loss, std::uint64_t seed) {
    host_.forget();
    base::Random random(seed);
    disk_.crash(random, loss);
  }

  // After a start. What is found is what must be there from now on.
  void check() {
    const auto values = host_.values();
    const auto begin = static_cast<int>(host_.log().start_offset());
    CHECK((begin == begins_at_ || begin == may_begin_at_));
    begins_at_ = may_begin_at_ = begin;
    const auto found = begin + static_cast<int>(values.size());
    CHECK(found >= acknowledged_);
    CHECK(found <= attempted_);
    for (int n = begin; n < found; ++n)
      CHECK(values[static_cast<std::size_t>(n - begin)] == "b" + std::to_string(n) + "-0");
    for (int n = std::max(begin, found - 5); n < found; ++n) CHECK(verdict_of(n) == n);
    CHECK(verdict_of(found) == kWelcome);
    next_ = attempted_ = acknowledged_ = found;
  }

  LogHost& host() { return host_; }
  int next() const { return next_; }

 private:
  static constexpr base::Offset kWelcome = -2;
  // Where the log has the n-th batch already, or that it would take it.
  base::Offset verdict_of(int n) {
    const auto header = *record::BatchHeader::read(test_support::batch_bytes(wish_of(n)));
    const auto check = host_.log().producers().check(header);
    return check.verdict == SequenceVerdict::ok ? kWelcome : check.base_offset;
  }

  SimFileSystem& disk_;
  LogHost host_;
  int next_ = 0;
  int attempted_ = 0;
  int acknowledged_ = 0;
  int begins_at_ = 0;
  int may_begin_at_ = 0;
};

using Work = std::function<Result<>(Story&)>;

// Creation, appends with and without rolls, syncs, checkpoints, a clean stop and a start after it.
Result<> everything(Story& story) {
  TRY(story.start());
  TRY(story.append(1));
  TRY(story.sync());
  TRY(story.append(3));
  TRY(story.append(2));  // Rolls.
  TRY(story.sync());
  TRY(story.checkpoint());
  TRY(story.append(1));
  TRY(story.sync());
  TRY(story.append(9));  // Rolls twice in one append.
  TRY(story.checkpoint());
  TRY(story.sync());
  TRY(story.append(1));
  TRY(story.stop());
  TRY(story.start());
  TRY(story.append(6));
  TRY(story.sync());
  TRY(story.checkpoint());
  TRY(story.append(2));
  TRY(story.sync());
  TRY(story.begin_at(7));  // Inside a segment.
  TRY(story.append(4));
  TRY(story.sync());
  TRY(story.checkpoint());
  TRY(story.begin_at(15));
  TRY(story.retain());
  TRY(story.append(6));
  TRY(story.sync());
  TRY(story.stop());
  TRY(story.start());
  TRY(story.begin_at(story.next()));  // To the end.
  TRY(story.append(1));
  return story.sync();
}

// A log of two segments, the second with records above the recovery point.
Result<> something(Story& story) {
  TRY(story.start());
  TRY(story.append(4));
  TRY(story.sync());
  TRY(story.checkpoint());
  TRY(story.append(3));
  TRY(story.sync());
  return story.append(2);
}

// The log goes on after a recovery, and what that wrote survives the worst.
void check_that_it_goes_on(Story& story) {
  REQUIRE(story.append(6));
  REQUIRE(story.sync());
  REQUIRE(story.checkpoint());
  REQUIRE(story.append(1));
  REQUIRE(story.sync());
  const auto expected = story.next();
  story.crash(Loss::everything, kSeed);
  REQUIRE(story.start());
  CHECK(story.host().report().bytes_cut == 0);
  story.check();
  CHECK(story.next() == expected);
}

void start_and_check(Story& story) {
  const auto started = story.start();
  INFO((started ? std::string() : started.error().detail));
  REQUIRE(started);
  story.check();
}

}  // namespace

TEST_CASE("a power cut at any operation loses nothing acknowledged", "[crash]") {
  const auto loss = GENERATE(Loss::random, Loss::everything, Loss::nothing);
  const auto seeds = loss == Loss::random ? 8U : 1U;
  for (std::uint64_t seed = kSeed; seed < kSeed + seeds; ++seed) {
    bool done = false;
    for (std::uint64_t n = 1; !done; n += test_support::kCrashStride) {
      CAPTURE(static_cast<int>(loss), seed, n);
      SimFileSystem disk;
      Story story(disk);
      disk.crash_at(n);
      done = everything(story).has_value();
      story.crash(loss, seed + n);
      start_and_check(story);
      check_that_it_goes_on(story);
    }
  }
}

TEST_CASE("a power cut at any operation of a recovery loses nothing either", "[crash]") {
  const auto loss = GENERATE(Loss::random, Loss::everything);
  // A torn tail, which takes the longest way, and a night that tore nothing.
  const bool torn = GENERATE(true, false);
  bool done = false;
  for (std::uint64_t n = 1; !done; ++n) {
    CAPTURE(static_cast<int>(loss), torn, n);
    SimFileSystem disk;
    Story story(disk);
    REQUIRE(something(story));
    story.crash(Loss::nothing, kSeed);
    if (torn)
      disk.damage(story.host().path() / storage::file_name(5, storage::kLogSuffix),
                  2 * test_support::batch_bytes(wish_of(0)).size() + 100);
    disk.crash_at(disk.operations() + n);
    done = story.start().has_value();
    story.crash(loss, kSeed + n);
    // ...and again in the second recovery, half way through what the first one did.
    disk.crash_at(disk.operations() + n / 2 + 1);
    const bool second = story.start().has_value();
    if (!second) story.crash(loss, kSeed + 7 * n);
    if (second) story.crash(Loss::nothing, kSeed);
    start_and_check(story);
    check_that_it_goes_on(story);
  }
}

TEST_CASE("a power cut at any operation of a deletion leaves it to be finished", "[crash]") {
  bool done = false;
  for (std::uint64_t n = 1; !done; ++n) {
    CAPTURE(n);
    SimFileSystem disk;
    Story story(disk);
    REQUIRE(something(story));
    REQUIRE(story.checkpoint());
    disk.crash_at(disk.operations() + n);
    const base::TopicIdPartition partition =
        story.host().directory().list()->partitions.front().partition;
    const auto remove = [&]() -> Result<> {
      const auto leaving = TRY(story.host().directory().begin_delete(partition));
      return story.host().directory().finish_delete(leaving);
    };
    done = remove().has_value();
    story.crash(Loss::random, kSeed + n);

    auto directory = storage::DataDirectory::open(disk, "/data");
    REQUIRE(directory);
    const auto listing = (*directory)->list();
    REQUIRE(listing);
    CHECK(listing->problems.empty());
    // Whole as before, on its way out, or gone.
    CHECK(listing->partitions.size() + listing->deletions.size() <= 1);
    for (const auto& leaving : listing->deletions)
      CHECK((*directory)->finish_delete(leaving).has_value());
    const bool whole = !listing->partitions.empty();
    directory->reset();
    if (whole) start_and_check(story);
  }
}

TEST_CASE("a disk that fails at any operation loses nothing acknowledged", "[crash]") {
  const auto times = GENERATE(SimFileSystem::Times::once, SimFileSystem::Times::forever);
  const bool half = GENERATE(false, true);
  bool done = false;
  for (std::uint64_t n = 1; !done; ++n) {
    CAPTURE(static_cast<int>(times), half, n);
    SimFileSystem disk;
    Story story(disk);
    disk.set_half_writes(half);
    disk.fail_at(n, Fault::io, times);
    // The broker dies of it at once, and the kernel lives on.
    done = everything(story).has_value();
    story.crash(Loss::nothing, kSeed);
    start_and_check(story);
    check_that_it_goes_on(story);
  }
}

TEST_CASE("a disk that is full at any operation is waited for", "[crash]") {
  const bool half = GENERATE(false, true);
  const auto loss = GENERATE(Loss::nothing, Loss::everything, Loss::random);
  bool done = false;
  for (std::uint64_t n = 1; !done; ++n) {
    CAPTURE(half, static_cast<int>(loss), n);
    SimFileSystem disk;
    Story story(disk);
    REQUIRE(story.start());
    disk.set_half_writes(half);
    disk.fail_at(disk.operations() + n, Fault::full);
    const auto first = disk.operations();
    // Appends and checkpoints are tried again; a failed sync would be final.
    const auto patiently = [&](const std::function<Result<>()>& step) {
      auto outcome = step();
      if (!outcome && outcome.error().fault == Fault::full) outcome = step();
      return outcome;
    };
    const auto work = [&]() -> Result<> {
      TRY(patiently([&] { return story.append(4); }));
      TRY(story.sync());
      TRY(patiently([&] { return story.append(1); }));
      TRY(patiently([&] { return story.append(1); }));  // Rolls, or has rolled.
      TRY(story.sync());
      TRY(patiently([&] { return story.checkpoint(); }));
      TRY(patiently([&] { return story.append(1); }));
      TRY(story.sync());
      return patiently([&] { return story.checkpoint(); });
    };
    const auto worked = work();
    done = worked && disk.operations() < first + n;
    story.crash(loss, kSeed + n);
    start_and_check(story);
    check_that_it_goes_on(story);
  }
}
