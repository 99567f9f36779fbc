#include <chrono>

#include <catch2/catch.hpp>

#include "broker/net/connection_times.h"

using namespace std::chrono_literals;
using broker::ConnectionTimes;
using broker::NetConfig;
using Verdict = ConnectionTimes::Verdict;

namespace {

base::MonotonicTime at(std::chrono::milliseconds when) { return base::MonotonicTime(1h + when); }

NetConfig limits() {
  return {.idle_max = 100s,
          .memory_wait_max = 30s,
          .write_stall_max = 20s,
          .frame_grace = 10s,
          .frame_bytes_per_second_min = 1000};
}

}  // namespace

TEST_CASE("a connection is idle when nothing happens on it", "[times]") {
  const auto config = limits();
  ConnectionTimes times(config, at(0s));
  CHECK(times.next_check() == at(100s));
  CHECK(times.check(at(99'999ms)) == Verdict::fine);
  CHECK(times.check(at(100s)) == Verdict::idle);
  times.active(at(50s));
  CHECK(times.check(at(149s)) == Verdict::fine);
  CHECK(times.check(at(150s)) == Verdict::idle);
}

TEST_CASE("who is being worked for is not idle", "[times]") {
  const auto config = limits();
  ConnectionTimes times(config, at(0s));
  times.set_busy(true);
  CHECK(!times.next_check());
  CHECK(times.check(at(1000s)) == Verdict::fine);
  times.set_busy(false);
  times.active(at(1000s));
  CHECK(times.next_check() == at(1100s));
}

TEST_CASE("a request that has begun must go on", "[times]") {
  const auto config = limits();
  ConnectionTimes times(config, at(0s));
  times.frame(4, true, at(1s));
  CHECK(times.next_check() == at(11s));
  CHECK(times.check(at(10'999ms)) == Verdict::fine);
  CHECK(times.check(at(11s)) == Verdict::frame_too_slow);
  SECTION("what came meanwhile starts the next stretch") {
    times.frame(10'004, true, at(9s));
    CHECK(times.check(at(18'999ms)) == Verdict::fine);
    CHECK(times.check(at(19s)) == Verdict::frame_too_slow);
  }
  SECTION("a trickle does not") {
    times.frame(5'000, true, at(9s));
    CHECK(times.check(at(11s)) == Verdict::frame_too_slow);
  }
  SECTION("nor does what came long before pay for silence") {
    times.frame(90'000'000, true, at(9s));
    CHECK(times.check(at(19s)) == Verdict::frame_too_slow);
  }
  SECTION("what is complete is another matter") {
    times.frame_completed();
    times.frame(4, true, at(9s));
    CHECK(times.check(at(18s)) == Verdict::fine);
    CHECK(times.check(at(19s)) == Verdict::frame_too_slow);
    times.frame_completed();
    times.frame(0, true, at(9s));
    CHECK(times.check(at(30s)) == Verdict::fine);
  }
}

TEST_CASE("what waits for us is not too slow", "[times]") {
  const auto config = limits();
  ConnectionTimes times(config, at(0s));
  times.frame(100, true, at(1s));
  times.frame(100, false, at(2s));
  CHECK(times.check(at(500s)) == Verdict::fine);
  times.frame(100, true, at(501s));
  // One second of the ten had gone by.
  CHECK(times.check(at(509'999ms)) == Verdict::fine);
  CHECK(times.check(at(510s)) == Verdict::frame_too_slow);
}

TEST_CASE("a request is not kept waiting for memory for ever", "[times]") {
  const auto config = limits();
  ConnectionTimes times(config, at(0s));
  times.frame(100, false, at(1s));
  times.waits_for_memory(at(1s));
  CHECK(times.next_check() == at(31s));
  CHECK(times.check(at(31s)) == Verdict::no_memory);
  times.has_memory();
  CHECK(times.check(at(31s)) == Verdict::fine);
}

TEST_CASE("a client takes its answers, if slowly", "[times]") {
  const auto config = limits();
  ConnectionTimes times(config, at(0s));
  times.write_blocked(at(1s));
  times.write_blocked(at(5s));
  CHECK(times.next_check() == at(21s));
  CHECK(times.check(at(21s)) == Verdict::takes_no_answers);
  times.write_moved(at(20s));
  CHECK(times.check(at(39s)) == Verdict::fine);
  CHECK(times.check(at(40s)) == Verdict::takes_no_answers);
  times.write_done();
  CHECK(times.check(at(40s)) == Verdict::fine);
  CHECK(times.check(at(120s)) == Verdict::idle);
}

TEST_CASE("every verdict has its words", "[times]") {
  for (const auto verdict :
       {Verdict::idle, Verdict::frame_too_slow, Verdict::no_memory, Verdict::takes_no_answers})
    CHECK(!explain(verdict).empty());
}
