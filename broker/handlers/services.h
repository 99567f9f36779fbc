#pragma once

#include "broker/coordinator/group_coordinator.h"
#include "broker/runtime/loop.h"
#include "broker/topics/log_starts.h"
#include "broker/topics/topic_store.h"
#include "config/broker_config.h"

namespace broker {

/// What handlers may use of the broker. Everything outlives every request.
struct Services {
  const config::BrokerConfig& config;
  TopicStore& topics;
  GroupCoordinator& groups;
  LogStarts& starts;
  WorkerPool& workers;
};

}  // namespace broker
