#include <memory>
#include <utility>
#include <vector>

#include "broker/handlers/handlers.h"
#include "broker/handlers/partition_lookup.h"
#include "protocol/messages/produce.h"
#include "protocol/record/batch_header.h"

namespace broker {
namespace {

using protocol::ErrorCode;
using protocol::ProduceRequest;
using protocol::ProduceResponse;

constexpr protocol::ApiVersion kFirstWithZstd = 7;
constexpr protocol::ApiVersion kFirstWithIds = 13;
constexpr std::string_view kAdminClientId = "__admin_client";

/// Waits until every partition of a request has answered. Outcomes come home by a post when a
/// partition lives on another loop.
///
/// Thread: the connection's loop.
class AllAnswered {
 public:
  explicit AllAnswered(std::size_t expected) : left_(expected) {}
  void one_answered() {
    if (--left_ == 0) done_.set(true);
  }
  OneShot<bool>& done() { return done_; }

 private:
  std::size_t left_;
  OneShot<bool> done_;
};

/// What can be refused before the partition is asked.
ErrorCode early_refusal(const RequestContext& context, const ProduceRequest& request,
                        const FoundPartition& found,
                        const std::optional<base::SharedBytes>& records) {
  if (found.error != ErrorCode::none) return found.error;
  // Only the broker, and Kafka's tools that ask by this client id, write to internal topics.
  if (found.topic->internal && context.client_id != kAdminClientId)
    return ErrorCode::invalid_topic_exception;
  if (request.acks == -1 && found.topic->config->min_insync_replicas > 1)
    return ErrorCode::not_enough_replicas;
  if (!records || records->view.empty()) return ErrorCode::invalid_record;
  if (context.version < kFirstWithZstd) {
    const auto header = record::BatchHeader::read(records->view);
    if (header && header->magic == record::BatchHeader::kMagic &&
        header->codec() == record::Codec::zstd)
      return ErrorCode::unsupported_compression_type;
  }
  return ErrorCode::none;
}

void put(ProduceResponse::Partition& answer, ProduceOutcome outcome) {
  answer.error_code = outcome.error;
  answer.base_offset = outcome.base_offset;
  answer.log_append_time_ms = outcome.log_append_time;
  answer.log_start_offset = outcome.log_start_offset;
  for (auto& record : outcome.records) {
    auto& error = answer.record_errors.emplace_back();
    error.batch_index = record.batch_index;
    error.batch_index_error_message = std::move(record.why);
  }
  if (!outcome.message.empty()) answer.error_message = std::move(outcome.message);
}

void hand_over(Partition& partition, base::SharedBytes batch, AckWhen when, ProduceDone done) {
  auto& loop = partition.loop();
  if (loop.on_this_thread()) return partition.produce(std::move(batch), when, std::move(done));
  // The image the handler holds keeps the partition alive until all have answered.
  loop.post([&partition, batch = std::move(batch), when, done = std::move(done)]() mutable {
    partition.produce(std::move(batch), when, std::move(done));
  });
}

/// Starts every partition's produce without waiting for any, so that they share one sync and so
/// that the request's effects are ordered before those of the connection's next one.
void start_all(RequestContext& context, ProduceRequest& request, const TopicsImage& image,
               ProduceResponse& response, const std::shared_ptr<AllAnswered>& all) {
  const auto when = request.acks == 0 ? AckWhen::appended : AckWhen::committed;
  auto& home = context.loop();
  for (std::size_t t = 0; t < request.topic_data.size(); ++t) {
    auto& topic = request.topic_data[t];
    auto& answers = response.responses[t];
    for (std::size_t p = 0; p < topic.partition_data.size(); ++p) {
      auto& wanted = topic.partition_data[p];
      auto* answer = &answers.partition_responses[p];
      const auto found = context.version < kFirstWithIds
                             ? find_partition(image, topic.name, wanted.index)
                             : find_partition(image, topic.topic_id, wanted.index);
      const auto error = early_refusal(context, request, found, wanted.records);
      if (error != ErrorCode::none) {
        put(*answer, {.error = error});
        all->one_answered();
        continue;
      }
      ProduceDone done = [all, answer, &home](ProduceOutcome outcome) {
        if (home.on_this_thread()) {
          put(*answer, std::move(outcome));
          return all->one_answered();
        }
        home.post([all, answer, outcome = std::move(outcome)]() mutable {
          put(*answer, std::move(outcome));
          all->one_answered();
        });
      };
      hand_over(*found.partition, std::move(*wanted.records), when, std::move(done));
    }
  }
}

/// The response's shape: every partition asked for is there, in the order it was asked for.
std::size_t lay_out(const ProduceRequest& request, ProduceResponse& response) {
  std::size_t partitions = 0;
  response.responses.resize(request.topic_data.size());
  for (std::size_t t = 0; t < request.topic_data.size(); ++t) {
    const auto& topic = request.topic_data[t];
    auto& answers = response.responses[t];
    answers.name = topic.name;
    answers.topic_id = topic.topic_id;
    answers.partition_responses.resize(topic.partition_data.size());
    for (std::size_t p = 0; p < topic.partition_data.size(); ++p) {
      auto& answer = answers.partition_responses[p];
      answer.index = topic.partition_data[p].index;
      answer.base_offset = -1;
    }
    partitions += topic.partition_data.size();
  }
  return partitions;
}

bool any_error(const ProduceResponse& response) {
  for (const auto& topic : response.responses)
    for (const auto& partition : topic.partition_responses)
      if (partition.error_code != ErrorCode::none) return true;
  return false;
}

void refuse_all(ProduceResponse& response, ErrorCode error) {
  for (auto& topic : response.responses)
    for (auto& partition : topic.partition_responses) partition.error_code = error;
}

}  // namespace

/// Produce (0), v3 to v13. acks=0 is never answered; an error then closes the connection, which is
/// all a client can notice.
Task<ProduceResponse> handle(RequestContext& context, ProduceRequest request) {
  ProduceResponse response;
  const auto partitions = lay_out(request, response);
  if (request.acks < -1 || request.acks > 1) {
    refuse_all(response, ErrorCode::invalid_required_acks);
    co_return response;
  }
  if (request.transactional_id) {
    refuse_all(response, ErrorCode::invalid_txn_state);
    co_return response;
  }
  if (partitions > 0) {
    const auto image = context.services.topics.image();
    const auto all = std::make_shared<AllAnswered>(partitions);
    start_all(context, request, *image, response, all);
    auto& done = all->done();  // g++ 12 would copy what a call inside co_await refers to.
    co_await done;
  }
  if (request.acks == 0) {
    context.no_answer = true;
    if (any_error(response)) context.close_because = "a produce with acks=0 failed";
  }
  co_return response;
}

}  // namespace broker
