"""As much of the Kafka protocol as the system tests need, by hand: well-behaved requests, and the pieces of bad ones.
Source: Kafka's message definitions; all versions here are from before the flexible ones."""

import gzip
import socket
import struct

PRODUCE, FETCH, LIST_OFFSETS, METADATA, API_VERSIONS, CREATE_TOPICS = 0, 1, 2, 3, 18, 19
NONE, STORAGE_ERROR, UNSUPPORTED_VERSION = 0, 56, 35
GZIP = 1


def _crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_CRC = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def string(text):
    return struct.pack(">h", len(text)) + text.encode()


def varint(number):
    number = number << 1 ^ number >> 63
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def framed(data):
    return struct.pack(">i", len(data)) + data


def request(api, version, body, correlation_id=1):
    """A whole request with its size in front."""
    return framed(struct.pack(">hhi", api, version, correlation_id) + string("system-test") + body)


def record(value, index=0, delay=0):
    body = b"\0" + varint(delay) + varint(index) + varint(-1) + varint(len(value)) + value + varint(0)
    return varint(len(body)) + body


def batch(values, codec=0, step=0):
    """A v2 batch of one record for each value, without keys, `step` ms after one another."""
    records = b"".join(record(value, index, index * step) for index, value in enumerate(values))
    if codec == GZIP:
        records = gzip.compress(records)
    last = len(values) - 1
    covered = struct.pack(">hiqqqhii", codec, last, 1, 1 + last * step, -1, -1, -1, len(values)) + records
    return struct.pack(">qiib", 0, len(covered) + 9, -1, 2) + struct.pack(">I", crc32c(covered)) + covered


def values_of(data):
    """(offset, value) of every record in whole uncompressed batches; a cut one at the end is left out."""
    found, at = [], 0
    while at + 61 <= len(data):
        base, length = struct.unpack_from(">qi", data, at)
        if at + 12 + length > len(data):
            break
        count = struct.unpack_from(">i", data, at + 57)[0]
        inside = _Records(data, at + 61)
        found += [(base + index, inside.next()) for index in range(count)]
        at += 12 + length
    return found


class _Records:
    def __init__(self, data, at):
        self._data, self._at = data, at

    def _varint(self):
        value = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value >> 1 ^ -(value & 1)

    def next(self):
        end = self._varint() + self._at
        self._at += 1
        self._varint(), self._varint()
        key_size = self._varint()
        self._at += max(key_size, 0)
        size = self._varint()
        value = self._data[self._at:self._at + size]
        self._at = end
        return value


def produce_request(topic, records, acks=-1, correlation_id=1):
    body = struct.pack(">hhii", -1, acks, 30000, 1) + string(topic)
    body += struct.pack(">iii", 1, 0, len(records)) + records
    return request(PRODUCE, 7, body, correlation_id)


def fetch_request(topic, offset, max_bytes=1 << 20, max_wait_ms=0):
    body = struct.pack(">iiiib", -1, max_wait_ms, 1, max_bytes, 0)
    body += struct.pack(">i", 1) + string(topic) + struct.pack(">iiqi", 1, 0, offset, max_bytes)
    return request(FETCH, 4, body)


def list_offsets_request(topic, timestamp):
    body = struct.pack(">ii", -1, 1) + string(topic) + struct.pack(">iiq", 1, 0, timestamp)
    return request(LIST_OFFSETS, 1, body)


def metadata_request(topic=None):
    names = struct.pack(">i", -1) if topic is None else struct.pack(">i", 1) + string(topic)
    return request(METADATA, 1, names)


class Closed(Exception):
    """The broker has closed the connection."""


class Client:
    """One connection. Every wait ends after `patience` seconds with an error. Thread: one at a time."""

    def __init__(self, address, patience=30, receive_buffer=None):
        self._socket = socket.socket()
        self._socket.settimeout(patience)
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.connect(address)
        except ConnectionError as error:
            self._socket.close()
            raise Closed(str(error)) from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def send(self, data):
        try:
            self._socket.sendall(data)
        except (ConnectionError, BrokenPipeError) as error:
            raise Closed(str(error)) from None

    def send_what_fits(self, data):
        """Like send, but stops where the broker stops reading."""
        self._socket.setblocking(False)
        try:
            self._socket.send(data)
        except (BlockingIOError, ConnectionError):
            pass

    def _take(self, size):
        data = bytearray()
        while len(data) < size:
            try:
                more = self._socket.recv(size - len(data))
            except ConnectionError as error:
                raise Closed(str(error)) from None
            if not more:
                raise Closed("end of stream")
            data += more
        return bytes(data)

    def receive_whole(self):
        """The next answer, from its correlation id on."""
        return self._take(struct.unpack(">i", self._take(4))[0])

    def receive(self):
        """The next answer, behind its correlation id."""
        return self.receive_whole()[4:]

    def ask(self, data):
        self.send(data)
        return self.receive()

    def is_closed(self):
        """Waits until the broker closes; False if it sends something."""
        try:
            self._take(1)
        except Closed:
            return True
        return False

    def create_topic(self, name, partitions=1, configs=()):
        """The error code."""
        body = struct.pack(">i", 1) + string(name) + struct.pack(">ihi", partitions, 1, 0)
        body += struct.pack(">i", len(configs))
        body += b"".join(string(key) + string(value) for key, value in configs)
        answer = self.ask(request(CREATE_TOPICS, 2, body + struct.pack(">ib", 30000, 0)))
        return struct.unpack_from(">h", answer, 4 + 4 + 2 + len(name))[0]

    def produce(self, topic, records, acks=-1):
        """(error code, base offset)."""
        return produce_outcome(self.ask(produce_request(topic, records, acks)), topic)

    def produce_or_create(self, topic):
        """Appends one record, to a topic that may not be there yet; the error code."""
        self.create_topic(topic)
        return self.produce(topic, batch([b"one record"]))[0]

    def fetch(self, topic, offset, max_bytes=1 << 20, max_wait_ms=0):
        """(error code, high watermark, record bytes)."""
        answer = self.ask(fetch_request(topic, offset, max_bytes, max_wait_ms))
        at = 4 + 4 + 2 + len(topic) + 4 + 4
        error, high_watermark, _, aborted = struct.unpack_from(">hqqi", answer, at)
        at += 22 + 16 * max(aborted, 0)
        size = struct.unpack_from(">i", answer, at)[0]
        return error, high_watermark, answer[at + 4:at + 4 + max(size, 0)]

    def read_all(self, topic):
        """(offset, value) of everything there is."""
        found = []
        while True:
            error, high_watermark, data = self.fetch(topic, found[-1][0] + 1 if found else 0)
            if error:
                raise AssertionError(f"fetch of {topic} answered error {error}")
            found += values_of(data)
            if not found or found[-1][0] + 1 >= high_watermark:
                return found


def produce_outcome(answer, topic):
    return struct.unpack_from(">hq", answer, 4 + 2 + len(topic) + 4 + 4)
