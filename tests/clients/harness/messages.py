"""Kafka's messages as dictionaries, in any version: encoded and decoded by Kafka's own definitions, which its jar has.

Only what requests and answers about groups need: no tagged field has a value.
"""

import json
import re
import struct
import zipfile

NUMBERS = {"int8": "b", "int16": "h", "int32": "i", "int64": "q", "bool": "?"}
_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*')  # Or a string, in which nothing is a comment.


class Definitions:
    """What a kafka-clients jar says of messages, by their names ("JoinGroup"). Thread: any; immutable."""

    def __init__(self, jar, names):
        with zipfile.ZipFile(jar) as archive:
            self._apis = {name: tuple(_definition(archive, name + kind) for kind in ("Request", "Response")) for name in names}

    def key(self, name):
        return self._apis[name][0]["apiKey"]

    def versions(self, name):
        """The (first, last) that Kafka serves."""
        served = _versions(self._apis[name][0]["validVersions"])
        return served[0], served[-1]

    def flexible(self, name, version):
        return version in _versions(self._apis[name][0]["flexibleVersions"])

    def request(self, name, version, values):
        """Fields that are not given have their defaults; those that the version does not have are left out. None is
        written where it is not allowed too."""
        definition = self._apis[name][0]
        return _Writer(version, self.flexible(name, version)).structure(definition["fields"], values)

    def response(self, name, version, data):
        """Bytes are shown as Latin-1. Raises ValueError if something is left over."""
        reader = _Reader(data, version, self.flexible(name, version))
        decoded = reader.structure(self._apis[name][1]["fields"])
        if not reader.at_end():
            raise ValueError(f"{name} v{version}: bytes are left over after {decoded}")
        return decoded


def _definition(archive, name):
    text = archive.read(f"common/message/{name}.json").decode()
    return json.loads(_COMMENT.sub(lambda found: found[0] if found[0][0] == '"' else "", text))


def _versions(text):
    """Kafka's "3", "2-4", "6+" or "none"."""
    if text == "none":
        return range(0)
    first, _, last = text.rstrip("+").partition("-")
    return range(int(first), 1 << 15 if text.endswith("+") else int(last or first) + 1)


def _default(field):
    given = field.get("default")
    if given == "null":
        return None
    if field["type"].startswith("[]"):
        return []
    if field["type"] in NUMBERS:
        return given == "true" if field["type"] == "bool" else int(given or 0)
    return {"string": "", "bytes": b"", "uuid": bytes(16)}[field["type"]]


class _Writer:
    def __init__(self, version, flexible):
        self._version, self._flexible = version, flexible

    def structure(self, fields, values):
        unknown = set(values) - {field["name"] for field in fields}
        if unknown:
            raise ValueError(f"no such fields: {unknown}")
        written = b"".join(self._value(field, field["type"], values.get(field["name"], _default(field)))
                           for field in fields if self._version in _versions(field["versions"]))
        return written + (b"\0" if self._flexible else b"")

    def _value(self, field, kind, value):
        if kind.startswith("[]"):
            count = self._length(value, "i")
            return count + b"".join(self._value(field, kind[2:], each) for each in value or ())
        if kind in NUMBERS:
            return struct.pack(">" + NUMBERS[kind], value)
        if kind == "string":
            data = None if value is None else value.encode()
            return self._length(data, "h") + (data or b"")
        if kind == "bytes":
            return self._length(value, "i") + (value or b"")
        if kind == "uuid":
            return value
        return self.structure(field["fields"], value)

    def _length(self, value, kind):
        length = -1 if value is None else len(value)
        if not self._flexible:
            return struct.pack(">" + kind, length)
        length += 1
        out = bytearray()
        while length > 127:
            out.append(length & 127 | 128)
            length >>= 7
        out.append(length)
        return bytes(out)


class _Reader:
    def __init__(self, data, version, flexible):
        self._data, self._version, self._flexible = data, version, flexible
        self._at = 0

    def at_end(self):
        return self._at == len(self._data)

    def structure(self, fields):
        decoded = {field["name"]: self._value(field, field["type"])
                   for field in fields if self._version in _versions(field["versions"])}
        if self._flexible and self._unsigned():
            raise ValueError(f"a tagged field after {decoded}")
        return decoded

    def _value(self, field, kind):
        if kind.startswith("[]"):
            count = self._length("i")
            return None if count < 0 else [self._value(field, kind[2:]) for _ in range(count)]
        if kind in NUMBERS:
            return self._number(NUMBERS[kind])
        if kind in ("string", "bytes"):
            length = self._length("h" if kind == "string" else "i")
            return None if length < 0 else self._take(length).decode("utf-8" if kind == "string" else "latin-1")
        if kind == "uuid":
            return self._take(16).hex()
        return self.structure(field["fields"])

    def _take(self, count):
        if self._at + count > len(self._data):
            raise ValueError("an answer is cut short")
        self._at += count
        return self._data[self._at - count:self._at]

    def _number(self, kind):
        return struct.unpack(">" + kind, self._take(struct.calcsize(">" + kind)))[0]

    def _unsigned(self):
        number = shift = 0
        while True:
            (byte,) = self._take(1)
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    def _length(self, kind):
        return self._unsigned() - 1 if self._flexible else self._number(kind)
