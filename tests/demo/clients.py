"""The two stock clients: librdkafka (confluent-kafka) produces, kafka-python reads."""
import time
from typing import Callable

import confluent_kafka
import confluent_kafka.admin
import kafka

from checks import Produced, Read
from flights import Event

STALLED = 120.0  # seconds without any progress after which a phase fails


def create_topic(bootstrap: str, topic: str, partitions: int) -> None:
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    # Events of 2013 are older than any retention by time.
    wanted = confluent_kafka.admin.NewTopic(topic, partitions, 1, config={"retention.ms": "-1"})
    admin.create_topics([wanted], request_timeout=30)[topic].result()


def produce(bootstrap: str, topic: str, events: list[Event], on_ack: Callable[[int], None]) -> Produced:
    """Produces all events in order and waits for every answer. `on_ack` is told how many are acknowledged so far, and may
    take its time: the client's own threads go on."""
    acked: dict[int, tuple[int, int | None]] = {}
    failed: list[str] = []

    def delivered(index: int):
        def callback(error, message):
            if error is not None:
                failed.append(f"event {index}: {error.str()}")
                return
            offset = message.offset()
            acked[index] = (message.partition(), offset if offset is not None and offset >= 0 else None)
            on_ack(len(acked))
        return callback

    producer = confluent_kafka.Producer({
        "bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "linger.ms": 5,
        "reconnect.backoff.max.ms": 500,  # its default of 10 s is for brokers that are longer away
        "log_level": 2, "error_cb": lambda error: failed.append(error.str()) if error.fatal() else None})
    for index, event in enumerate(events):
        while True:
            try:
                producer.produce(topic, key=event.key, value=event.value, timestamp=event.timestamp,
                                 on_delivery=delivered(index))
                break
            except BufferError:  # its queue is full: serve answers until there is room
                producer.poll(0.1)
        producer.poll(0)
    seen, since = -1, time.monotonic()
    while producer.flush(0.5) > 0 and not failed:
        if len(acked) != seen:
            seen, since = len(acked), time.monotonic()
        elif time.monotonic() - since > STALLED:
            failed.append(f"no answer for {STALLED:.0f} s, {len(producer)} events under way")
    return Produced(acked, failed)


class Reader:
    """Reads by assigned partitions; commits nothing and joins no group."""

    def __init__(self, bootstrap: str, topic: str):
        self.consumer = kafka.KafkaConsumer(
            bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False, auto_offset_reset="none",
            max_poll_records=5000)
        numbers = sorted(self.consumer.partitions_for_topic(topic) or ())
        self.partitions = [kafka.TopicPartition(topic, n) for n in numbers]
        self.consumer.assign(self.partitions)

    def close(self) -> None:
        self.consumer.close()

    def count(self) -> int:
        """Records between the first offset and the high watermark, over all partitions."""
        first, end = self.consumer.beginning_offsets(self.partitions), self.consumer.end_offsets(self.partitions)
        return sum(end[p] - first[p] for p in self.partitions)

    def from_beginning(self, on_read: Callable[[int], None]) -> list[Read]:
        self.consumer.seek_to_beginning(*self.partitions)
        return self._to_end(on_read)

    def offsets_at(self, timestamp: int) -> dict[int, tuple[int, int] | None]:
        """For each partition the offset and timestamp of the first record at or after `timestamp`."""
        found = self.consumer.offsets_for_times({p: timestamp for p in self.partitions})
        return {p.partition: (at.offset, at.timestamp) if at else None for p, at in found.items()}

    def from_offsets(self, start: dict[int, int], on_read: Callable[[int], None]) -> list[Read]:
        """Partitions without a start are left at their end."""
        end = self.consumer.end_offsets(self.partitions)
        for partition in self.partitions:
            self.consumer.seek(partition, start.get(partition.partition, end[partition]))
        return self._to_end(on_read)

    def _to_end(self, on_read: Callable[[int], None]) -> list[Read]:
        end, read, since = self.consumer.end_offsets(self.partitions), [], time.monotonic()
        while any(self.consumer.position(p) < end[p] for p in self.partitions):
            records = self.consumer.poll(timeout_ms=1000)
            for batch in records.values():
                read += (Read(r.partition, r.offset, r.key, r.value, r.timestamp) for r in batch)
            if records:
                since = time.monotonic()
                on_read(len(read))
            elif time.monotonic() - since > STALLED:
                raise RuntimeError(f"nothing to read for {STALLED:.0f} s, {len(read)} records so far")
        return read
