#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "broker/coordinator/group_core.h"
#include "broker/coordinator/group_loader.h"
#include "tests/broker/coordinator/group_text.h"
#include "tests/broker/coordinator/story_line.h"
#include "tests/support/scenario.h"

namespace broker_tests {

/// Plays the lines of a story over a GroupCore whose time stands still until the story says `wait`.
/// Each verb is a function of its name below; what it prints are the records for the log, then the
/// answers, in order. Clients remember what they were told: a later line repeats what an earlier
/// one said of session, protocols and so on, unless it says otherwise.
///
/// Thread: the test's.
class GroupStory {
 public:
  GroupStory() { start(); }

  std::string execute(const test_support::Command& command) {
    static const std::map<std::string, void (GroupStory::*)()> verbs = {
        {"begin", &GroupStory::begin},
        {"limits", &GroupStory::limits},
        {"join", &GroupStory::join},
        {"enter", &GroupStory::enter},
        {"sync", &GroupStory::sync},
        {"heartbeat", &GroupStory::heartbeat},
        {"leave", &GroupStory::leave},
        {"commit", &GroupStory::commit},
        {"fetch", &GroupStory::fetch},
        {"delete-offsets", &GroupStory::delete_offsets},
        {"delete-group", &GroupStory::delete_group},
        {"list", &GroupStory::list},
        {"describe", &GroupStory::describe},
        {"show", &GroupStory::show},
        {"wait", &GroupStory::wait},
        {"expire", &GroupStory::expire},
        {"forget-topics", &GroupStory::forget_topics},
        {"spoil", &GroupStory::spoil},
        {"restart", &GroupStory::restart}};
    if (command.verb == "repeat") return repeat(command);
    const auto verb = verbs.find(command.verb);
    INFO("verb " << command.verb);
    REQUIRE(verb != verbs.end());
    line_ = StoryLine(command);
    out_.clear();
    (this->*verb->second)();
    return shortened(std::exchange(out_, {}));
  }

 private:
  /// What a client knows and says again.
  struct Client {
    std::string id;
    std::int32_t generation = -1;
    std::map<std::string, std::string> said;
  };
  struct Asked {
    std::string verb;
    std::string client;
  };

  /// repeat 1000 heartbeat m%: the rest of the line once for each number, with that for `%`.
  std::string repeat(const test_support::Command& command) {
    std::string printed;
    for (const auto& turn : turns_of(command)) printed += execute(turn);
    return shortened(printed);
  }

  void start() { core_ = std::make_unique<broker::GroupCore>(limits_, ++seed_); }

  // What a line says.
  std::optional<std::string> option(const std::string& name) const { return line_.option(name); }
  std::string group_id() const { return option("group").value_or("g"); }
  std::int16_t version(std::int16_t usual) const {
    const auto said = option("v");
    return said ? static_cast<std::int16_t>(std::stoi(*said)) : usual;
  }
  static base::SharedBytes bytes(const std::string& text) {
    const auto view = base::as_bytes(text);
    return test_support::shared({view.begin(), view.end()});
  }
  Client& client() { return clients_[line_.words.at(0)]; }
  /// The id that a client has now, else that which goes by this name.
  std::string known_id(const std::string& name) const {
    const auto client = clients_.find(name);
    return client == clients_.end() ? text_.id(name) : client->second.id;
  }
  std::string member_id() {
    const auto said = option("id");
    return said ? text_.id(*said) : client().id;
  }
  std::int32_t generation() {
    const auto said = option("generation");
    return said ? std::stoi(*said) : client().generation;
  }
  std::optional<std::string> instance_id() {
    if (const auto said = option("instance")) return said;
    const auto& before = client().said;
    const auto found = before.find("instance");
    return found == before.end() ? std::nullopt : std::optional(found->second);
  }

  // What it leads to.
  void say(const std::string& line) { out_ += line + "\n"; }
  broker::AnswerTo ask(const std::string& verb, const std::string& client) {
    asked_[next_answer_] = {verb, client};
    return next_answer_++;
  }
  void carry_out(broker::Step step) {
    for (const auto& answer : step.answers)
      if (const auto* joined = std::get_if<protocol::JoinGroupResponse>(&answer.response))
        text_.call(joined->member_id, asked_.at(answer.to).client);
    for (auto& record : step.records) {
      out_ += text_.print(record);
      log_.push_back(std::move(record));
    }
    for (const auto& answer : step.answers) {
      const auto asked = asked_.extract(answer.to);
      REQUIRE(!asked.empty());  // Nobody is answered twice.
      const auto& [verb, name] = asked.mapped();
      auto& client = clients_[name];
      if (const auto* joined = std::get_if<protocol::JoinGroupResponse>(&answer.response)) {
        REQUIRE(verb == "join");
        if (joined->error_code == protocol::ErrorCode::none)
          client.generation = joined->generation_id;
        if (joined->error_code == protocol::ErrorCode::none ||
            joined->error_code == protocol::ErrorCode::member_id_required)
          client.id = joined->member_id;
        say(fmt::format("{} joins: {}", name, text_.print(*joined)));
      } else {
        REQUIRE(verb == "sync");
        say(fmt::format("{} syncs: {}", name,
                        GroupText::print(std::get<protocol::SyncGroupResponse>(answer.response))));
      }
    }
  }

