#include <catch2/catch.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "protocol/messages/delete_topics.h"
#include "tests/broker/coordinator/group_clients.h"
#include "tests/support/crash_stride.h"

using broker_tests::GroupClients;
using protocol::ErrorCode;
using test::SimFileSystem;
using test_support::BrokerBench;
using test_support::kCrashStride;
using Loss = SimFileSystem::Loss;

namespace {

/// A share in the group's work, as a member was told it.
struct Share {
  protocol::JoinGroupResponse joined;
  std::string what;
};

/// What the clients were told must be true for ever; what they asked for last may have happened.
struct Told {
  std::map<std::pair<std::string, std::string>, std::int64_t> offsets;  // By group and topic.
  std::optional<Share> share;
  std::optional<protocol::JoinGroupResponse> joined;
  std::set<std::string> gone;  // Topics.

  std::optional<std::pair<std::pair<std::string, std::string>, std::int64_t>> maybe_committed;
  std::optional<Share> maybe_shared;
  std::optional<std::string> maybe_gone;
};

/// A broker under way and its clients. Every step is false when the power has gone.
class Life {
 public:
  Life(SimFileSystem& disk, Told& told)
      : bench_(disk, GroupClients::usual_config()), clients_(bench_), told_(told) {}

  BrokerBench& bench() { return bench_; }
  bool started() const { return !bench_.refused(); }
  bool find() { return clients_.find(); }
  bool stop() { return bench_.stop().has_value(); }

  bool create(const std::string& name) {
    const broker::NewTopic wanted{.name = name, .num_partitions = 1};
    const auto decisions = bench_.result_of(bench_.topics->create(bench_.loop, {wanted}, false));
    return decisions && !decisions->front().refused();
  }
  bool remove(const std::string& name) {
    told_.maybe_gone = name;
    protocol::DeleteTopicsRequest request;
    request.topic_names = {name};
    const auto answer = clients_.ask(request, 5);
    if (!answer || answer->responses.at(0).error_code != ErrorCode::none) return false;
    told_.gone.insert(name);
    told_.offsets.erase({"alone", name});
    told_.maybe_gone.reset();
    return true;
  }
  bool join() {
    auto request = GroupClients::join_request();
    if (told_.joined) {
      request.member_id = told_.joined->member_id;
    } else {
      const auto first = clients_.ask(request, GroupClients::kJoin);
      if (!first || first->error_code != ErrorCode::member_id_required) return false;
      request.member_id = first->member_id;
    }
    const auto joined = clients_.ask(request, GroupClients::kJoin);
    if (!joined || joined->error_code != ErrorCode::none) return false;
    told_.joined = joined;
    return true;
  }
  bool sync(const std::string& share) {
    told_.maybe_shared = Share{*told_.joined, share};
    const auto answer =
        clients_.ask(GroupClients::sync_request(*told_.joined, share), GroupClients::kSync);
    if (!answer || answer->error_code != ErrorCode::none) return false;
    CHECK(base::as_text(answer->assignment.view) == share);
    told_.share = std::exchange(told_.maybe_shared, {});
    return true;
  }
  bool commit(const std::string& group, const std::string& topic, std::int64_t offset) {
    told_.maybe_committed = {{group, topic}, offset};
    auto request = GroupClients::commit_request(topic, 0, offset, "note", group);
    if (group == "g") {
      request.member_id = told_.joined->member_id;
      request.generation_id_or_member_epoch = told_.joined->generation_id;
    }
    const auto answer = clients_.ask(request, GroupClients::kCommit);
    if (!answer || GroupClients::error_of(*answer) != ErrorCode::none) return false;
    told_.offsets[{group, topic}] = offset;
    told_.maybe_committed.reset();
    return true;
  }
  bool heartbeat() { return clients_.heartbeat(*told_.joined) == ErrorCode::none; }

  /// Also takes over what turned out to have happened, so that life can go on.
  void check() {
    const auto maybe = std::exchange(told_.maybe_committed, {});
    const auto maybe_gone = std::exchange(told_.maybe_gone, {});
    for (auto& [where, offset] : told_.offsets) {
      CAPTURE(where.first, where.second, offset);
      const auto found = clients_.fetch(where.second, 0, where.first);
      REQUIRE(found);
      CHECK((found == offset || (maybe && *maybe == std::pair(where, *found)) ||
             (maybe_gone == where.second && found == -1)));
      offset = *found;
    }
    for (const auto& topic : told_.gone) CHECK(clients_.fetch(topic, 0, "alone") == -1);
    const auto maybe_shared = std::exchange(told_.maybe_shared, {});
    if (!told_.share || has(*told_.share)) return;
    CHECK((maybe_shared && has(*maybe_shared)));
    told_.share = maybe_shared;
  }

