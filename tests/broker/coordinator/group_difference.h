#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "broker/coordinator/group.h"

namespace broker_tests {

inline bool same_offsets(const broker::CommittedOffsets& a, const broker::CommittedOffsets& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.first == y.first &&
           std::ranges::equal(x.second, y.second, [](const auto& p, const auto& q) {
             return p.first == q.first && p.second.offset == q.second.offset &&
                    p.second.committed_at == q.second.committed_at;
           });
  });
}

/// What of a member a restart would find otherwise; `protocol` is the group's.
inline std::optional<std::string> difference_to_stored(const broker::GroupMember& live,
                                                       const broker::GroupMember& stored,
                                                       std::string_view protocol) {
  const auto* said = live.protocol(protocol);
  const auto* kept = stored.protocol(protocol);
  if (said == nullptr || kept == nullptr || said->metadata != kept->metadata)
    return "what a member says is not as it is stored";
  if (live.assignment != stored.assignment) return "its share is not as it is stored";
  if (live.instance_id != stored.instance_id) return "its instance id is not as it is stored";
  if (live.session_timeout_ms != stored.session_timeout_ms ||
      live.rebalance_timeout_ms != stored.rebalance_timeout_ms)
    return "its time-outs are not as they are stored";
  return std::nullopt;
}

/// What of a settled group a restart would find otherwise, except its offsets.
inline std::optional<std::string> difference_to_stored(const broker::Group& live,
                                                       const broker::Group& stored) {
  if (live.state != stored.state) return "the state is not as it is stored";
  if (live.generation != stored.generation) return "the generation is not as it is stored";
  if (live.leader != stored.leader) return "the leader is not as it is stored";
  if (live.protocol_name != stored.protocol_name) return "the protocol is not as it is stored";
  if (live.protocol_type != stored.protocol_type) return "the type is not as it is stored";
  if (live.members().size() != stored.members().size())
    return "the members are not as they are stored";
  for (const auto& [id, member] : live.members()) {
    const auto found = stored.members().find(id);
    if (found == stored.members().end()) return "a member is not stored";
    if (auto difference = difference_to_stored(member, found->second, *live.protocol_name))
      return difference;
  }
  return std::nullopt;
}

}  // namespace broker_tests
