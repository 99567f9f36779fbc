#include <catch2/catch.hpp>
#include <string>
#include <variant>
#include <vector>

#include "broker/coordinator/group_core.h"
#include "broker/coordinator/group_loader.h"
#include "protocol/wire/field.h"

using broker::GroupCore;
using broker::GroupLimits;
using protocol::ErrorCode;

namespace {

constexpr broker::Now kNow{.monotonic = base::MonotonicTime(std::chrono::hours(1)), .wall = 1};

protocol::JoinGroupResponse join(GroupCore& core, const std::string& client_id,
                                 const std::string& member_id,
                                 std::optional<std::string> instance_id = {}) {
  protocol::JoinGroupRequest request;
  request.group_id = "g";
  request.session_timeout_ms = 10'000;
  request.rebalance_timeout_ms = 10'000;
  request.member_id = member_id;
  request.group_instance_id = std::move(instance_id);
  request.protocol_type = "consumer";
  request.protocols.push_back({.name = "range", .metadata = {}});
  broker::Step step;
  core.join(request, {.client_id = client_id, .host = "/127.0.0.1", .version = 9}, 1, kNow, step);
  if (step.answers.empty()) core.on_time(kNow, step);
  REQUIRE(step.answers.size() == 1);
  return std::get<protocol::JoinGroupResponse>(step.answers.at(0).response);
}

}  // namespace

TEST_CASE("the longest names make member ids that are texts, and that a restart keeps",
          "[groups]") {
  GroupLimits limits;
  limits.initial_rebalance_delay = {};
  const std::string longest(protocol::kTextMax, 'n');
  for (const bool is_static : {false, true}) {
    GroupCore core(limits, 1);
    const auto instance_id = is_static ? std::optional(longest) : std::nullopt;
    auto joined = join(core, longest, "", instance_id);
    if (!is_static) {
      REQUIRE(joined.error_code == ErrorCode::member_id_required);
      joined = join(core, longest, joined.member_id);
    }
    REQUIRE(joined.error_code == ErrorCode::none);
    // Cut where it would not be one any more, and its own part is whole.
    CHECK(joined.member_id.size() == protocol::kTextMax);
    CHECK(joined.member_id.at(protocol::kTextMax - 37) == '-');
    CHECK(joined.member_id.starts_with(longest.substr(0, protocol::kTextMax - 37)));

    broker::Step step;
    core.sync({.group_id = "g",
               .generation_id = joined.generation_id,
               .member_id = joined.member_id,
               .group_instance_id = instance_id},
              2, kNow, step);
    REQUIRE(step.records.size() == 1);

    GroupCore restarted(limits, 2);
    REQUIRE(broker::fold_record(restarted, {.key = step.records[0].key,
                                            .value = base::BytesView(*step.records[0].value),
                                            .headers = {}}));
    restarted.loaded(kNow);
    const auto alive = restarted.heartbeat({.group_id = "g",
                                            .generation_id = joined.generation_id,
                                            .member_id = joined.member_id,
                                            .group_instance_id = instance_id},
                                           kNow);
    CHECK(alive.error_code == ErrorCode::none);
  }
}

TEST_CASE("two clients of the same long name are two members", "[groups]") {
  GroupCore core({}, 1);
  const std::string longest(protocol::kTextMax, 'n');
  const auto one = join(core, longest, "");
  const auto other = join(core, longest, "");
  CHECK(one.member_id != other.member_id);
  CHECK(join(core, std::string(protocol::kTextMax - 37, 's'), "").member_id.size() ==
        protocol::kTextMax);
  CHECK(join(core, "short", "").member_id.size() == 5 + 37);
}
