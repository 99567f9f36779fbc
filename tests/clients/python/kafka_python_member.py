"""kafka-python as a member of a group."""

import logging
import sys

import member
from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.errors import FencedInstanceIdError, KafkaConnectionError, KafkaError

ASSIGNORS = {
    "range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor, "sticky": StickyPartitionAssignor,
    "cooperative-sticky": CooperativeStickyAssignor,
}


class Listener(ConsumerRebalanceListener):
    def on_partitions_assigned(self, partitions):
        member.emit(assigned=sorted(each.partition for each in partitions))

    def on_partitions_revoked(self, partitions):
        member.emit(revoked=sorted(each.partition for each in partitions))

    def on_partitions_lost(self, partitions):
        self.on_partitions_revoked(partitions)


class KafkaPython:
    def __init__(self, options):
        self._topic = options.topic
        more = {"partition_assignment_strategy": [ASSIGNORS[options.assignor]]} if options.assignor else {}
        self._consumer = KafkaConsumer(
            bootstrap_servers=options.bootstrap, group_id=options.group, client_id=options.name,
            group_instance_id=options.instance, session_timeout_ms=options.session,
            heartbeat_interval_ms=member.HEARTBEAT_MS, auto_offset_reset="earliest",
            enable_auto_commit=options.commit == "auto", auto_commit_interval_ms=member.AUTO_COMMIT_MS,
            max_poll_records=member.MOST_RECORDS, fetch_max_wait_ms=100, reconnect_backoff_max_ms=500, **more)
        self._consumer.subscribe([options.topic], listener=Listener())

    def poll(self):
        try:
            batches = self._consumer.poll(200)
        except KafkaConnectionError:
            return []  # How it says that the coordinator is away for longer; it is to be asked again.
        return [(record.partition, record.offset, record.value.decode()) for batch in batches.values() for record in batch]

    def commit(self, offsets):
        try:
            self._consumer.commit({TopicPartition(self._topic, partition): OffsetAndMetadata(offset, "", -1)
                                   for partition, offset in offsets.items()}, timeout_ms=10_000)
        except FencedInstanceIdError as fenced:
            member.emit(refused=type(fenced).__name__)
            raise SystemExit(str(fenced)) from None
        except (KafkaError, AssertionError) as refused:
            raise member.Refused(f"{type(refused).__name__}: {refused}") from None

    def rewind(self, offsets):
        for partition, offset in offsets.items():
            place = TopicPartition(self._topic, partition)
            if place in self._consumer.assignment():
                self._consumer.seek(place, offset)

    def close(self):
        self._consumer.close()


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    given = member.Options()
    member.work(KafkaPython(given), given)
