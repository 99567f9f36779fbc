"""After any restart a broker still knows the five batches that an idempotent producer may have in flight.

No client can be made to leave five batches unanswered at a given byte of a segment, so this speaks the protocol itself.
"""

import time

from harness import stored
from support_py import wire

SEGMENT_BYTES = 1 << 20
IN_FLIGHT = 5
RECORDS = 3  # Of each batch.
TIMESTAMP = 1_700_000_000_000
TOPIC = "in-flight"


class Idempotence:
    name = "idempotence"
    # Apache Kafka keeps one batch of a producer in a snapshot and forgets the others here.
    brokers = ("stele",)

    @staticmethod
    def prepare(_tools):
        return lambda broker, witness: tell(broker.another("idempotence", "--set", "checkpoint.interval.ms=100"), witness)


def _in_flight(producer, number):
    """The batch with that number, of those in flight."""
    values = [b"%d.%d " % (number, i) + b"x" * 100 for i in range(RECORDS)]
    return wire.batch(values, TIMESTAMP, *producer, 1 + number * RECORDS)


def tell(broker, witness):
    broker.start()
    for fitting in range(IN_FLIGHT + 1):
        for stop in ("kill -9", "kill -9 twice", "kill -9 after a checkpoint", "a clean stop"):
            _roll_among_five(broker, witness, fitting, stop)
    for number in range(5):
        _kill_at_once(broker, witness, number)
    broker.stop()


def _stop(broker, how):
    if how == "a clean stop":
        broker.stop()
    else:
        broker.kill()
    broker.start()
    if how == "kill -9 twice":
        _stop(broker, "kill -9")


def _new_topic(broker, topic, bytes_left):
    """Makes a topic whose first segment has room for `bytes_left` more. Returns the producer of the one batch in it, and
    the directory."""
    with wire.Connection(broker.address) as connection:
        connection.must_create_topic(topic, {"segment.bytes": str(SEGMENT_BYTES)})
        producer = connection.producer_id()
        framing = len(wire.batch([b"x" * (SEGMENT_BYTES // 2)], TIMESTAMP)) - SEGMENT_BYTES // 2
        connection.send_produce(topic, 0, wire.batch([b"x" * (SEGMENT_BYTES - bytes_left - framing)], TIMESTAMP, *producer, 0))
        if connection.produced() != (0, 0):
            raise ValueError("the first batch was not taken")
        return producer, broker.partition_directory(connection.topic_ids()[topic], 0)


def _wait_for(directory, count, seconds=20):
    deadline = time.monotonic() + seconds
    while len(stored.batches(directory)) < count and time.monotonic() < deadline:
        time.sleep(0.002)


def _wait_for_recovery_point(broker, directory, offset, seconds=20):
    """Then recovery reads no batch again: what it knows of producers is in a snapshot, or before it."""
    line = f"{directory.name.rsplit('-', 1)[0]} 0 {offset}"
    deadline = time.monotonic() + seconds
    file = broker.data / "recovery-point-offset-checkpoint"
    while not (file.exists() and line in file.read_text().splitlines()):
        if time.monotonic() > deadline:
            raise ValueError(f"no recovery point '{line}' in {file}: {file.read_text() if file.exists() else 'not there'}")
        time.sleep(0.01)


def _roll_among_five(broker, witness, fitting, stop):
    """Five batches are in the log, `fitting` of them before a roll, and nobody read an answer when the broker goes."""
    name = f"{fitting} of five before the roll, {stop}"
    topic = f"{TOPIC}-{fitting}-{stop.replace(' ', '')}"
    size = len(_in_flight((0, 0), 0))
    producer, directory = _new_topic(broker, topic, fitting * size + size // 2)
    with wire.Connection(broker.address) as connection:
        for number in range(IN_FLIGHT):
            connection.send_produce(topic, 0, _in_flight(producer, number))
        _wait_for(directory, 1 + IN_FLIGHT)
        if "checkpoint" in stop:
            _wait_for_recovery_point(broker, directory, 1 + IN_FLIGHT * RECORDS)
        _stop(broker, stop)
    segments = sorted(int(path.stem) for path in directory.glob("*.log"))
    wanted = [0] if fitting == IN_FLIGHT else [0, 1 + fitting * RECORDS]
    witness.check(f"{name}: rolled there", segments == wanted, f"{segments}, not {wanted}")
    with wire.Connection(broker.address) as connection:
        for number in range(IN_FLIGHT):
            connection.send_produce(topic, 0, _in_flight(producer, number))
        answers = [connection.produced() for _ in range(IN_FLIGHT)]
        witness.check(f"{name}: sent again, each is answered with its offset",
                      answers == [(0, 1 + number * RECORDS) for number in range(IN_FLIGHT)], answers)
        connection.send_produce(topic, 0, _in_flight(producer, IN_FLIGHT + 1))
        answer = connection.produced()
        witness.check(f"{name}: a gap is refused", answer[0] == wire.OUT_OF_ORDER_SEQUENCE_NUMBER, answer)
        connection.send_produce(topic, 0, _in_flight(producer, IN_FLIGHT))
        answer = connection.produced()
        witness.check(f"{name}: the next one follows", answer == (0, 1 + IN_FLIGHT * RECORDS), answer)
    _check_once(witness, name, directory, IN_FLIGHT + 1)


def _check_once(witness, name, directory, count):
    places = [(batch.base_sequence, batch.base_offset) for batch in stored.batches(directory)]
    wanted = [(0, 0)] + [(1 + number * RECORDS, 1 + number * RECORDS) for number in range(count)]
    witness.check(f"{name}: each is in the log once", places == wanted, places)


def _kill_at_once(broker, witness, number):
    """Nobody knows which of the five the broker took before it was killed; sent again, each is there once."""
    name = f"killed at once, {number}"
    topic = f"{TOPIC}-at-once-{number}"
    size = len(_in_flight((0, 0), 0))
    producer, directory = _new_topic(broker, topic, 2 * size + size // 2)
    with wire.Connection(broker.address) as connection:
        for each in range(IN_FLIGHT):
            connection.send_produce(topic, 0, _in_flight(producer, each))
        _wait_for(directory, 1 + number)
        _stop(broker, "kill -9")
    with wire.Connection(broker.address) as connection:
        for each in range(IN_FLIGHT):
            connection.send_produce(topic, 0, _in_flight(producer, each))
        answers = [connection.produced() for _ in range(IN_FLIGHT)]
    witness.check(f"{name}: each is answered with its offset", answers == [
        (0, 1 + each * RECORDS) for each in range(IN_FLIGHT)], answers)
    _check_once(witness, name, directory, IN_FLIGHT)
