#include "broker/coordinator/group_shard.h"

#include <algorithm>

#include <fmt/format.h>

#include "protocol/record/batch_builder.h"

namespace broker {

using protocol::ErrorCode;

namespace {

/// Of several records together; one alone may have more (GroupLimits::record_bytes_max).
constexpr std::size_t kBatchBytes = 512 << 10;
/// What a batch of one record has besides its key and value, and some more.
constexpr std::size_t kBatchOverhead = record::BatchHeader::kSize + 64;
/// Whatever refused a record may go on refusing: the log is not read in a circle.
constexpr std::chrono::milliseconds kReloadDelay{1000};
constexpr std::size_t kNotesMax = 20;

}  // namespace

GroupShard::GroupShard(std::shared_ptr<Partition> partition, GroupShardServices services,
                       std::uint64_t seed)
    : partition_(std::move(partition)), services_(std::move(services)), seed_(seed) {}

ErrorCode GroupShard::refusal() const {
  return state_ == State::loading ? ErrorCode::coordinator_load_in_progress : kUnavailable;
}

Now GroupShard::now() const {
  const auto& clock = loop().clock();
  return {.monotonic = clock.monotonic(), .wall = clock.wall_ms()};
}

/// So many bytes of records go into a batch that the log takes.
std::size_t GroupShard::batch_bytes_max() const {
  const auto most = static_cast<std::size_t>(partition_->config().max_message_bytes);
  return most - std::min(most, kBatchOverhead);
}

void GroupShard::load() {
  assert_on_loop();
  if (partition_->deleted()) {
    state_ = State::unavailable;
    return;
  }
  state_ = State::loading;
  reload_timer_.reset();
  auto limits = services_.limits;
  limits.record_bytes_max = batch_bytes_max();
  services_.workers.post([self = weak_from_this(), view = partition_->view(), limits,
                          seed = seed_ + appends_, &loop = loop()] {
    auto loaded = load_groups(*view, limits, seed);
    loop.post([self, loaded = std::move(loaded)]() mutable {
      if (const auto shard = self.lock()) shard->adopt(std::move(loaded));
    });
  });
}

void GroupShard::adopt(base::Result<LoadedGroups> loaded) {
  if (state_ != State::loading) return;
  const auto where = fmt::format("__consumer_offsets-{}", partition_->id().partition);
  if (!loaded) {
    services_.say(
        fmt::format("{}: its groups are not available: {}", where, loaded.error().detail));
    state_ = State::unavailable;
    return;
  }
  for (std::size_t i = 0; i < loaded->notes.size() && i < kNotesMax; ++i)
    services_.say(fmt::format("{}: {}", where, loaded->notes[i]));
  if (loaded->notes.size() > kNotesMax)
    services_.say(
        fmt::format("{}: and {} more records like these", where, loaded->notes.size() - kNotesMax));
  core_ = std::move(loaded->core);
  state_ = State::ready;
  core_->loaded(now());
  expiry_ = {};
  // Once for whatever happened meanwhile, and not after each loading: on a full disk the log would
  // be read in a circle.
  const bool at_once = std::exchange(sweep_when_loaded_, false);
  expire_at(now().monotonic +
            (at_once ? std::chrono::milliseconds(0) : services_.expiry_check_interval));
  arm();
}

void GroupShard::stop() {
  assert_on_loop();
  state_ = State::unavailable;
  timer_.reset();
  expiry_timer_.reset();
  reload_timer_.reset();
  give_up_waiting();
}

template <class Response, class Ask>
Task<GroupAnswer<Response>> GroupShard::park(Ask ask) {
  assert_on_loop();
  if (state_ != State::ready) co_return std::unexpected(refusal());
  const auto self = shared_from_this();  // Whoever is parked is what keeps it.
  Parked parked;
  const auto to = next_answer_++;
  parked_.emplace(to, &parked);
  Step step;
  ask(*core_, to, now(), step);
  carry_out(std::move(step));
  auto answer = co_await parked;
  if (!answer) co_return std::unexpected(answer.error());
  co_return std::get<Response>(std::move(*answer));
}

Task<GroupAnswer<protocol::JoinGroupResponse>> GroupShard::join(protocol::JoinGroupRequest request,
                                                                JoiningClient client) {
  const auto ask = [&](GroupCore& core, AnswerTo to, Now now, Step& step) {
    core.join(request, client, to, now, step);
    request = {};  // Who is parked keeps no frame.
  };
  co_return co_await park<protocol::JoinGroupResponse>(ask);
}

Task<GroupAnswer<protocol::SyncGroupResponse>> GroupShard::sync(
    protocol::SyncGroupRequest request) {
  const auto ask = [&](GroupCore& core, AnswerTo to, Now now, Step& step) {
    core.sync(request, to, now, step);
    request = {};
  };
  co_return co_await park<protocol::SyncGroupResponse>(ask);
}

void GroupShard::make_room() {
  assert_on_loop();
  if (state_ != State::ready) return;
  Step step;
  core_->forget_some_newcomers(now(), step);
  carry_out(std::move(step));
}

void GroupShard::carry_out(Step step) {
  if (step.short_of_memory) services_.on_short_of_memory();
  append(step.records);
  for (auto& late : step.answers) {
    after_commit([this, to = late.to, response = std::move(late.response)](bool committed) mutable {
      const auto found = parked_.extract(to);
      if (found.empty()) return;  // Given up already.
      GroupAnswer<AnyResponse> answer = std::unexpected(kUnavailable);
      if (committed) answer = std::move(response);
      found.mapped()->set(std::move(answer));
    });
  }
  arm();
}

void GroupShard::append(const std::vector<EncodedRecord>& records) {
  const auto stamp = loop().clock().wall_ms();
  const auto batch_bytes = std::min(kBatchBytes, batch_bytes_max());
  record::BatchBuilder builder;
  const auto finish = [&] {
    auto batch = builder.finish();
    ASSERT(batch.has_value(), "records of this size make a batch");
    append_batch(std::move(*batch));
  };
  for (const auto& record : records) {
    const std::optional<base::BytesView> value =
        record.value ? std::optional<base::BytesView>(*record.value) : std::nullopt;
    const auto size = record.key.size() + (value ? value->size() : 0);
    if (builder.count() > 0 && builder.plain_size() + size > batch_bytes) finish();
    // Nothing may follow a record that was refused: the log is read again.
    if (state_ != State::ready) return;
    builder.add(
        {.timestamp = stamp, .key = record.key, .value = value, .headers = {}, .offset_delta = {}});
  }
  if (builder.count() > 0) finish();
}

void GroupShard::append_batch(std::vector<std::byte> batch) {
  ++appends_;
  const auto owner = std::make_shared<std::vector<std::byte>>(std::move(batch));
  partition_->produce({owner, *owner}, AckWhen::committed,
                      [self = weak_from_this()](const ProduceOutcome& outcome) {
                        if (const auto shard = self.lock()) shard->appended(outcome);
                      });
}

void GroupShard::appended(const ProduceOutcome& outcome) {
  assert_on_loop();
  ++outcomes_;
  if (outcome.error != ErrorCode::none && state_ == State::ready)
    lose_state(protocol::name_of(outcome.error));
  while (!waiting_.empty() && waiting_.front().first <= outcomes_) {
    auto done = std::move(waiting_.front().second);
    waiting_.pop_front();
    done(true);
  }
  // What the log holds is known again once nothing is under way.
  if (state_ == State::loading && core_ == nullptr && outcomes_ == appends_)
    reload_timer_ = loop().call_at(now().monotonic + kReloadDelay, [this] { load(); });
}

void GroupShard::after_commit(AfterCommit done) {
  if (outcomes_ == appends_ || state_ != State::ready) return done(state_ == State::ready);
  waiting_.emplace_back(appends_, std::move(done));
}

/// A record could not be appended, but the core has applied it.
void GroupShard::lose_state(std::string_view why) {
  services_.say(
      fmt::format("__consumer_offsets-{}: a record was refused ({}); its groups are read "
                  "from the log again",
                  partition_->id().partition, why));
  state_ = State::loading;
  core_.reset();
  timer_.reset();
  expiry_timer_.reset();
  give_up_waiting();
}

void GroupShard::give_up_waiting() {
  for (auto& [outcomes, done] : std::exchange(waiting_, {})) done(false);
  for (auto& [to, parked] : std::exchange(parked_, {})) parked->set(std::unexpected(kUnavailable));
}

void GroupShard::arm() {
  if (state_ != State::ready) return;
  const auto next = core_->next_deadline();
  if (!next || (timer_ && timer_at_ <= *next)) return;
  timer_at_ = *next;
  timer_ = loop().call_at(*next, [this] { on_time(); });
}

void GroupShard::on_time() {
  timer_.reset();
  Step step;
  core_->on_time(now(), step);
  carry_out(std::move(step));
}

Task<> GroupShard::forget_topics() {
  OffsetSweep sweep;
  const auto forget = [this, &sweep](GroupCore& core, Now /*now*/, Step& step) {
    core.forget_topics(sweep, services_.is_topic_gone, step);
    return true;
  };
  while (!sweep.done) {
    const auto swept = co_await run(forget);
    if (!swept) {
      sweep_when_loaded_ = true;
      co_return;
    }
    co_await give_way(loop());
  }
}

void GroupShard::expire_at(base::MonotonicTime when) {
  expiry_timer_ = loop().call_at(when, [this] { expire(); });
}

void GroupShard::expire() {
  Step step;
  const auto at = now();
  core_->expire_offsets(expiry_, at.wall, services_.is_topic_gone, step);
  // Others have the loop between two parts.
  expire_at(expiry_.done ? at.monotonic + services_.expiry_check_interval : at.monotonic);
  if (expiry_.done) expiry_ = {};
  carry_out(std::move(step));
}

}  // namespace broker
