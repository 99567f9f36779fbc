#pragma once

#include <cstddef>
#include <utility>

#include "broker/coordinator/group_shard.h"

namespace broker {

/// A request may name hundreds of thousands of groups: after so many of them others have the loop
/// (give_way).
constexpr std::size_t kGroupsPerTurn = 100;

/// What the coordinator said, or in its place `refused` with the reason why there is nothing.
template <class Response>
Response answer_or(GroupAnswer<Response> answer, Response refused = {}) {
  if (answer) return std::move(*answer);
  refused.error_code = answer.error();
  return refused;
}

}  // namespace broker
