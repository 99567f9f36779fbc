#pragma once

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace broker {

/// Puts an answer about partitions of a topic to what is there of that topic already: what a
/// request asks of one topic is answered together, though we refuse some of it before we do the
/// rest.
template <class Topic>
void merge_topic(std::vector<Topic>& topics, Topic topic) {
  const auto same = std::ranges::find_if(topics, [&topic](const Topic& known) {
    if constexpr (requires { known.topic_id; }) {
      if (known.topic_id != topic.topic_id) return false;
    }
    return known.name == topic.name;
  });
  if (same == topics.end()) {
    topics.push_back(std::move(topic));
  } else {
    std::ranges::move(topic.partitions, std::back_inserter(same->partitions));
  }
}

/// As Kafka does it: where nothing was refused the answer is as it comes, a topic twice if it was
/// asked for twice.
template <class Topic>
void merge_topics(std::vector<Topic>& refused, std::vector<Topic> rest) {
  if (refused.empty()) {
    refused = std::move(rest);
    return;
  }
  for (auto& topic : rest) merge_topic(refused, std::move(topic));
}

}  // namespace broker