  // begin: everything is forgotten, another story begins.
  void begin() {
    limits_ = {};
    log_.clear();
    text_ = {};
    clients_.clear();
    asked_.clear();
    now_ = kFirst;
    start();
  }

  // limits delay=0s members=2 ...
  void limits() {
    if (const auto said = option("delay")) limits_.initial_rebalance_delay = duration(*said);
    if (const auto said = option("members")) limits_.members_max = std::stoul(*said);
    if (const auto said = option("metadata")) limits_.metadata_bytes_max = std::stoul(*said);
    if (const auto said = option("record")) limits_.record_bytes_max = std::stoul(*said);
    if (const auto said = option("memory")) limits_.memory = broker::GroupMemory(std::stoul(*said));
    if (const auto said = option("retention")) limits_.offsets_retention = duration(*said);
    start();
  }

  // join CLIENT [id= instance= session= rebalance= protocols=range:text,... topics=t,... type= v=]
  void join() {
    auto& client = this->client();
    for (const auto& [name, value] : line_.options)
      if (name != "id") client.said[name] = value;
    const auto said = [&client](const std::string& name, const std::string& usual) {
      const auto found = client.said.find(name);
      return found == client.said.end() ? usual : found->second;
    };
    protocol::JoinGroupRequest request;
    request.group_id = said("group", "g");
    request.session_timeout_ms =
        static_cast<std::int32_t>(duration(said("session", "10s")).count());
    request.rebalance_timeout_ms =
        static_cast<std::int32_t>(duration(said("rebalance", "60s")).count());
    request.member_id = member_id();
    request.group_instance_id = instance_id();
    request.protocol_type = said("type", "consumer");
    for (const auto& offered : parts(said("protocols", "range"), ',')) {
      const auto [name, metadata] = pair(offered);
      const auto topics = parts(said("topics", ""), ',');
      request.protocols.push_back(
          {name, topics.empty() ? bytes(metadata) : GroupText::subscription(topics)});
    }
    if (const auto size = said("metadata", ""); !size.empty())
      request.protocols.at(0).metadata = bytes(std::string(std::stoul(size), 'm'));
    const broker::JoiningClient who{
        .client_id = said("client", line_.words.at(0)),
        .host = "/127.0.0.1",
        .version = static_cast<std::int16_t>(std::stoi(said("v", "9")))};
    broker::Step step;
    core_->join(request, who, ask("join", line_.words.at(0)), now_, step);
    carry_out(std::move(step));
  }

  // enter CLIENT...: joins with no id, and again with the one it is given. Says nothing of that.
  void enter() {
    line_.options["id"] = "";
    join();
    line_.options.erase("id");
    if (out_.find("MEMBER_ID_REQUIRED") == std::string::npos) return;
    out_.clear();
    join();
  }

  // sync CLIENT [assign=a:text,b:text|each generation= id= type= protocol=]
  // `each`: every member gets a share that says its name.
  void sync() {
    protocol::SyncGroupRequest request{.group_id = group_id(),
                                       .generation_id = generation(),
                                       .member_id = member_id(),
                                       .group_instance_id = instance_id(),
                                       .protocol_type = option("type"),
                                       .protocol_name = option("protocol"),
                                       .assignments = {}};
    const auto assigned = option("assign").value_or("");
    if (assigned == "each")
      for (const auto& [id, member] : std::as_const(*core_).find(group_id())->members())
        request.assignments.push_back({id, bytes(text_.name(id))});
    else
      for (const auto& share : parts(assigned, ',')) {
        const auto [name, text] = pair(share);
        request.assignments.push_back({known_id(name), bytes(text)});
      }
    broker::Step step;
    core_->sync(request, ask("sync", line_.words.at(0)), now_, step);
    carry_out(std::move(step));
  }

  // heartbeat CLIENT [generation= id=]
  void heartbeat() {
    const auto answer = core_->heartbeat({.group_id = group_id(),
                                          .generation_id = generation(),
                                          .member_id = member_id(),
                                          .group_instance_id = instance_id()},
                                         now_);
    say(GroupText::error(answer.error_code));
  }

