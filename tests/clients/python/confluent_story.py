#!/usr/bin/env python3
"""The story as confluent-kafka (librdkafka) tells it. Idempotent wherever acks allow it."""

import time

from confluent_kafka import (OFFSET_INVALID, TIMESTAMP_LOG_APPEND_TIME, Consumer, KafkaException, Producer,
                             TopicCollection, TopicPartition, Uuid)
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic, OffsetSpec, ResourceType

import story

SECONDS = 20


def _refused(error):
    return story.Refused(error.args[0].name())


def _result(futures):
    """The one answer of a call that gives a future for each thing asked about."""
    (future,) = futures.values() if isinstance(futures, dict) else (futures,)
    try:
        return future.result(SECONDS)
    except KafkaException as error:
        raise _refused(error) from error


class Confluent:
    def __init__(self, bootstrap):
        self._bootstrap = bootstrap
        self._admin = AdminClient({"bootstrap.servers": bootstrap})

    def close(self):
        pass

    @staticmethod
    def sendable(records):
        return records

    def cluster(self):
        answer = _result(self._admin.describe_cluster())
        return {"nodes": [node.id for node in answer.nodes], "controller": answer.controller.id,
                "length of the cluster id": len(answer.cluster_id)}

    def create(self, topic, partitions, replicas, configs):
        _result(self._admin.create_topics([NewTopic(topic, partitions, replicas, config=configs)],
                                          request_timeout=SECONDS))

    def add_partitions(self, topic, total):
        _result(self._admin.create_partitions([NewPartitions(topic, total)], request_timeout=SECONDS))

    def delete(self, topic):
        _result(self._admin.delete_topics([topic], request_timeout=SECONDS))

    def describe(self, topic):
        answer = _result(self._admin.describe_topics(TopicCollection([topic])))
        zero = Uuid(0, 0)
        return [answer.name == topic, answer.is_internal, str(answer.topic_id) != str(zero),
                [[p.id, p.leader.id, [r.id for r in p.replicas], [r.id for r in p.isr]] for p in answer.partitions]]

    def configs(self, topic):
        answer = _result(self._admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]))
        return {name: {"value": entry.value, "source": entry.source, "default": entry.is_default,
                       "read only": entry.is_read_only, "sensitive": entry.is_sensitive,
                       "synonyms": sorted([s.name, s.value] for s in entry.synonyms.values())}
                for name, entry in answer.items()}

    def produce(self, topic, partition, records, codec="none", acks="all"):
        settings = {"bootstrap.servers": self._bootstrap, "compression.type": codec, "acks": acks, "linger.ms": 100,
                    "message.max.bytes": 5_000_000, "enable.idempotence": acks == "all",
                    "message.timeout.ms": SECONDS * 1000}
        answers = []

        def delivered(error, message):
            answers.append(error.name() if error else [message.offset(), message.timestamp()[1]])

        producer = Producer(settings)
        for key, value, headers, timestamp in records:
            producer.produce(topic, value=value, key=key, partition=partition, on_delivery=delivered,
                             timestamp=timestamp, headers=headers)
        producer.flush(SECONDS)
        return answers

    def _consumer(self):
        return Consumer({"bootstrap.servers": self._bootstrap, "group.id": "never-joined", "enable.auto.commit": False,
                         "auto.offset.reset": "error", "enable.partition.eof": False, "check.crcs": True, "fetch.wait.max.ms": 50,
                         "fetch.message.max.bytes": 200_000})

    def fetch(self, topic, partition, offset, count):
        consumer = self._consumer()
        try:
            consumer.assign([TopicPartition(topic, partition, offset)])
            got = []
            deadline = time.monotonic() + SECONDS
            while len(got) < count and time.monotonic() < deadline:
                message = consumer.poll(0.2)
                if message is None:
                    continue
                if message.error():
                    raise story.Refused(message.error().name())
                kind, timestamp = message.timestamp()
                append = "append" if kind == TIMESTAMP_LOG_APPEND_TIME else "create"
                got.append([[message.offset(), timestamp, append],
                            (message.key(), message.value(), message.headers() or [])])
            return got
        finally:
            consumer.close()

    def offset_at(self, topic, partition, timestamp):
        consumer = self._consumer()
        try:
            (found,) = consumer.offsets_for_times([TopicPartition(topic, partition, timestamp)], SECONDS)
            return "none" if found.offset == OFFSET_INVALID else found.offset
        finally:
            consumer.close()

    def ends(self, topic, partition):
        consumer = self._consumer()
        try:
            return list(consumer.get_watermark_offsets(TopicPartition(topic, partition), SECONDS))
        except KafkaException as error:
            raise _refused(error) from error
        finally:
            consumer.close()

    def greatest_timestamp(self, topic, partition):
        found = _result(self._admin.list_offsets({TopicPartition(topic, partition): OffsetSpec.max_timestamp()}))
        return [found.offset, found.timestamp, found.leader_epoch]


if __name__ == "__main__":
    story.tell(Confluent)
