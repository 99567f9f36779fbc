"""One connection to a broker: requests out, answers in, in their order."""

import socket
import struct

from . import requests
from .batches import batch, values_of
from .forms import request


class Closed(ConnectionError):
    """The broker has closed the connection."""


class Connection:
    """Every wait ends after `patience` seconds with a TimeoutError. Thread: one at a time."""

    def __init__(self, address, patience=30, client="stele-tests", receive_buffer=None):
        self._client, self._correlation_id = client, 0
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
        except OSError:
            self._socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def send(self, data):
        """A request with its size in front, or anything else."""
        try:
            self._socket.sendall(data)
        except ConnectionError as error:
            raise Closed(str(error)) from None

    def send_as_client(self, api, version, body, flexible=False):
        """A request with this connection's client id and the next correlation id."""
        self._correlation_id += 1
        self.send(request(api, version, body, self._correlation_id, self._client, flexible))

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

    def receive(self, flexible=False):
        """The next answer, behind its header."""
        return self.receive_whole()[5 if flexible else 4:]

    def ask(self, data, flexible=False):
        self.send(data)
        return self.receive(flexible)

    def is_closed(self):
        """Waits until the broker closes; False if it sends something."""
        try:
            self._take(1)
        except Closed:
            return True
        return False

    def create_topic(self, name, partitions=1, configs=()):
        """The error code."""
        return requests.create_topic_outcome(self.ask(requests.create_topic_request(name, partitions, configs)))

    def must_create_topic(self, name, configs, partitions=1):
        """`configs` is {name: value}. Raises ValueError."""
        if error := self.create_topic(name, partitions, list(configs.items())):
            raise ValueError(f"CreateTopics: error {error}")

    def topic_ids(self):
        return requests.topic_ids(self.ask(requests.topic_ids_request(), flexible=True))

    def producer_id(self):
        """A new producer's (id, epoch)."""
        _throttle, error, producer, epoch = struct.unpack(">ihqh", self.ask(requests.producer_id_request()))
        if error:
            raise ValueError(f"InitProducerId: error {error}")
        return producer, epoch

    def send_produce(self, topic, partition, data):
        """Asks for acks=all; produced() takes the answer."""
        self.send(requests.produce_request(topic, data, partition=partition))

    def produced(self):
        """What the oldest unanswered produce got: (error code, base offset)."""
        return requests.produce_outcome(self.receive())

    def produce(self, topic, records, acks=-1):
        """(error code, base offset)."""
        return requests.produce_outcome(self.ask(requests.produce_request(topic, records, acks)))

    def produce_or_create(self, topic):
        """Appends one record, to a topic that may not be there yet; the error code."""
        self.create_topic(topic)
        return self.produce(topic, batch([b"one record"]))[0]

    def fetch(self, topic, offset, max_bytes=1 << 20, max_wait_ms=0):
        """(error code, high watermark, record bytes)."""
        return requests.fetch_outcome(self.ask(requests.fetch_request(topic, offset, max_bytes, max_wait_ms)))

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
