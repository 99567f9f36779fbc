#include "protocol/messages/offset_fetch.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/handlers/group_answer.h"
#include "broker/handlers/handlers.h"

namespace broker {
namespace {

using protocol::ErrorCode;
using protocol::OffsetFetchRequest;
using protocol::OffsetFetchResponse;

constexpr protocol::ApiVersion kFirstWithGroupError = 2;
constexpr protocol::ApiVersion kFirstBatched = 8;
constexpr protocol::ApiVersion kFirstByIds = 10;

/// A number costs its sender four bytes, what is committed for it may be kilobytes of metadata.
/// Only who repeats one gets them in order instead of as asked.
void want_each_once(std::vector<std::int32_t>& partitions) {
  auto sorted = partitions;
  std::ranges::sort(sorted);
  const auto rest = std::ranges::unique(sorted);
  if (rest.empty()) return;
  sorted.erase(rest.begin(), rest.end());
  partitions = std::move(sorted);
}

void want_each_once(std::vector<OffsetFetchRequest::Topic>& topics) {
  std::vector<OffsetFetchRequest::Topic> once;
  std::map<std::pair<base::Uuid, std::string>, std::size_t> places;
  for (auto& topic : topics) {
    const auto [place, is_new] = places.try_emplace({topic.topic_id, topic.name}, once.size());
    if (is_new) {
      once.push_back(std::move(topic));
    } else {
      std::ranges::move(topic.partition_indexes,
                        std::back_inserter(once[place->second].partition_indexes));
    }
  }
  for (auto& topic : once) want_each_once(topic.partition_indexes);
  topics = std::move(once);
}

/// What is asked of one group is answered once, together. Kafka answers as often as it is asked,
/// and a request of a few hundred kilobytes would have an answer of gigabytes.
std::vector<OffsetFetchRequest::Group> each_once(std::vector<OffsetFetchRequest::Group> groups) {
  std::vector<OffsetFetchRequest::Group> once;
  std::map<std::string, std::size_t> places;
  for (auto& group : groups) {
    const auto [place, is_new] = places.try_emplace(group.group_id, once.size());
    if (is_new) {
      once.push_back(std::move(group));
      continue;
    }
    auto& topics = once[place->second].topics;
    if (!group.topics) topics.reset();  // Null asks for all of them.
    if (topics) std::ranges::move(*group.topics, std::back_inserter(*topics));
  }
  return once;
}

void refuse(const OffsetFetchRequest::Topic& topic, ErrorCode error,
            OffsetFetchResponse::Group& group) {
  auto& answers = group.topics.emplace_back();
  answers.name = topic.name;
  answers.topic_id = topic.topic_id;
  for (const auto index : topic.partition_indexes) {
    auto& answer = answers.partitions.emplace_back();
    answer.partition_index = index;
    answer.committed_offset = -1;
    answer.metadata = "";
    answer.error_code = error;
  }
}

/// v10 names topics by id on both sides; an id that is not known has no offsets.
void name_topics(OffsetFetchRequest::Group& wanted, const TopicsImage& image,
                 OffsetFetchResponse::Group& unknown) {
  if (!wanted.topics) return;
  std::erase_if(*wanted.topics, [&](OffsetFetchRequest::Topic& topic) {
    const auto* known = image.with_id(topic.topic_id);
    if (known == nullptr) {
      refuse(topic, ErrorCode::unknown_topic_id, unknown);
      return true;
    }
    topic.name = known->name;
    return false;
  });
}

void identify_topics(OffsetFetchResponse::Group& group, const TopicsImage& image) {
  std::erase_if(group.topics, [&image](OffsetFetchResponse::Topic& topic) {
    if (!topic.topic_id.is_zero()) return false;
    const auto* known = image.named(topic.name);
    if (known != nullptr) topic.topic_id = known->id;
    return known == nullptr;
  });
}

Task<OffsetFetchResponse::Group> fetch(RequestContext& context, OffsetFetchRequest::Group wanted) {
  const auto image = context.services.topics.image();
  OffsetFetchResponse::Group unknown;
  if (wanted.topics) want_each_once(*wanted.topics);
  if (context.version >= kFirstByIds) name_topics(wanted, *image, unknown);
  const auto decide = [&wanted](GroupCore& core, Now /*now*/, Step& /*step*/) {
    return core.fetch(wanted);
  };
  auto answer = co_await context.services.groups.ask(context.loop(), wanted.group_id, decide);
  auto group =
      answer_or(std::move(answer), OffsetFetchResponse::Group{.group_id = wanted.group_id});
  if (context.version >= kFirstByIds) {
    identify_topics(group, *image);
    if (group.error_code == ErrorCode::none)
      std::ranges::move(unknown.topics, std::back_inserter(group.topics));
  }
  co_return group;
}

}  // namespace

/// OffsetFetch (9), v0 to v10: of one group, or since v8 of several (KIP-709). `require_stable` is
/// always met: there are no transactions yet whose offsets could be pending.
Task<OffsetFetchResponse> handle(RequestContext& context, OffsetFetchRequest request) {
  OffsetFetchResponse response;
  if (context.version >= kFirstBatched) {
    for (auto& wanted : each_once(std::move(request.groups))) {
      auto group = co_await fetch(context, std::move(wanted));
      response.groups.push_back(std::move(group));
      if (response.groups.size() % kGroupsPerTurn == 0) co_await give_way(context.loop());
    }
    co_return response;
  }
  OffsetFetchRequest::Group wanted;
  wanted.group_id = std::move(request.group_id);
  wanted.topics = std::move(request.topics);
  auto group = co_await fetch(context, wanted);
  if (group.error_code != ErrorCode::none && context.version < kFirstWithGroupError &&
      wanted.topics)
    for (const auto& topic : *wanted.topics) refuse(topic, group.error_code, group);
  response.error_code = group.error_code;
  response.topics = std::move(group.topics);
  co_return response;
}

}  // namespace broker
