#include "broker/coordinator/group_shard.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "broker/coordinator/group_coordinator.h"
#include "protocol/messages/delete_topics.h"
#include "protocol/messages/describe_groups.h"
#include "protocol/messages/list_groups.h"
#include "tests/broker/coordinator/group_clients.h"
#include "tests/support/held_syncs.h"

using broker_tests::GroupClients;
using protocol::ErrorCode;
using test_support::BrokerBench;
using test_support::HeldSyncs;
using test_support::Started;

namespace {

/// An answer that may not be there yet.
template <class Request>
class Asked {
 public:
  Asked(BrokerBench& bench, Request request, protocol::ApiVersion version)
      : bench_(bench), version_(version), started_(bench.begin(std::move(request), version)) {}

  bool answered() {
    bench_.loop.run_ready();
    return started_.done();
  }
  typename Request::Response answer() {
    REQUIRE(bench_.run_until([this] { return started_.done(); }));
    return bench_.decoded<Request>(started_.value(), version_);
  }

 private:
  BrokerBench& bench_;
  protocol::ApiVersion version_;
  Started<broker::Answer> started_;
};

}  // namespace

TEST_CASE("a commit is answered when it is synced, and nobody sees it before", "[groups]") {
  test::SimFileSystem disk;
  HeldSyncs files(disk);
  BrokerBench bench(files, GroupClients::usual_config());
  GroupClients clients(bench);
  bench.make_topic("t");
  REQUIRE(clients.find());
  REQUIRE(clients.commit("t", 0, 1) == ErrorCode::none);

  files.hold();
  Asked commit(bench, GroupClients::commit_request("t", 0, 2), GroupClients::kCommit);
  REQUIRE_FALSE(commit.answered());
  files.wait_until_held(1);
  Asked fetch(bench, GroupClients::fetch_request("t", 0), GroupClients::kFetch);
  const protocol::ListGroupsRequest everything{};
  Asked list(bench, everything, 5);
  protocol::DescribeGroupsRequest named;
  named.groups = {"g"};
  Asked describe(bench, named, 6);
  CHECK_FALSE(commit.answered());
  CHECK_FALSE(fetch.answered());
  CHECK_FALSE(list.answered());
  CHECK_FALSE(describe.answered());

  files.release();
  CHECK(GroupClients::error_of(commit.answer()) == ErrorCode::none);
  CHECK(GroupClients::offset_of(fetch.answer()) == 2);
  CHECK(list.answer().groups.size() == 1);
  CHECK(describe.answer().groups.at(0).error_code == ErrorCode::none);
}

TEST_CASE("a share is handed out when it is stored", "[groups]") {
  test::SimFileSystem disk;
  HeldSyncs files(disk);
  BrokerBench bench(files, GroupClients::usual_config());
  GroupClients clients(bench);
  REQUIRE(clients.find());
  const auto joined = clients.join();
  REQUIRE(joined);
  REQUIRE(joined->error_code == ErrorCode::none);
  CHECK(joined->leader == joined->member_id);

  files.hold();
  Asked sync(bench, GroupClients::sync_request(*joined, "mine"), GroupClients::kSync);
  REQUIRE_FALSE(sync.answered());
  files.wait_until_held(1);
  // Nor does it leave by another way.
  Asked again(bench, GroupClients::sync_request(*joined, ""), GroupClients::kSync);
  CHECK_FALSE(again.answered());
  files.release();
  CHECK(base::as_text(sync.answer().assignment.view) == "mine");
  CHECK(base::as_text(again.answer().assignment.view) == "mine");
}