 private:
  bool has(const Share& share) {
    const auto answer =
        clients_.ask(GroupClients::sync_request(share.joined, ""), GroupClients::kSync);
    return answer && answer->error_code == ErrorCode::none &&
           base::as_text(answer->assignment.view) == share.what;
  }

  BrokerBench bench_;
  GroupClients clients_;
  Told& told_;
};

/// The life of a group in three starts of the broker.
const std::vector<std::vector<std::function<bool(Life&)>>>& story() {
  static const std::vector<std::vector<std::function<bool(Life&)>>> lives = {
      {
          [](Life& life) { return life.create("t"); },
          [](Life& life) { return life.create("u"); },
          [](Life& life) { return life.find(); },
          [](Life& life) { return life.join(); },
          [](Life& life) { return life.sync("first"); },
          [](Life& life) { return life.commit("g", "t", 1); },
          [](Life& life) { return life.commit("alone", "u", 2); },
          [](Life& life) { return life.commit("g", "t", 3); },
          [](Life& life) { return life.join(); },
          [](Life& life) { return life.sync("second"); },
          [](Life& life) { return life.commit("g", "t", 4); },
      },
      {
          // Killed and started: members go on.
          [](Life& life) { return life.find(); },
          [](Life& life) { return life.heartbeat(); },
          [](Life& life) { return life.commit("g", "t", 5); },
          [](Life& life) { return life.remove("u"); },
          [](Life& life) { return life.create("u"); },
          [](Life& life) { return life.join(); },
          [](Life& life) { return life.sync("third"); },
          [](Life& life) { return life.stop(); },
      },
      {
          // From a clean stop.
          [](Life& life) { return life.find(); },
          [](Life& life) { return life.heartbeat(); },
          [](Life& life) { return life.commit("g", "t", 6); },
      },
  };
  return lives;
}

/// Lives the story until the power goes. True if it came to its end.
bool live(SimFileSystem& disk, Told& told) {
  base::Random random(1);
  for (const auto& steps : story()) {
    Life life(disk, told);
    if (!life.started()) {
      REQUIRE(disk.power_is_off());
      return false;
    }
    for (const auto& step : steps) {
      if (step(life)) continue;
      REQUIRE(disk.power_is_off());
      return false;
    }
    disk.crash(random, Loss::nothing);  // The process is killed, or has ended.
  }
  return true;
}

/// The broker must start and show the truth; twice, and go on.
void check_survives(SimFileSystem& disk, Told& told) {
  base::Random random(1);
  {
    Life life(disk, told);
    if (!life.started()) FAIL("refused: " << life.bench().refused()->detail);
    REQUIRE(life.find());
    life.check();
    if (life.bench().topic("t") == nullptr) REQUIRE(life.create("t"));
    REQUIRE(life.commit("later", "t", 99));
  }
  disk.crash(random, Loss::everything);
  Life life(disk, told);
  if (!life.started()) FAIL("refused: " << life.bench().refused()->detail);
  REQUIRE(life.find());
  life.check();
}

}  // namespace

TEST_CASE("a group loses nothing it was told, whenever the power goes", "[groups][crash]") {
  const std::vector<std::pair<Loss, std::uint64_t>> nights = {
      {Loss::everything, 1}, {Loss::nothing, 1}, {Loss::random, 1}, {Loss::random, 2}};
  std::uint64_t cuts = 0;
  for (const auto& [loss, seed] : nights) {
    for (std::uint64_t n = 1;; n += kCrashStride) {
      CAPTURE(static_cast<int>(loss), seed, n);
      SimFileSystem disk;
      Told told;
      disk.crash_at(n);
      const bool ended = live(disk, told);
      base::Random random(seed * 1000 + n);
      disk.crash(random, loss);
      check_survives(disk, told);
      if (ended) break;
      ++cuts;
    }
  }
  CHECK(cuts > 100 / kCrashStride);  // There was something to cut.
}
