"""Well-behaved requests about topics, records and producers, and what their answers say. Versions are from before the
flexible ones, but where only later ones have what is wanted. Source: Kafka's message definitions."""

import base64
import struct

from .forms import FlexibleReader, Reader, data, request, string

PRODUCE, FETCH, LIST_OFFSETS, METADATA, API_VERSIONS, CREATE_TOPICS, INIT_PRODUCER_ID = 0, 1, 2, 3, 18, 19, 22
NONE, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER = 0, 3, 6
UNSUPPORTED_VERSION, OUT_OF_ORDER_SEQUENCE_NUMBER, STORAGE_ERROR = 35, 45, 56
LATEST = -1


def of_partitions(topic, partitions, each):
    """A list of one topic and these of its partitions, as `each` writes one."""
    return struct.pack(">i", 1) + string(topic) + struct.pack(">i", len(partitions)) + b"".join(map(each, partitions))


def produce_request(topic, records, acks=-1, partition=0):
    body = struct.pack(">hhi", -1, acks, 30_000)
    return request(PRODUCE, 7, body + of_partitions(topic, [partition], lambda p: struct.pack(">i", p) + data(records)))


def produce_outcome(answer):
    """(error code, base offset)."""
    reader = Reader(answer)
    reader.skip(4), reader.text()
    _count, _partition, error, offset = reader.numbers("iihq")
    return error, offset


def fetch_request(topic, offset, max_bytes=1 << 20, max_wait_ms=0):
    body = struct.pack(">iiiib", -1, max_wait_ms, 1, max_bytes, 0)
    return request(FETCH, 4, body + of_partitions(topic, [0], lambda p: struct.pack(">iqi", p, offset, max_bytes)))


def fetch_outcome(answer):
    """(error code, high watermark, record bytes)."""
    reader = Reader(answer)
    reader.skip(8), reader.text(), reader.skip(8)
    error, high_watermark, _, aborted = reader.numbers("hqqi")
    reader.skip(16 * max(aborted, 0))
    return error, high_watermark, reader.data()


def list_offsets_request(topic, timestamp, partitions=(0,)):
    body = struct.pack(">i", -1) + of_partitions(topic, partitions, lambda p: struct.pack(">iq", p, timestamp))
    return request(LIST_OFFSETS, 1, body)


def listed_offsets(answer):
    """{partition: offset, or `error N`}."""
    reader = Reader(answer)
    offsets = {}
    for _ in range(reader.number("i")):
        reader.text()
        for _ in range(reader.number("i")):
            partition, error, _timestamp, offset = reader.numbers("ihqq")
            offsets[partition] = offset if error == 0 else f"error {error}"
    return offsets


def metadata_request(topic=None):
    names = struct.pack(">i", -1) if topic is None else struct.pack(">i", 1) + string(topic)
    return request(METADATA, 1, names)


def topic_ids_request():
    return request(METADATA, 12, b"\0" + b"\0" + b"\0" + b"\0", flexible=True)


def topic_ids(answer):
    """The id of each topic, as text the way Kafka writes it in files. `answer` begins behind the header's tags."""
    reader = FlexibleReader(answer)
    reader.skip(4)
    for _ in range(reader.count()):  # Brokers.
        reader.skip(4), reader.text(), reader.skip(4), reader.text(), reader.tags()
    reader.text(), reader.skip(4)
    ids = {}
    for _ in range(reader.count()):
        reader.skip(2)
        name = reader.text()
        ids[name] = base64.urlsafe_b64encode(reader.take(16)).decode().rstrip("=")
        reader.skip(1)
        for _ in range(reader.count()):
            reader.skip(14)
            for _ in range(3):
                reader.skip(4 * reader.count())
            reader.tags()
        reader.skip(4), reader.tags()
    return ids


def create_topic_request(topic, partitions=1, configs=()):
    """`configs` are pairs of texts."""
    body = struct.pack(">i", 1) + string(topic) + struct.pack(">ihii", partitions, 1, 0, len(configs))
    body += b"".join(string(key) + string(value) for key, value in configs)
    return request(CREATE_TOPICS, 2, body + struct.pack(">ib", 30_000, 0))


def create_topic_outcome(answer):
    """The error code."""
    reader = Reader(answer)
    reader.skip(8), reader.text()
    return reader.number("h")


def producer_id_request():
    return request(INIT_PRODUCER_ID, 1, struct.pack(">hi", -1, 1000))
