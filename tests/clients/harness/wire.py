"""As much of the Kafka protocol as no client gives: topic ids by name, and batches of an idempotent producer put on the
wire by hand, any number before the first answer. Source: Kafka's message definitions."""

import base64
import socket
import struct
import time

PRODUCE, METADATA, CREATE_TOPICS, INIT_PRODUCER_ID = 0, 3, 19, 22
UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, OUT_OF_ORDER_SEQUENCE_NUMBER = 3, 6, 45


def _crc32c_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_CRC = _crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def string(text):
    """In the form of versions that are not flexible."""
    return struct.pack(">h", len(text)) + text.encode()


def _varint(number):
    number = number << 1 ^ number >> 63
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def batch(values, timestamp, producer_id=-1, epoch=-1, sequence=-1):
    """A record batch of one record a value, without keys, headers and compression."""
    records = b""
    for delta, value in enumerate(values):
        body = b"\0" + _varint(0) + _varint(delta) + _varint(-1) + _varint(len(value)) + value + _varint(0)
        records += _varint(len(body)) + body
    covered = struct.pack(">hiqqqhii", 0, len(values) - 1, timestamp, timestamp, producer_id, epoch, sequence,
                          len(values)) + records
    return struct.pack(">qiibI", 0, 9 + len(covered), -1, 2, crc32c(covered)) + covered


class Connection:
    """Requests out, answers in, in their order. Everything ends at the deadline given. Thread: one."""

    def __init__(self, address, seconds=20, client="stele-tests"):
        self._deadline = time.monotonic() + seconds
        self._client = client
        self._socket = socket.create_connection(address, seconds)
        self._correlation = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def send(self, key, version, body, flexible=False):
        self._correlation += 1
        frame = struct.pack(">hhi", key, version, self._correlation) + string(self._client)
        frame += (b"\0" if flexible else b"") + body
        self._socket.sendall(struct.pack(">i", len(frame)) + frame)

    def receive(self, flexible=False):
        """The next answer's body. Raises OSError when the broker hangs up or the time is up."""
        (size,) = struct.unpack(">i", self._exactly(4))
        return self._exactly(size)[5 if flexible else 4:]

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            self._socket.settimeout(max(self._deadline - time.monotonic(), 0.001))
            more = self._socket.recv(count - len(data))
            if not more:
                raise ConnectionResetError("the broker hung up")
            data += more
        return data

    def topic_ids(self):
        """The id of each topic, as text the way Kafka writes it in files."""
        self.send(METADATA, 12, b"\0" + b"\0" + b"\0" + b"\0", flexible=True)
        reader = _Flexible(self.receive(flexible=True))
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

    def producer_id(self):
        """A new producer's (id, epoch)."""
        self.send(INIT_PRODUCER_ID, 1, struct.pack(">hi", -1, 1000))
        _throttle, error, producer, epoch = struct.unpack(">ihqh", self.receive())
        if error:
            raise ValueError(f"InitProducerId: error {error}")
        return producer, epoch

    def create_topic(self, topic, configs, partitions=1):
        body = struct.pack(">i", 1) + string(topic) + struct.pack(">ihii", partitions, 1, 0, len(configs))
        body += b"".join(string(name) + string(value) for name, value in configs.items())
        self.send(CREATE_TOPICS, 2, body + struct.pack(">ib", 20_000, 0))
        answer = self.receive()
        (error,) = struct.unpack_from(">h", answer, 4 + 4 + 2 + len(topic.encode()))
        if error:
            raise ValueError(f"CreateTopics: error {error}")

    def send_produce(self, topic, partition, data):
        """Asks for acks=all."""
        self.send(PRODUCE, 7, struct.pack(">hhi", -1, -1, 20_000) + struct.pack(">i", 1) + string(topic) +
                  struct.pack(">iii", 1, partition, len(data)) + data)

    def produced(self):
        """What the oldest unanswered produce got: (error code, base offset)."""
        answer = self.receive()
        (length,) = struct.unpack_from(">h", answer, 4)
        _count, _partition, error, offset = struct.unpack_from(">iihq", answer, 6 + length)
        return error, offset


class _Flexible:
    """Reads the compact forms of flexible versions."""

    def __init__(self, data):
        self._data, self._at = data, 0

    def take(self, count):
        self._at += count
        return self._data[self._at - count:self._at]

    def skip(self, count):
        self._at += count

    def _unsigned(self):
        number = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    def count(self):
        return max(self._unsigned() - 1, 0)

    def text(self):
        return self.take(self.count()).decode()

    def tags(self):
        for _ in range(self._unsigned()):
            self._unsigned()
            self.skip(self._unsigned())
