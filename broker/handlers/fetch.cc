#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "broker/errors.h"
#include "broker/handlers/handlers.h"
#include "broker/handlers/parked_fetch.h"
#include "broker/handlers/partition_lookup.h"
#include "protocol/messages/fetch.h"
#include "protocol/wire/encoder.h"
#include "protocol/wire/frame.h"

namespace broker {
namespace {

using protocol::ErrorCode;
using protocol::FetchRequest;
using protocol::FetchResponse;

constexpr std::int8_t kReadCommitted = 1;
constexpr protocol::ApiVersion kFirstWithIds = 13;
constexpr std::int32_t kFullFetch = 0;          // Session epochs: asks for a new session,
constexpr std::int32_t kSessionlessFetch = -1;  // ...or for none.

/// However much fetch.max.bytes allows: beside it there is room for a first batch that is larger.
constexpr std::int32_t kBytesMax = protocol::kResponseBytesMax / 2;

/// What is left of a request's limits while its partitions are read, in the order it names them.
struct Limits {
  std::size_t bytes_left = 0;
  std::size_t bytes_found = 0;
  std::size_t partitions = 0;
  bool answer_now = false;  // A partition has something that must be told at once.
};

/// Below this the encoder copies. A copy out of the mapping would end the process where the disk
/// cannot give a page that has left the page cache meanwhile, so such bytes are read.
constexpr std::size_t kMappedFrom = protocol::EncodeBuffer::kReferenceFrom;

/// Bytes that may have to come from the disk first.
struct ColdSlice {
  const Partition* partition = nullptr;
  std::shared_ptr<const storage::File> file;
  std::uint64_t position = 0;
  std::size_t size = 0;
  FetchResponse::Partition* answer = nullptr;
};

base::Result<> read_whole(const storage::File& file, std::uint64_t at, std::span<std::byte> into) {
  if (TRY(file.read_at(at, into)) == into.size()) return {};
  return base::fail(base::Fault::corruption,
                    fmt::format("the log ends at less than {}", at + into.size()));
}

base::Result<base::SharedBytes> read_copy(const storage::File& file, std::uint64_t at,
                                          std::size_t size) {
  auto bytes = std::make_shared<std::vector<std::byte>>(size);
  TRY(read_whole(file, at, *bytes));
  const base::BytesView view(*bytes);
  return base::SharedBytes{.owner = std::move(bytes), .view = view};
}

FetchResponse::Partition refusal(std::int32_t index, ErrorCode error) {
  FetchResponse::Partition answer;
  answer.partition_index = index;
  answer.error_code = error;
  answer.high_watermark = -1;
  answer.records = base::SharedBytes{};  // Empty, not null: clients crash on null.
  return answer;
}

/// KIP-595: where the client's last epoch ended, if that is before the offset it asks for: its
/// records are gone. Comes before the check of the offset, which may lie behind the end for just
/// that reason. Source: Kafka's Partition.readRecords.
std::optional<storage::LeaderEpochs::EpochEnd> divergence(const Partition& partition,
                                                          const FetchRequest::Partition& wanted,
                                                          base::Offset end, ErrorCode& error) {
  if (wanted.last_fetched_epoch < 0) return std::nullopt;
  const auto known = partition.epochs().end_offset_for(wanted.last_fetched_epoch, end);
  if (!known) error = ErrorCode::offset_out_of_range;
  const bool same = known && known->epoch >= wanted.last_fetched_epoch &&
                    known->end_offset >= wanted.fetch_offset;
  return same ? std::nullopt : known;
}

/// One fetch: reads its partitions, waits if it must, and reads again.
class Fetch {
 public:
  Fetch(RequestContext& context, const FetchRequest& request)
      : context_(context), request_(request) {}

  Task<FetchResponse> run() {
    auto& home = context_.loop();
    auto& connection = context_.connection;
    const auto deadline = home.clock().monotonic() + wait_max();
    for (bool may_wait = wait_max().count() > 0;;) {
      std::shared_ptr<ParkedFetch> parked;
      if (may_wait) parked = std::make_shared<ParkedFetch>(home, bytes_wanted());
      co_await read_all(parked);
      if (!may_wait || limits_.answer_now || limits_.bytes_found >= bytes_wanted() ||
          limits_.partitions == 0 || connection.peer_ended)
        break;
      connection.when_peer_ends = [weak = std::weak_ptr(parked)] {
        if (const auto waiting = weak.lock()) waiting->wake();
      };
      const auto found = limits_.bytes_found;
      forget();
      parked->wait(found, deadline);
      auto& done = parked->done();  // g++ 12 would copy what a call inside co_await refers to.
      may_wait = co_await done == ParkedFetch::Why::bytes;
      connection.when_peer_ends = nullptr;
    }
    co_await warm_up();
    co_return std::move(response_);
  }

