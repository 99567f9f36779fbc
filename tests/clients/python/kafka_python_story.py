#!/usr/bin/env python3
"""The story as kafka-python tells it. Idempotent wherever acks allow it, as it is by default."""

import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

import story

SECONDS = 20


def _call(method, *arguments, **named):
    try:
        return method(*arguments, **named)
    except KafkaError as error:
        raise story.Refused(type(error).__name__) from error


class KafkaPython:
    def __init__(self, bootstrap):
        self._bootstrap = bootstrap
        self._admin = KafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=SECONDS * 1000)

    def close(self):
        self._admin.close()

    @staticmethod
    def sendable(records):
        """It wants a key or a value, and no null in headers."""
        return [(key, value, [(name, data or b"") for name, data in headers], timestamp)
                for key, value, headers, timestamp in records if key is not None or value is not None]

    def cluster(self):
        answer = self._admin.describe_cluster()
        return {"nodes": [node["broker_id"] for node in answer["brokers"]], "controller": answer["controller_id"],
                "length of the cluster id": len(answer["cluster_id"])}

    def create(self, topic, partitions, replicas, configs):
        _call(self._admin.create_topics, {topic: {"num_partitions": partitions, "replication_factor": replicas,
                                                  "configs": configs}})

    def add_partitions(self, topic, total):
        _call(self._admin.create_partitions, {topic: total})

    def delete(self, topic):
        _call(self._admin.delete_topics, [topic])

    def describe(self, topic):
        (answer,) = _call(self._admin.describe_topics, [topic])
        if answer["error_code"]:
            raise story.Refused(str(answer["error_code"]))
        return [answer["name"] == topic, answer["is_internal"], answer["topic_id"] is not None,
                [[p["partition_index"], p["leader_id"], p["leader_epoch"], p["replica_nodes"], p["isr_nodes"],
                  p["offline_replicas"]] for p in answer["partitions"]]]

    def configs(self, topic):
        answer = _call(self._admin.describe_configs, [ConfigResource(ConfigResourceType.TOPIC, topic)],
                       include_synonyms=True, config_filter="all")
        return {name: {"value": entry["value"], "source": entry["config_source"], "read only": entry["read_only"],
                       "sensitive": entry["is_sensitive"], "type": entry["config_type"],
                       "synonyms": [[s["name"], s["value"], s["source"]] for s in entry["synonyms"]]}
                for name, entry in answer["topic"][topic].items()}

    def produce(self, topic, partition, records, codec="none", acks="all"):
        settings = {"acks": acks if acks == "all" else int(acks), "enable_idempotence": acks == "all"}
        producer = KafkaProducer(bootstrap_servers=self._bootstrap, linger_ms=100, max_request_size=5_000_000,
                                 compression_type=None if codec == "none" else codec, **settings)
        try:
            futures = [producer.send(topic, value, key, headers, partition, timestamp)
                       for key, value, headers, timestamp in records]
            producer.flush(SECONDS)
            return [self._delivered(future) for future in futures]
        finally:
            producer.close(SECONDS)

    @staticmethod
    def _delivered(future):
        try:
            sent = future.get(SECONDS)
            return [sent.offset, sent.timestamp]
        except KafkaError as error:
            return type(error).__name__

    def _consumer(self, **more):
        return KafkaConsumer(bootstrap_servers=self._bootstrap, enable_auto_commit=False, group_id=None, fetch_max_wait_ms=50,
                             auto_offset_reset="none", max_partition_fetch_bytes=200_000, **more)

    def fetch(self, topic, partition, offset, count):
        consumer = self._consumer()
        try:
            place = TopicPartition(topic, partition)
            consumer.assign([place])
            consumer.seek(place, offset)
            got = []
            deadline = time.monotonic() + SECONDS
            while len(got) < count and time.monotonic() < deadline:
                for record in _call(consumer.poll, 200).get(place, []):
                    got.append([[record.offset, record.timestamp, ("create", "append")[record.timestamp_type],
                                 record.leader_epoch],
                                (record.key, record.value, list(record.headers))])
            return got
        finally:
            consumer.close()

    def offset_at(self, topic, partition, timestamp):
        consumer = self._consumer()
        try:
            (found,) = _call(consumer.offsets_for_times, {TopicPartition(topic, partition): timestamp}).values()
            return "none" if found is None else [found.offset, found.timestamp, found.leader_epoch]
        finally:
            consumer.close()

    def ends(self, topic, partition):
        consumer = self._consumer()
        try:
            place = TopicPartition(topic, partition)
            return [_call(ends, [place], timeout_ms=3000)[place] for ends in (consumer.beginning_offsets,
                                                                              consumer.end_offsets)]
        finally:
            consumer.close()

    def greatest_timestamp(self, topic, partition):
        place = TopicPartition(topic, partition)
        found = _call(self._admin.list_partition_offsets, {place: -3})[place]
        return [found.offset, found.timestamp, found.leader_epoch]


if __name__ == "__main__":
    story.tell(KafkaPython)
