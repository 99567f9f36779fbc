#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>

namespace broker {

/// A member, or an id that was handed out, of one group.
struct MemberName {
  std::string group_id;
  std::string member_id;
};

/// Who came when, oldest first, of those that the log does not know yet: when memory is short, they
/// are forgotten in this order. Who is stored or gone meanwhile is still in here until its turn
/// comes, or until most may be such ones.
///
/// Thread: its owner's.
class Newcomers {
 public:
  void add(MemberName name) { names_.push_back(std::move(name)); }
  /// Of all that were added and not taken out, also those who are none any more.
  std::size_t size() const { return names_.size(); }

  /// The oldest one that `is_newcomer` still says it is, and takes it out.
  template <class IsNewcomer>
  std::optional<MemberName> take_oldest(IsNewcomer is_newcomer) {
    while (!names_.empty()) {
      auto oldest = std::move(names_.front());
      names_.pop_front();
      if (is_newcomer(oldest)) return oldest;
    }
    return std::nullopt;
  }

  template <class IsNewcomer>
  void prune(IsNewcomer is_newcomer) {
    if (names_.size() < prune_at_) return;
    std::erase_if(names_, [&](const MemberName& name) { return !is_newcomer(name); });
    prune_at_ = std::max(kPruneFrom, 2 * names_.size());
  }

 private:
  static constexpr std::size_t kPruneFrom = 64;

  std::deque<MemberName> names_;
  std::size_t prune_at_ = kPruneFrom;
};

}  // namespace broker
