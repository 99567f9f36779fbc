#include "tools/bench/load/request_ring.h"

#include <random>
#include <utility>

#include <fmt/format.h>

#include "protocol/base/clock.h"
#include "protocol/messages/produce.h"
#include "protocol/record/batch_builder.h"
#include "tools/bench/common/field_reader.h"

namespace bench {
namespace {

constexpr protocol::ApiVersion kVersion = 12;

base::Result<base::SharedBytes> build_batch(const BatchShape& shape) {
  std::vector<std::byte> value(shape.record_bytes);
  std::minstd_rand random(1);
  for (auto& byte : value) byte = static_cast<std::byte>(random());
  const auto now = base::SystemClock().wall_ms();
  record::BatchBuilder builder;
  for (int i = 0; i < shape.records; ++i)
    builder.add({.timestamp = now, .key = std::nullopt, .value = value});
  const auto batch = std::make_shared<std::vector<std::byte>>(TRY(builder.finish()));
  return base::SharedBytes{batch, *batch};
}

}  // namespace

base::Result<RequestRing> RequestRing::build(const std::string& topic, std::int32_t partition,
                                             const BatchShape& shape, std::size_t requests) {
  protocol::ProduceRequest request;
  request.acks = -1;
  request.timeout_ms = 30'000;
  auto& to = request.topic_data.emplace_back();
  to.name = topic;
  to.partition_data.push_back({.index = partition, .records = TRY(build_batch(shape))});
  return of(std::move(request), kVersion, requests);
}

base::Result<base::Offset> check_produce_answer(base::BytesView frame,
                                                std::int32_t correlation_id) {
  FieldReader answer(frame);
  const auto got = answer.integer<std::int32_t>();
  answer.uvarint();        // No tagged fields.
  answer.uvarint();        // One topic:
  answer.compact_bytes();  // its name.
  answer.uvarint();        // One partition:
  answer.integer<std::int32_t>();
  const auto error = answer.integer<std::int16_t>();
  const auto base_offset = answer.integer<std::int64_t>();
  if (answer.bad() || got != correlation_id)
    return base::fail(base::Fault::corruption,
                      fmt::format("request {} got the answer to {}", correlation_id, got));
  if (error != 0 || base_offset < 0)
    return base::fail(base::Fault::invalid,
                      fmt::format("a produce was answered with error {}", error));
  return base_offset;
}

}  // namespace bench
