#include "broker/partition/fetch_waiters.h"

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "broker/partition/disk_guard.h"

using broker::DiskGuard;
using broker::FetchWait;
using broker::FetchWaiters;

namespace {

struct Waiter final : FetchWait {
  std::uint64_t bytes = 0;
  int woken = 0;
  std::function<void()> when_told = [] {};

  void more_bytes(std::uint64_t more) override {
    bytes += more;
    when_told();
  }
  void wake() override {
    ++woken;
    when_told();
  }
};

}  // namespace

TEST_CASE("waiters are told of bytes and of changes as long as they live", "[partition]") {
  FetchWaiters waiters;
  CHECK(waiters.empty());
  const auto one = std::make_shared<Waiter>();
  auto two = std::make_shared<Waiter>();
  waiters.add(one);
  waiters.add(two);
  waiters.more_bytes(10);
  waiters.wake_all();
  CHECK(one->bytes == 10);
  CHECK(one->woken == 1);
  CHECK(two->bytes == 10);
  two.reset();
  waiters.more_bytes(5);
  CHECK(one->bytes == 15);
}

TEST_CASE("a waiter may come anew while it is told, and is not told twice", "[partition]") {
  FetchWaiters waiters;
  std::vector<std::shared_ptr<Waiter>> again;
  const auto one = std::make_shared<Waiter>();
  one->when_told = [&] {
    again.push_back(std::make_shared<Waiter>());
    waiters.add(again.back());
  };
  waiters.add(one);
  waiters.more_bytes(7);
  REQUIRE(again.size() == 1);
  CHECK(again[0]->bytes == 0);
  one->when_told = [] {};
  waiters.more_bytes(1);
  CHECK(again[0]->bytes == 1);
  CHECK(one->bytes == 8);
}

TEST_CASE("waiters that gave up do not collect in a quiet partition", "[partition]") {
  FetchWaiters waiters;
  const auto patient = std::make_shared<Waiter>();
  waiters.add(patient);
  for (int i = 0; i < 1000; ++i) {
    const auto brief = std::make_shared<Waiter>();
    waiters.add(brief);
  }
  CHECK(waiters.size() < 100);
  waiters.wake_all();
  CHECK(patient->woken == 1);
  CHECK(waiters.size() == 1);
}

TEST_CASE("a nearly full disk takes no records until there is clearly room again", "[partition]") {
  DiskGuard guard(1000);
  CHECK(guard.may_append());
  guard.note_available(1000);
  CHECK(guard.may_append());
  guard.note_available(999);
  CHECK_FALSE(guard.may_append());
  guard.note_available(1499);
  CHECK_FALSE(guard.may_append());
  guard.note_available(1500);
  CHECK(guard.may_append());
}

TEST_CASE("an append that finds the disk full closes it whatever was measured", "[partition]") {
  DiskGuard guard(1000);
  guard.note_full();
  CHECK_FALSE(guard.may_append());
  guard.note_available(5000);
  CHECK(guard.may_append());
}