TEST_CASE("what the log refuses has not happened", "[groups]") {
  test::SimFileSystem disk;
  auto config = GroupClients::usual_config();
  config.group_initial_rebalance_delay_ms = 3000;
  BrokerBench bench(disk, config);
  GroupClients clients(bench);
  bench.make_topic("t", 2);
  REQUIRE(clients.find());
  REQUIRE(clients.commit("t", 0, 1) == ErrorCode::none);
  const auto id = clients.ask(GroupClients::join_request("parked"), GroupClients::kJoin);
  Asked parked(bench, GroupClients::join_request("parked", id->member_id), GroupClients::kJoin);
  CHECK_FALSE(parked.answered());

  disk.fail_at(disk.operations() + 1, base::Fault::full);
  Asked refused(bench, GroupClients::commit_request("t", 0, 2), GroupClients::kCommit);
  // Nothing says 2, and everybody who waits is told to come again.
  CHECK(GroupClients::error_of(refused.answer()) == ErrorCode::coordinator_not_available);
  CHECK(parked.answer().error_code == ErrorCode::coordinator_not_available);
  CHECK(std::ranges::any_of(bench.said, [](const std::string& line) {
    return line.find("a record was refused") != std::string::npos;
  }));

  // It is read again, but not at once: the disk may be full for long.
  Asked meanwhile(bench, GroupClients::fetch_request("t", 0), GroupClients::kFetch);
  CHECK(meanwhile.answer().error_code == ErrorCode::coordinator_load_in_progress);
  bench.run_until([&bench] { return bench.pool.posted() == 0; });
  Asked later(bench, GroupClients::fetch_request("t", 0), GroupClients::kFetch);
  CHECK(later.answer().error_code == ErrorCode::coordinator_load_in_progress);
  bench.loop.advance(std::chrono::milliseconds(1000));
  REQUIRE(clients.find());
  CHECK(clients.fetch("t", 0) == 1);
  CHECK(clients.commit("t", 1, 3) == ErrorCode::none);
  CHECK(clients.fetch("t", 1) == 3);
}

TEST_CASE("an offset whose time is over cannot be dropped on a full disk, and the others are read",
          "[groups]") {
  test::SimFileSystem disk;
  auto config = GroupClients::usual_config();
  BrokerBench bench(disk, config);
  GroupClients clients(bench);
  bench.make_topic("t", 2);
  REQUIRE(clients.find());
  REQUIRE(clients.commit("t", 0, 1) == ErrorCode::none);
  const std::chrono::milliseconds interval(config.offsets_retention_check_interval_ms);
  bench.loop.advance(std::chrono::minutes(config.offsets_retention_minutes - 1));
  REQUIRE(clients.commit("t", 1, 2) == ErrorCode::none);
  const auto refused = [&bench] {
    return std::ranges::count_if(bench.said, [](const std::string& line) {
      return line.find("a record was refused") != std::string::npos;
    });
  };
  disk.fail_at(disk.operations() + 1, base::Fault::full, test::SimFileSystem::Times::forever);
  bench.loop.advance(interval);
  REQUIRE(bench.run_until([&] { return refused() == 1; }));

  bench.loop.advance(std::chrono::milliseconds(1000));
  bench.run_until([&bench] { return bench.pool.posted() == 0; });
  CHECK(clients.fetch("t", 1) == 2);
  bench.loop.advance(interval / 2);
  CHECK(clients.fetch("t", 1) == 2);
  CHECK(refused() == 1);
  // It is tried again when it would have been anyhow.
  bench.loop.advance(interval / 2);
  CHECK(bench.run_until([&] { return refused() == 2; }));
}

TEST_CASE("a topic that is deleted while its offsets are being read loses them all the same",
          "[groups]") {
  test::SimFileSystem disk;
  BrokerBench bench(disk, GroupClients::usual_config());
  GroupClients clients(bench);
  bench.make_topic("t", 2);
  REQUIRE(clients.find());
  REQUIRE(clients.commit("t", 0, 1) == ErrorCode::none);
  disk.fail_at(disk.operations() + 1, base::Fault::full);
  REQUIRE(clients.commit("t", 1, 1) == ErrorCode::coordinator_not_available);

  protocol::DeleteTopicsRequest gone;
  gone.topic_names = {"t"};
  REQUIRE(bench.ask(gone, 5).responses.at(0).error_code == ErrorCode::none);
  bench.make_topic("t");
  bench.loop.advance(std::chrono::milliseconds(1000));
  REQUIRE(clients.find());
  CHECK(clients.fetch("t", 0) == -1);
}