 private:
  /// A fetch waits no longer than a silent connection may live.
  std::chrono::milliseconds wait_max() const {
    const auto idle_max = context_.services.config.connections_max_idle_ms;
    return std::chrono::milliseconds(
        std::clamp<std::int64_t>(request_.max_wait_ms, 0, std::max<std::int64_t>(idle_max, 0)));
  }
  std::size_t bytes_wanted() const {
    return static_cast<std::size_t>(std::clamp(request_.min_bytes, 0, bytes_max()));
  }
  std::int32_t bytes_max() const {
    const auto most = std::min(context_.services.config.fetch_max_bytes, kBytesMax);
    return std::clamp(request_.max_bytes, 0, most);
  }

  /// What was found is found anew after a wait, which may last minutes: it keeps no files open and
  /// no topics alive meanwhile.
  void forget() {
    response_ = {};
    cold_ = {};
    limits_ = {};
    image_.reset();
  }

  Task<> read_all(std::shared_ptr<ParkedFetch> parked) {
    forget();
    limits_.bytes_left = static_cast<std::size_t>(bytes_max());
    image_ = context_.services.topics.image();
    response_.responses.reserve(request_.topics.size());
    for (const auto& topic : request_.topics) {
      auto& answers = response_.responses.emplace_back();
      answers.topic = topic.topic;
      answers.topic_id = topic.topic_id;
      answers.partitions.reserve(topic.partitions.size());
      for (const auto& wanted : topic.partitions) {
        ++limits_.partitions;
        const auto found = context_.version < kFirstWithIds
                               ? find_partition(*image_, topic.topic, wanted.partition)
                               : find_partition(*image_, topic.topic_id, wanted.partition);
        auto error = found.error;
        // Followers do not exist here; who claims to be one must not move anything (CVE-2018-1288).
        if (request_.replica_id >= 0 || request_.replica_state.replica_id >= 0)
          error = ErrorCode::not_leader_or_follower;
        auto& answer = answers.partitions.emplace_back();
        if (error != ErrorCode::none) {
          answer = refusal(wanted.partition, error);
        } else {
          co_await hop_to(found.partition->loop());
          const auto view = look_at(*found.partition, wanted, answer);
          // Before the bytes are read: what comes while a worker reads must be told too.
          if (parked && limits_.bytes_found < bytes_wanted())
            found.partition->fetch_waiters().add(parked);
          if (view) co_await read_bytes(*found.partition, view, wanted, answer);
        }
        if (answer.error_code != ErrorCode::none) limits_.answer_now = true;
      }
    }
    co_await hop_to(context_.loop());
  }

  /// Everything but the bytes. Returns what to read them from, if there are any.
  std::shared_ptr<const storage::LogView> look_at(Partition& partition,
                                                  const FetchRequest::Partition& wanted,
                                                  FetchResponse::Partition& answer) {
    auto view = partition.view();
    const auto end = partition.log().end_offset();
    auto error = partition.deleted()
                     ? gone()
                     : check_leader_epoch(wanted.current_leader_epoch, partition.leader_epoch());
    std::optional<storage::LeaderEpochs::EpochEnd> diverging;
    if (error == ErrorCode::none) diverging = divergence(partition, wanted, end, error);
    const bool behind_end = !diverging && wanted.fetch_offset > end;
    if (error == ErrorCode::none && (wanted.fetch_offset < view->start_offset() || behind_end))
      error = ErrorCode::offset_out_of_range;
    if (error != ErrorCode::none) {
      answer = refusal(wanted.partition, error);
      return nullptr;
    }
    answer.partition_index = wanted.partition;
    answer.high_watermark = view->high_watermark();
    answer.last_stable_offset = view->high_watermark();  // No transaction can be open yet.
    answer.log_start_offset = view->start_offset();
    answer.records = base::SharedBytes{};
    if (request_.isolation_level == kReadCommitted) answer.aborted_transactions.emplace();
    if (diverging) {
      answer.diverging_epoch.epoch = diverging->epoch;
      answer.diverging_epoch.end_offset = diverging->end_offset;
      limits_.answer_now = true;
      return nullptr;
    }
    return wanted.fetch_offset < view->high_watermark() ? std::move(view) : nullptr;
  }

