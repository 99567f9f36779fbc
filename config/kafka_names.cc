#include "config/kafka_names.h"

#include <algorithm>
#include <array>

namespace config {
namespace {

/// Whole families. None of them has a member that means something here, so that a mistyped one is
/// rightly passed over too.
constexpr std::array<std::string_view, 46> kFamilies{
    "add.partitions.",
    "alter.config.policy.",
    "alter.log.dirs.",
    "auto.leader.",
    "background.",
    "broker.heartbeat.",
    "broker.id.generation.",
    "broker.session.",
    "client.quota.",
    "config.providers",
    "confluent.",
    "connection.failed.",
    "connections.max.reauth.",
    "control.plane.",
    "controlled.shutdown.",
    "controller.",
    "create.topic.policy.",
    "delegation.token.",
    "delete.records.",
    "follower.",
    "group.consumer.",
    "group.coordinator.",
    "group.share.",
    "group.streams.",
    "initial.broker.",
    "inter.broker.",
    "kafka.",
    "leader.imbalance.",
    "listener.name.",
    "metadata.",
    "metric",
    "password.encoder.",
    "principal.builder.",
    "queued.max.",
    "quota.",
    "remote.",
    "replica.",
    "replication.quota.",
    "sasl.",
    "security.",
    "share.",
    "ssl.",
    "telemetry.",
    "transaction.",
    "transactional.id.",
    "zookeeper.",
};

/// Single ones, in families that have members that do mean something.
constexpr std::array<std::string_view, 47> kSingle{
    "allow.everyone.if.no.acl.found",
    "authorizer.class.name",
    "broker.rack",
    "cordoned.log.dirs",
    "default.replication.factor",
    "early.start.listeners",
    "fetch.purgatory.purge.interval.requests",
    "log.cleaner.backoff.ms",
    "log.cleaner.dedupe.buffer.size",
    "log.cleaner.enable",
    "log.cleaner.io.buffer.load.factor",
    "log.cleaner.io.buffer.size",
    "log.cleaner.io.max.bytes.per.second",
    "log.cleaner.threads",
    "log.dir.failure.timeout.ms",
    "log.flush.offset.checkpoint.interval.ms",
    "log.flush.scheduler.interval.ms",
    "log.flush.start.offset.checkpoint.interval.ms",
    "log.message.downconversion.enable",
    "log.message.format.version",
    "log.message.timestamp.difference.max.ms",
    "max.connection.creation.rate",
    "max.connections.per.ip",
    "max.connections.per.ip.overrides",
    "max.incremental.fetch.session.cache.slots",
    "max.request.partition.size.limit",
    "num.io.threads",
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.alter.log.dirs.threads",
    "num.replica.fetchers",
    "offsets.commit.required.acks",
    "offsets.commit.timeout.ms",
    "offsets.load.buffer.size",
    "offsets.topic.compression.codec",
    "offsets.topic.replication.factor",
    "process.roles",
    "producer.id.expiration.check.interval.ms",
    "producer.purgatory.purge.interval.requests",
    "request.timeout.ms",
    "reserved.broker.max.id",
    "socket.connection.setup.timeout.max.ms",
    "socket.connection.setup.timeout.ms",
    "super.users",
    "unclean.leader.election.interval.ms",
    "unstable.api.versions.enable",
};

}  // namespace

bool is_kafkas_only(std::string_view name) {
  return std::ranges::find(kSingle, name) != kSingle.end() ||
         std::ranges::any_of(kFamilies,
                             [name](std::string_view family) { return name.starts_with(family); });
}

std::string why_not_passed_over(std::string_view name, std::string_view value) {
  if (value.empty()) return "";
  if (name == "authorizer.class.name")
    return "There is no authorization in this version: any client may do anything. Remove the "
           "line to start all the same";
  if (name == "create.topic.policy.class.name" || name == "alter.config.policy.class.name")
    return "There are no policies in this version: any client may create any topic. Remove the "
           "line to start all the same";
  return "";
}

}  // namespace config
