#include "broker/coordinator/timer_queue.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using broker::Deadline;
using broker::GroupTimer;
using broker::TimerQueue;
using std::chrono::milliseconds;

namespace {

constexpr base::MonotonicTime kStart{std::chrono::hours(1)};

/// Members with deadlines, as a core has them. Thread: the test's.
class Members {
 public:
  void set(const std::string& name, milliseconds in) {
    queue_.set(deadlines_[name], kStart + in,
               {.kind = GroupTimer::Kind::session, .group_id = "g", .member_id = name});
  }
  void remove(const std::string& name) { deadlines_.erase(name); }
  Deadline& deadline(const std::string& name) { return deadlines_.at(name); }
  std::optional<base::MonotonicTime> next() const { return queue_.next(); }
  void prune() {
    queue_.prune([this](const GroupTimer& timer) { return find(timer); });
  }

  /// Entries that come up by then, whether they count or not.
  int entries(milliseconds until) {
    int count = 0;
    while (queue_.pop(kStart + until)) ++count;
    return count;
  }
  /// Whose time has come by then, in the order in which it came.
  std::vector<std::string> expired(milliseconds at) {
    std::vector<std::string> names;
    while (auto entry = queue_.pop(kStart + at)) {
      const auto name = entry->timer.member_id;
      auto* deadline = find(entry->timer);
      if (deadline != nullptr && queue_.expired(*deadline, std::move(*entry), kStart + at))
        names.push_back(name);
    }
    return names;
  }

 private:
  Deadline* find(const GroupTimer& timer) {
    const auto found = deadlines_.find(timer.member_id);
    return found == deadlines_.end() ? nullptr : &found->second;
  }

  std::map<std::string, Deadline> deadlines_;
  TimerQueue queue_;
};

std::vector<std::string> names(std::initializer_list<std::string> all) { return all; }

}  // namespace

TEST_CASE("deadlines come up in their order, and once", "[groups]") {
  Members members;
  members.set("late", milliseconds(30));
  members.set("early", milliseconds(10));
  members.set("between", milliseconds(20));
  CHECK(members.next() == kStart + milliseconds(10));
  CHECK(members.expired(milliseconds(9)).empty());
  CHECK(members.expired(milliseconds(20)) == names({"early", "between"}));
  CHECK(members.expired(milliseconds(30)) == names({"late"}));
  CHECK(members.expired(milliseconds(60)).empty());
  CHECK_FALSE(members.next());
}

TEST_CASE("a deadline that moves comes up at its last place", "[groups]") {
  Members members;
  members.set("a", milliseconds(10));
  SECTION("later, without another entry") {
    for (int i = 11; i <= 100; ++i) members.set("a", milliseconds(i));
    CHECK(members.expired(milliseconds(99)).empty());
    CHECK(members.expired(milliseconds(100)) == names({"a"}));
  }
  SECTION("sooner, and not again at its old place") {
    members.set("a", milliseconds(5));
    CHECK(members.expired(milliseconds(5)) == names({"a"}));
    CHECK(members.expired(milliseconds(100)).empty());
  }
  SECTION("cancelled, and set again") {
    members.deadline("a").cancel();
    CHECK(members.expired(milliseconds(10)).empty());
    members.set("a", milliseconds(20));
    CHECK(members.expired(milliseconds(20)) == names({"a"}));
  }
  SECTION("that of one who is gone does not come up for whoever has its name now") {
    members.remove("a");
    members.set("a", milliseconds(20));
    CHECK(members.expired(milliseconds(19)).empty());
    CHECK(members.expired(milliseconds(20)) == names({"a"}));
  }
}

TEST_CASE("entries of members that are gone do not pile up", "[groups]") {
  Members members;
  members.set("stays", milliseconds(2000));
  members.set("moved", milliseconds(1500));
  members.set("moved", milliseconds(1000));
  constexpr int kStrangers = 100'000;
  const std::string long_name(100, 'n');

  SECTION("when most are dropped") {
    for (int i = 0; i < kStrangers; ++i) {
      const auto name = long_name + std::to_string(i);
      members.set(name, milliseconds(i % 500));
      members.remove(name);
      members.prune();
    }
    // 128 KiB of them, and of the largest entry one more.
    CHECK(members.entries(milliseconds(999)) < 1000);
    CHECK(members.expired(milliseconds(2000)) == names({"moved", "stays"}));
  }
  SECTION("the order is kept by what is dropped, and nobody who is there is lost") {
    std::vector<std::string> kept;
    for (int i = 0; i < kStrangers; ++i) {
      const auto name = long_name + std::to_string(i);
      // From the end to the beginning, so that a heap that was left as it lay shows.
      members.set(name, milliseconds(kStrangers - i));
      if (i % 100 == 0)
        kept.insert(kept.begin(), name);
      else
        members.remove(name);
      members.prune();
    }
    auto found = members.expired(milliseconds(kStrangers));
    std::erase_if(found,
                  [](const std::string& name) { return name == "stays" || name == "moved"; });
    CHECK(found == kept);
  }
  SECTION("one that comes up by turns is as before") {
    for (int i = 0; i < kStrangers; ++i) {
      members.set("stays", milliseconds(2000 + i));
      members.prune();
    }
    CHECK(members.entries(milliseconds(3000)) == 3);
  }
}