  // leave CLIENT... [instance=: by instance id, and the member id if one is said]
  void leave() {
    protocol::LeaveGroupRequest request{.group_id = group_id(), .member_id = "", .members = {}};
    for (const auto& name : line_.words)
      request.members.push_back(
          {.member_id = known_id(name), .group_instance_id = {}, .reason = {}});
    for (const auto& instance : parts(option("instance").value_or(""), ','))
      request.members.push_back({.member_id = text_.id(option("id").value_or("")),
                                 .group_instance_id = instance,
                                 .reason = {}});
    broker::Step step;
    const auto answer = core_->leave(request, now_, step);
    if (answer.error_code != protocol::ErrorCode::none) say(GroupText::error(answer.error_code));
    for (const auto& member : answer.members) {
      const auto who = member.member_id.empty() ? member.group_instance_id.value_or("nobody")
                                                : text_.name(member.member_id);
      say(fmt::format("{} leaves: {}", who, GroupText::error(member.error_code)));
    }
    carry_out(std::move(step));
  }

  // commit CLIENT|nobody TOPIC/PARTITION=OFFSET[:text]... [generation= retention= size= v=]
  void commit() {
    protocol::OffsetCommitRequest request;
    request.group_id = group_id();
    if (line_.words.at(0) != "nobody") {
      request.member_id = member_id();
      request.group_instance_id = instance_id();
      request.generation_id_or_member_epoch = generation();
    }
    if (const auto said = option("retention")) request.retention_time_ms = duration(*said).count();
    request.topics = line_.topics<protocol::OffsetCommitRequest::Topic>(
        [this](auto& topic, std::int32_t index, const std::string& what) {
          const auto [offset, text] = pair(what);
          const auto size = option("size");
          topic.topic_id.bytes[0] = std::byte{1};
          topic.partitions.push_back(
              {.partition_index = index,
               .committed_offset = std::stoll(offset),
               .committed_metadata = size ? std::string(std::stoul(*size), 'm') : text});
        });
    broker::Step step;
    const auto answer = core_->commit(request, version(9), now_, step);
    for (const auto& topic : answer.topics)
      for (const auto& partition : topic.partitions)
        say(fmt::format("{}/{} {}", topic.name, partition.partition_index,
                        GroupText::error(partition.error_code)));
    carry_out(std::move(step));
  }

  // fetch [TOPIC/PARTITION...]: all if none is named.
  void fetch() {
    protocol::OffsetFetchRequest::Group request;
    request.group_id = group_id();
    if (!line_.items.empty())
      request.topics = line_.topics<protocol::OffsetFetchRequest::Topic>(
          [](auto& topic, std::int32_t index, const std::string&) {
            topic.partition_indexes.push_back(index);
          });
    const auto answer = core_->fetch(request);
    if (answer.error_code != protocol::ErrorCode::none) say(GroupText::error(answer.error_code));
    for (const auto& topic : answer.topics)
      for (const auto& partition : topic.partitions)
        say(fmt::format(
            "{}/{} {}", topic.name, partition.partition_index,
            GroupText::offset(partition.committed_offset, partition.metadata.value_or("null"))));
  }

  void delete_offsets() {
    protocol::OffsetDeleteRequest request;
    request.group_id = group_id();
    request.topics = line_.topics<protocol::OffsetDeleteRequest::Topic>(
        [](auto& topic, std::int32_t index, const std::string&) {
          topic.partitions.push_back({index});
        });
    broker::Step step;
    const auto answer = core_->delete_offsets(request, step);
    if (answer.error_code != protocol::ErrorCode::none) say(GroupText::error(answer.error_code));
    for (const auto& topic : answer.topics)
      for (const auto& partition : topic.partitions)
        say(fmt::format("{}/{} {}", topic.name, partition.partition_index,
                        GroupText::error(partition.error_code)));
    carry_out(std::move(step));
  }

  void delete_group() {
    broker::Step step;
    say(GroupText::error(core_->delete_group(group_id(), step).error_code));
    carry_out(std::move(step));
  }

  // list [states=Stable,... types=classic,...]
  void list() {
    const protocol::ListGroupsRequest request{
        .states_filter = parts(option("states").value_or(""), ','),
        .types_filter = parts(option("types").value_or(""), ',')};
    protocol::ListGroupsResponse answer;
    core_->list(request, answer);
    std::set<std::string> lines;
    for (const auto& group : answer.groups)
      lines.insert(fmt::format("{} \"{}\" {} {}", group.group_id, group.protocol_type,
                               group.group_state, group.group_type));
    for (const auto& line : lines) say(line);
  }

