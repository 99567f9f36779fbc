"""One consumer of the demo's group, a process of its own so that it can be killed. Run by group.py:

    member.py BOOTSTRAP TOPIC GROUP

One JSON line for each thing that happens: {"assigned": [PARTITION...]}, {"records": [[PARTITION, OFFSET, KEY]...]}. Offsets
are committed after the line is out: what is lost is done again, by whoever gets the partition.
"""
import json
import signal
import sys

import confluent_kafka

BATCH = 500  # records; then a commit


def say(**event) -> None:
    print(json.dumps(event), flush=True)


def commit(consumer: confluent_kafka.Consumer) -> None:
    try:
        consumer.commit(asynchronous=False)
    except confluent_kafka.KafkaException as refused:
        # A rebalance came first, or the broker is away: the next commit covers this one, or somebody else does the work.
        say(not_committed=refused.args[0].name())


def main() -> None:
    bootstrap, topic, group = sys.argv[1:]
    told_to_stop = []
    signal.signal(signal.SIGTERM, lambda *_: told_to_stop.append(True))
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
        "session.timeout.ms": 6000, "heartbeat.interval.ms": 500, "reconnect.backoff.max.ms": 500, "log_level": 2})
    consumer.subscribe([topic], on_assign=lambda _, given: say(assigned=[p.partition for p in given]))
    while not told_to_stop:
        records = [m for m in consumer.consume(BATCH, 0.2) if m.error() is None]
        if records:
            say(records=[[m.partition(), m.offset(), m.key().decode() if m.key() is not None else None] for m in records])
            commit(consumer)
    consumer.close()


if __name__ == "__main__":
    main()
