"""How the Kafka protocol writes numbers, texts and whole requests. Source: Kafka's message definitions."""

import struct


def string(text):
    """In the form of versions that are not flexible."""
    return struct.pack(">h", len(text.encode())) + text.encode()


def data(content):
    return struct.pack(">i", len(content)) + content


def varint(number):
    number = number << 1 ^ number >> 63
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


framed = data


def request(api, version, body, correlation_id=1, client="stele-tests", flexible=False):
    """A whole request with its size in front."""
    header = struct.pack(">hhi", api, version, correlation_id) + string(client)
    return framed(header + (b"\0" if flexible else b"") + body)


class Reader:
    """Reads the forms of versions that are not flexible."""

    def __init__(self, data):
        self._data, self._at = data, 0

    def take(self, count):
        self._at += count
        return self._data[self._at - count:self._at]

    def skip(self, count):
        self._at += count

    def numbers(self, kinds):
        """As struct names their kinds."""
        values = struct.unpack_from(">" + kinds, self._data, self._at)
        self._at += struct.calcsize(">" + kinds)
        return values

    def number(self, kind):
        return self.numbers(kind)[0]

    def data(self, kind="i"):
        """Bytes behind their number, which is of this kind."""
        return self.take(max(self.number(kind), 0))

    def text(self):
        return self.data("h").decode()

    def unsigned_varint(self):
        number = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    def varint(self):
        number = self.unsigned_varint()
        return number >> 1 ^ -(number & 1)


class FlexibleReader(Reader):
    """Reads the compact forms of flexible versions."""

    def count(self):
        return max(self.unsigned_varint() - 1, 0)

    def text(self):
        return self.take(self.count()).decode()

    def tags(self):
        for _ in range(self.unsigned_varint()):
            self.unsigned_varint()
            self.skip(self.unsigned_varint())
