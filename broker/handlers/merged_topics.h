#pragma once

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/uuid.h"

namespace broker {

/// Answers about topics: what a request asks of one topic is answered together, though we refuse
/// some of it before we do the rest.
///
/// Thread: one.
template <class Topic>
class MergedTopics {
 public:
  /// Puts it to what is there of that topic already.
  void add(Topic topic) {
    const auto [place, is_new] = places_.try_emplace(name_of(topic), topics_.size());
    if (is_new) {
      topics_.push_back(std::move(topic));
    } else {
      std::ranges::move(topic.partitions, std::back_inserter(topics_[place->second].partitions));
    }
  }

  /// With the rest, all there is. As Kafka does it: where nothing was added before, the answer is
  /// as it comes, a topic twice if it was asked for twice.
  std::vector<Topic> with(std::vector<Topic> rest) && {
    if (topics_.empty()) return rest;
    for (auto& topic : rest) add(std::move(topic));
    return std::move(topics_);
  }

 private:
  using Name = std::pair<base::Uuid, std::string>;

  static Name name_of(const Topic& topic) {
    if constexpr (requires { topic.topic_id; }) return {topic.topic_id, topic.name};
    return {{}, topic.name};
  }

  std::vector<Topic> topics_;
  std::map<Name, std::size_t> places_;
};

}  // namespace broker