TEST_CASE("members that were read again have their session's time, and no more", "[groups]") {
  test::SimFileSystem disk;
  BrokerBench bench(disk, GroupClients::usual_config());
  GroupClients clients(bench);
  bench.make_topic("t");
  REQUIRE(clients.find());
  const auto joined = clients.join();
  REQUIRE(joined->error_code == ErrorCode::none);
  REQUIRE(
      clients.ask(GroupClients::sync_request(*joined, "all"), GroupClients::kSync)->error_code ==
      ErrorCode::none);
  disk.fail_at(disk.operations() + 1, base::Fault::full);
  REQUIRE(clients.commit("t", 0, 1, "", "other") == ErrorCode::coordinator_not_available);
  bench.loop.advance(std::chrono::milliseconds(1000));
  REQUIRE(clients.find());
  const auto state = [&bench] {
    protocol::DescribeGroupsRequest request;
    request.groups = {"g"};
    return bench.ask(request, 5).groups.at(0).group_state;
  };
  bench.loop.advance(std::chrono::milliseconds(9'000));
  CHECK(state() == "Stable");
  bench.loop.advance(std::chrono::milliseconds(1'001));
  bench.loop.run_ready();
  CHECK(state() == "Empty");
}

TEST_CASE("a partition that fills the memory of members makes room for the others", "[groups]") {
  test::SimFileSystem disk;
  auto config = GroupClients::usual_config();
  config.offsets_topic_num_partitions = 2;
  config.request_memory_bytes = 1 << 20;
  BrokerBench bench(disk, config);
  GroupClients clients(bench);
  bench.make_topic("t");
  REQUIRE(clients.find());
  const auto group_in = [](std::int32_t partition, int number) {
    auto name = "g" + std::to_string(number);
    while (broker::offsets_partition(name, 2) != partition) name += "y";
    return name;
  };
  for (int i = 0; i < 1'000; ++i)
    REQUIRE(
        clients.ask(GroupClients::join_request(group_in(0, i)), GroupClients::kJoin)->error_code ==
        ErrorCode::member_id_required);
  // Ids of the other partition are forgotten, but not before the answer.
  const auto newcomer = group_in(1, 0);
  CHECK(clients.join(newcomer)->error_code == ErrorCode::coordinator_not_available);
  bench.loop.run_ready();
  const auto joined = clients.join(newcomer);
  REQUIRE(joined->error_code == ErrorCode::none);
  CHECK(clients.ask(GroupClients::sync_request(*joined, "all", newcomer), GroupClients::kSync)
            ->error_code == ErrorCode::none);
}

TEST_CASE("who waits for his share keeps no request", "[groups]") {
  test::SimFileSystem disk;
  BrokerBench bench(disk, GroupClients::usual_config());
  GroupClients clients(bench);
  REQUIRE(clients.find());
  const auto leader = clients.join();
  REQUIRE(leader->error_code == ErrorCode::none);
  const auto id = clients.ask(GroupClients::join_request(), GroupClients::kJoin)->member_id;
  Asked follower(bench, GroupClients::join_request("g", id), GroupClients::kJoin);
  REQUIRE(clients.ask(GroupClients::join_request("g", leader->member_id), GroupClients::kJoin)
              ->error_code == ErrorCode::none);
  auto request = GroupClients::sync_request(follower.answer(), std::string(10'000, 's'));
  auto frame = test_support::shared(bench.frame_of(std::move(request), GroupClients::kSync));
  const std::weak_ptr<const void> kept = frame.owner;
  const Started<broker::Answer> waiting(bench.dispatcher->handle(bench.info, std::move(frame)));
  bench.loop.run_ready();
  CHECK_FALSE(waiting.done());
  CHECK(kept.expired());
}

TEST_CASE("what would be too large for the log is not handed to it", "[groups]") {
  test::SimFileSystem disk;
  BrokerBench bench(disk, GroupClients::usual_config());
  GroupClients clients(bench);
  bench.make_topic("t", 20);
  bench.make_topic("__consumer_offsets", 1, {{"max.message.bytes", "300"}});
  REQUIRE(clients.find());
  CHECK(clients.commit("t", 0, 1, std::string(300, 'm')) == ErrorCode::invalid_commit_offset_size);
  auto many = GroupClients::commit_request("t", 0, 1);
  for (std::int32_t partition = 1; partition < 20; ++partition)
    many.topics.at(0).partitions.push_back(
        {.partition_index = partition, .committed_offset = 2, .committed_metadata = "m"});
  const auto committed = clients.ask(many, GroupClients::kCommit);
  REQUIRE(committed);
  for (const auto& partition : committed->topics.at(0).partitions)
    CHECK(partition.error_code == ErrorCode::none);
  CHECK(clients.fetch("t", 19) == 2);
}

TEST_CASE("while groups are loaded the answer is to come again", "[groups]") {
  test::SimFileSystem disk;
  base::Random random(1);
  std::optional<protocol::JoinGroupResponse> joined;
  {
    BrokerBench bench(disk, GroupClients::usual_config());
    GroupClients clients(bench);
    bench.make_topic("t");
    REQUIRE(clients.find());
    joined = clients.join();
    REQUIRE(clients.ask(GroupClients::sync_request(*joined, "mine"), GroupClients::kSync));
    auto commit = GroupClients::commit_request("t", 0, 7);
    commit.member_id = joined->member_id;
    commit.generation_id_or_member_epoch = joined->generation_id;
    REQUIRE(GroupClients::error_of(*clients.ask(commit, GroupClients::kCommit)) == ErrorCode::none);
  }
  disk.crash(random, test::SimFileSystem::Loss::nothing);
  BrokerBench bench(disk, GroupClients::usual_config());
  GroupClients clients(bench);
  bench.loop.run_ready();  // The worker has its job and does not begin.
  constexpr auto kLoading = ErrorCode::coordinator_load_in_progress;
  const protocol::HeartbeatRequest alive{.group_id = "g",
                                         .generation_id = joined->generation_id,
                                         .member_id = joined->member_id,
                                         .group_instance_id = {}};
  Asked heartbeat(bench, alive, GroupClients::kHeartbeat);
  Asked commit(bench, GroupClients::commit_request("t", 0, 8), GroupClients::kCommit);
  Asked fetch(bench, GroupClients::fetch_request("t", 0), GroupClients::kFetch);
  Asked join(bench, GroupClients::join_request(), GroupClients::kJoin);
  Asked sync(bench, GroupClients::sync_request(*joined, ""), GroupClients::kSync);
  Asked list(bench, protocol::ListGroupsRequest{}, 5);
  REQUIRE(heartbeat.answered());
  CHECK(heartbeat.answer().error_code == kLoading);
  CHECK(GroupClients::error_of(commit.answer()) == kLoading);
  CHECK(fetch.answer().error_code == kLoading);
  CHECK(join.answer().error_code == kLoading);
  CHECK(sync.answer().error_code == kLoading);
  CHECK(list.answer().error_code == kLoading);

  // Members go on where they were.
  REQUIRE(clients.find());
  CHECK(clients.heartbeat(*joined) == ErrorCode::none);
  CHECK(clients.fetch("t", 0) == 7);
}

TEST_CASE("members that are not heard of after a start are out", "[groups]") {
  test::SimFileSystem disk;
  base::Random random(1);
  std::optional<protocol::JoinGroupResponse> joined;
  {
    BrokerBench bench(disk, GroupClients::usual_config());
    GroupClients clients(bench);
    REQUIRE(clients.find());
    joined = clients.join();
    REQUIRE(clients.ask(GroupClients::sync_request(*joined, "mine"), GroupClients::kSync));
  }
  disk.crash(random, test::SimFileSystem::Loss::nothing);
  BrokerBench bench(disk, GroupClients::usual_config());
  GroupClients clients(bench);
  REQUIRE(clients.find());
  bench.loop.advance(std::chrono::milliseconds(10'000));
  CHECK(clients.heartbeat(*joined) == ErrorCode::unknown_member_id);
}

TEST_CASE("time-outs run by the broker's clock", "[groups]") {
  test::SimFileSystem disk;
  BrokerBench bench(disk, GroupClients::usual_config());
  GroupClients clients(bench);
  REQUIRE(clients.find());
  const auto joined = clients.join();
  REQUIRE(clients.ask(GroupClients::sync_request(*joined, "mine"), GroupClients::kSync));
  bench.loop.advance(std::chrono::milliseconds(9'999));
  CHECK(clients.heartbeat(*joined) == ErrorCode::none);
  bench.loop.advance(std::chrono::milliseconds(9'999));
  CHECK(clients.heartbeat(*joined) == ErrorCode::none);
  bench.loop.advance(std::chrono::milliseconds(10'000));
  CHECK(clients.heartbeat(*joined) == ErrorCode::unknown_member_id);
}

TEST_CASE("a broker that stops answers the parked", "[groups]") {
  test::SimFileSystem disk;
  BrokerBench bench(disk, GroupClients::usual_config());
  GroupClients clients(bench);
  REQUIRE(clients.find());
  const auto joined = clients.join("syncs");
  auto follower = GroupClients::join_request("joins");
  bench.config.group_initial_rebalance_delay_ms = 3000;
  const auto leader = clients.join("joins");
  REQUIRE(clients.ask(GroupClients::sync_request(*leader, "mine", "joins"), GroupClients::kSync));
  const auto id = clients.ask(follower, GroupClients::kJoin);
  follower.member_id = id->member_id;
  Asked join(bench, follower, GroupClients::kJoin);
  CHECK_FALSE(join.answered());  // Waits for the leader to join again.

  bench.groups->stop();
  CHECK(join.answer().error_code == ErrorCode::coordinator_not_available);
  CHECK(clients.heartbeat(*joined) == ErrorCode::coordinator_not_available);
  Asked late(bench, GroupClients::join_request("joins", leader->member_id), GroupClients::kJoin);
  CHECK(late.answer().error_code == ErrorCode::coordinator_not_available);
}

TEST_CASE("offsets go with their topic, and do not come back with its name", "[groups]") {
  test::SimFileSystem disk;
  base::Random random(1);
  {
    BrokerBench bench(disk, GroupClients::usual_config());
    GroupClients clients(bench);
    bench.make_topic("t");
    bench.make_topic("u");
    REQUIRE(clients.find());
    REQUIRE(clients.commit("t", 0, 1) == ErrorCode::none);
    REQUIRE(clients.commit("u", 0, 2) == ErrorCode::none);
    REQUIRE(clients.commit("v", 0, 2) == ErrorCode::unknown_topic_or_partition);
    REQUIRE(clients.commit("u", 1, 2) == ErrorCode::unknown_topic_or_partition);
    // As when the power goes between the topic's deletion and that of its offsets.
    REQUIRE(bench.result_of(bench.topics->remove(bench.loop, bench.topic("u")->id)));
    bench.make_topic("u");
  }
  disk.crash(random, test::SimFileSystem::Loss::everything);
  BrokerBench bench(disk, GroupClients::usual_config());
  GroupClients clients(bench);
  REQUIRE(clients.find());
  CHECK(clients.fetch("t", 0) == 1);
  CHECK(clients.fetch("u", 0) == -1);
}
