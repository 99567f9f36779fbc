"""confluent-kafka, that is librdkafka, as a member of a group."""

import sys
import time

import confluent_kafka
import member

POLL_SECONDS = 0.2


class Confluent:
    def __init__(self, options):
        self._topic = options.topic
        self._batch = []
        settings = {
            "bootstrap.servers": options.bootstrap, "group.id": options.group, "client.id": options.name,
            "group.protocol": "classic", "session.timeout.ms": options.session, "heartbeat.interval.ms": member.HEARTBEAT_MS,
            "auto.offset.reset": "earliest", "enable.auto.commit": options.commit == "auto",
            "auto.commit.interval.ms": member.AUTO_COMMIT_MS, "reconnect.backoff.max.ms": 500,
            "error_cb": self._failed,
        }
        if options.assignor:
            settings["partition.assignment.strategy"] = options.assignor
        if options.instance:
            settings["group.instance.id"] = options.instance
        self._consumer = confluent_kafka.Consumer(settings)
        self._consumer.subscribe([options.topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)

    def _assigned(self, _consumer, partitions):
        member.emit(assigned=[each.partition for each in partitions])

    def _revoked(self, _consumer, partitions):
        gone = {each.partition for each in partitions}
        # They may have come with the very poll() that takes the partition away.
        self._batch = [record for record in self._batch if record[0] not in gone]
        member.emit(revoked=sorted(gone))

    def poll(self):
        self._batch = []
        deadline = time.monotonic() + POLL_SECONDS
        while len(self._batch) < member.MOST_RECORDS:
            # Waits for the first one, and takes what is there besides.
            message = self._consumer.poll(0 if self._batch else max(deadline - time.monotonic(), 0))
            if message is None:
                break
            if message.error():
                self._failed(message.error())
            else:
                self._batch.append((message.partition(), message.offset(), message.value().decode()))
        return self._batch

    @staticmethod
    def _failed(error):
        if error.fatal() or error.code() == confluent_kafka.KafkaError._FATAL:
            member.emit(refused=str(error))
            raise SystemExit(str(error))
        print(error, file=sys.stderr, flush=True)

    def _places(self, offsets):
        return [confluent_kafka.TopicPartition(self._topic, *each) for each in offsets.items()]

    def commit(self, offsets):
        try:
            done = self._consumer.commit(offsets=self._places(offsets), asynchronous=False)
        except confluent_kafka.KafkaException as refused:
            raise member.Refused(str(refused.args[0])) from None
        if errors := [each.error for each in done if each.error]:
            raise member.Refused(str(errors[0]))

    def rewind(self, offsets):
        for place in self._places(offsets):
            try:
                self._consumer.seek(place)
            except confluent_kafka.KafkaException as gone:
                print("cannot seek, so it is no longer ours:", gone, file=sys.stderr, flush=True)

    def close(self):
        self._consumer.close()


if __name__ == "__main__":
    given = member.Options()
    member.work(Confluent(given), given)