  /// What a topic that was deleted while it was fetched is, in the terms of the request.
  ErrorCode gone() const {
    return context_.version < kFirstWithIds ? ErrorCode::unknown_topic_or_partition
                                            : ErrorCode::unknown_topic_id;
  }

  /// On the partition's loop, or on a worker where the disk may have to be asked which bytes.
  Task<> read_bytes(Partition& partition, std::shared_ptr<const storage::LogView> view,
                    const FetchRequest::Partition& wanted, FetchResponse::Partition& answer) {
    const bool first = limits_.bytes_found == 0;  // KIP-74: the first batch comes whole.
    const auto most = std::min(static_cast<std::size_t>(std::max(wanted.partition_max_bytes, 0)),
                               limits_.bytes_left);
    if (most == 0 && !first) co_return;
    auto read = [&view, &wanted, most, first] {
      return view->read(wanted.fetch_offset, most, first);
    };
    auto slice = base::Result<storage::LogSlice>{};
    if (view->may_block(wanted.fetch_offset)) {
      slice = co_await run_on(context_.services.workers, partition.loop(), read);
    } else {
      slice = read();
    }
    if (!slice) {
      if (!partition.deleted()) partition.report_failed_read(slice.error());
      answer = refusal(wanted.partition, error_code(slice.error().fault));
      co_return;
    }
    const auto size = slice->bytes.view.size();
    limits_.bytes_found += size;
    limits_.bytes_left -= std::min(size, limits_.bytes_left);
    if (size == 0) co_return;
    if (!slice->file->resident(slice->position, size)) {
      cold_.push_back({&partition, slice->file, slice->position, size, &answer});
    } else if (size < kMappedFrom) {
      auto copy = read_copy(*slice->file, slice->position, size);
      if (!copy) {
        partition.report_failed_read(copy.error());
        answer = refusal(wanted.partition, error_code(copy.error().fault));
        co_return;
      }
      slice->bytes = std::move(*copy);
    }
    answer.records = std::move(slice->bytes);
  }

  /// Brings what is not in the page cache there, on a worker: the loop must not wait for the disk,
  /// and a sector that cannot be read must be an error before half an answer is sent.
  Task<> warm_up() {
    if (cold_.empty()) co_return;
    auto read = [&cold = cold_] {
      std::vector<std::byte> scratch(std::size_t{256} << 10);
      for (const auto& slice : cold) {
        const auto warm = warm_up_one(slice, scratch);
        if (warm) continue;
        slice.partition->report_failed_read(warm.error());
        slice.answer->error_code = ErrorCode::kafka_storage_error;
        slice.answer->records = base::SharedBytes{};
      }
      return true;
    };
    co_await run_on(context_.services.workers, context_.loop(), std::move(read));
  }

  static base::Result<> warm_up_one(const ColdSlice& slice, std::span<std::byte> scratch) {
    if (slice.size < kMappedFrom) {
      slice.answer->records = TRY(read_copy(*slice.file, slice.position, slice.size));
      return {};
    }
    for (std::size_t done = 0; done < slice.size; done += scratch.size()) {
      const auto part = std::min(scratch.size(), slice.size - done);
      TRY(read_whole(*slice.file, slice.position + done, scratch.first(part)));
    }
    return {};
  }

  RequestContext& context_;
  const FetchRequest& request_;
  std::shared_ptr<const TopicsImage> image_;  // Keeps the partitions of cold_, too.
  FetchResponse response_;
  Limits limits_;
  std::vector<ColdSlice> cold_;
};

}  // namespace

/// Fetch (1), v4 to v18. Sessions (KIP-227) are not kept: every full fetch is answered in full with
/// session id 0, which is legal with every client; an incremental one names a session that is not
/// ours.
Task<FetchResponse> handle(RequestContext& context, FetchRequest request) {
  if (request.session_epoch != kFullFetch && request.session_epoch != kSessionlessFetch) {
    FetchResponse response;
    response.error_code = ErrorCode::fetch_session_id_not_found;
    co_return response;
  }
  Fetch fetch(context, request);
  auto response = co_await fetch.run();
  co_return response;
}

}  // namespace broker
