"""Sends records to a group's topic all the time, by librdkafka, until SIGTERM: BOOTSTRAP TOPIC PARTITIONS. Record number
n has n as its value and is in partition n % PARTITIONS. Prints {"sent": how many the broker has taken}."""

import sys
import time

import confluent_kafka
import member

IN_ONE_GO = 12
SECONDS = 0.1  # From one go to the next.


def main():
    bootstrap, topic, partitions = sys.argv[1:]
    stop = member.Stop()
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 0,
                                         "reconnect.backoff.max.ms": 500, "retry.backoff.ms": 50})
    failed = []
    sent = 0
    while not stop:
        for _ in range(IN_ONE_GO):
            producer.produce(topic, str(sent), partition=sent % int(partitions),
                             on_delivery=lambda error, _message: failed.append(str(error)) if error else None)
            sent += 1
        producer.flush()
        if failed:
            sys.exit(f"not delivered: {failed}")
        member.emit(sent=sent)
        time.sleep(SECONDS)
    member.emit(sent=sent, done=True)


if __name__ == "__main__":
    main()
