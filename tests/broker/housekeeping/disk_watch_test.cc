#include "broker/housekeeping/disk_watch.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "tests/support/manual_loop.h"
#include "tests/support/sim_file_system.h"

using namespace std::chrono_literals;
using broker::DiskGuard;
using broker::DiskWatch;
using test_support::ManualLoop;
using test_support::ManualPool;

namespace {

constexpr std::uint64_t kReserve = 1000;

struct Bench {
  Bench() { disk.set_capacity(10 * kReserve); }

  void measure_again() {
    loop.advance(1s);
    pool.run_all();
    loop.run_ready();
  }
  bool said_once(const std::string& part) {
    const auto lines = std::exchange(said, {});
    return lines.size() == 1 && lines[0].find(part) != std::string::npos;
  }

  test::SimFileSystem disk;
  ManualLoop loop;
  ManualPool pool;
  DiskGuard guard{kReserve};
  std::vector<std::string> said;
  DiskWatch watch{disk, "/",   pool,
                  loop, guard, [this](const std::string& line) { said.push_back(line); }};
};

}  // namespace

TEST_CASE("a disk that fills up and empties is told of, once each time", "[disk_watch]") {
  Bench bench;
  bench.watch.start();
  bench.measure_again();
  CHECK(bench.said.empty());
  bench.disk.set_capacity(kReserve - 1);
  bench.measure_again();
  CHECK(bench.said_once("nearly full"));
  bench.measure_again();
  CHECK(bench.said.empty());
  bench.disk.set_capacity(2 * kReserve);
  bench.measure_again();
  CHECK(bench.said_once("has room again"));
}

TEST_CASE("that the disk is nearly full is told also when an append found out before a measurement",
          "[disk_watch]") {
  Bench bench;
  bench.watch.start();
  bench.measure_again();
  bench.disk.set_capacity(kReserve - 1);
  bench.guard.note_full();
  bench.measure_again();
  CHECK(bench.said_once("nearly full"));
}

TEST_CASE("a start on a full disk is told of", "[disk_watch]") {
  Bench bench;
  bench.disk.set_capacity(kReserve - 1);
  bench.guard.note_available(kReserve - 1);  // broker/app.cc, before the first request.
  bench.watch.start();
  bench.measure_again();
  CHECK(bench.said_once("nearly full"));
}
