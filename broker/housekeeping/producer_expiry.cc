#include "broker/housekeeping/producer_expiry.h"

#include "protocol/base/assert.h"

namespace broker {
namespace {

constexpr std::chrono::minutes kEvery{10};  // producer.id.expiration.check.interval.ms

}  // namespace

void ProducerExpiry::start() {
  timer_ = home_.call_at(home_.clock().monotonic() + kEvery,
                         [this] { broker::start(sweep(), [this] { start(); }); });
}

Task<> ProducerExpiry::sweep() {
  ASSERT(home_.on_this_thread(), "housekeeping lives on its loop");
  const auto partitions = topics_.all_partitions();
  const auto now = home_.clock().wall_ms();
  for (const auto& partition : partitions) {
    co_await hop_to(partition->loop());
    partition->log().producers().expire(now, expire_after_.count());
  }
  co_await hop_to(home_);
}

}  // namespace broker