  void describe() {
    const auto group = core_->describe(group_id(), version(6));
    say(fmt::format("{} {} \"{}\" \"{}\"", GroupText::error(group.error_code), group.group_state,
                    group.protocol_type, group.protocol_data));
    for (const auto& member : group.members)
      say(fmt::format("  {} {} {} {}({})={}", text_.name(member.member_id),
                      member.group_instance_id.value_or("-"), member.client_host, member.client_id,
                      GroupText::bytes(member.member_metadata),
                      GroupText::bytes(member.member_assignment)));
  }

  void show() {
    const auto* group = std::as_const(*core_).find(group_id());
    if (group == nullptr) return say("no such group");
    auto line = fmt::format("{}, generation {}", broker::name_of(group->state), group->generation);
    if (group->protocol_name) line += ", " + *group->protocol_name;
    if (group->leader) line += ", leader " + text_.name(*group->leader);
    if (!group->pending.empty()) line += fmt::format(", {} pending", group->pending.size());
    say(line);
    for (const auto& [id, member] : group->members())
      say(fmt::format("  {}={}{}{}", text_.name(id), GroupText::bytes(member.assignment),
                      member.joining ? ", has joined" : "", member.syncing ? ", has synced" : ""));
    for (const auto& [topic, partitions] : group->offsets)
      for (const auto& [index, offset] : partitions)
        say(fmt::format("  {}/{} {}", topic, index,
                        GroupText::offset(offset.offset, offset.metadata)));
  }

  void wait() {
    const auto end = now_.monotonic + duration(line_.words.at(0));
    const auto go_to = [this](base::MonotonicTime at) {
      const auto by = std::chrono::ceil<std::chrono::milliseconds>(at - now_.monotonic);
      now_.monotonic += by;
      now_.wall += by.count();
    };
    for (auto next = core_->next_deadline(); next && *next <= end; next = core_->next_deadline()) {
      if (*next > now_.monotonic) go_to(*next);
      broker::Step step;
      core_->on_time(now_, step);
      carry_out(std::move(step));
    }
    go_to(end);
  }

  void expire() {
    const auto none_gone = [](std::string_view, const base::Uuid&) { return false; };
    for (broker::OffsetSweep sweep; !sweep.done;) {
      broker::Step step;
      core_->expire_offsets(sweep, now_.wall, none_gone, step);
      carry_out(std::move(step));
    }
  }

  // forget-topics NAME...
  void forget_topics() {
    const std::set<std::string, std::less<>> gone(line_.words.begin(), line_.words.end());
    const auto is_gone = [&gone](std::string_view name, const base::Uuid&) {
      return gone.contains(name);
    };
    for (broker::OffsetSweep sweep; !sweep.done;) {
      broker::Step step;
      core_->forget_topics(sweep, is_gone, step);
      carry_out(std::move(step));
    }
  }

  // spoil group|newer|TOPIC/PARTITION: the log gets such a record that cannot be read.
  void spoil() {
    const std::vector<std::byte> junk{std::byte{0}, std::byte{3}, std::byte{7}};
    if (!line_.items.empty()) {
      for (const auto& [where, what] : line_.items) {
        const auto slash = where.find('/');
        log_.push_back(
            {protocol::encode_group_record_key(protocol::OffsetCommitKey{
                 group_id(), where.substr(0, slash), std::stoi(where.substr(slash + 1))}),
             junk});
      }
      return;
    }
    auto key = protocol::encode_group_record_key(protocol::GroupMetadataKey{group_id()});
    if (line_.words.at(0) == "newer") key.at(1) = std::byte{99};
    log_.push_back({std::move(key), junk});
  }

  void restart() {
    start();
    for (const auto& record : log_) {
      const auto folded = broker::fold_record(
          *core_,
          {.key = record.key,
           .value = record.value ? std::optional<base::BytesView>(*record.value) : std::nullopt,
           .headers = {}});
      REQUIRE(folded);
    }
    for (const auto& [group, reasons] : core_->distrusted())
      say(fmt::format("{} has records that cannot be read: {}", group, reasons.size()));
    core_->loaded(now_);
    asked_.clear();
  }

  static constexpr broker::Now kFirst{.monotonic = base::MonotonicTime(std::chrono::hours(1)),
                                      .wall = test_support::kNow};

  broker::GroupLimits limits_;
  std::uint64_t seed_ = 0;
  std::unique_ptr<broker::GroupCore> core_;
  broker::Now now_ = kFirst;
  std::vector<broker::EncodedRecord> log_;
  GroupText text_;
  std::map<std::string, Client> clients_;
  std::map<broker::AnswerTo, Asked> asked_;
  broker::AnswerTo next_answer_ = 1;

  StoryLine line_;  // Being played.
  std::string out_;
};

}  // namespace broker_tests
