"""What a broker says of a group, in the oldest versions of the requests. Source: Kafka's message definitions."""

import struct

from harness import wire

LIST_OFFSETS, OFFSET_FETCH, DESCRIBE_GROUPS = 2, 9, 15


class _Reader:
    """Reads the forms of versions that are not flexible."""

    def __init__(self, data):
        self._data, self._at = data, 0

    def number(self, kind):
        (value,) = struct.unpack_from(">" + kind, self._data, self._at)
        self._at += struct.calcsize(">" + kind)
        return value

    def data(self, kind):
        length = max(self.number(kind), 0)
        self._at += length
        return self._data[self._at - length:self._at]

    def text(self):
        return self.data("h").decode()


def _partitions(topic, partitions, each):
    return struct.pack(">i", 1) + wire.string(topic) + struct.pack(">i", len(partitions)) + b"".join(map(each, partitions))


def committed(connection, group, topic, partitions):
    """{partition: offset}, -1 where nothing is committed; the name of no error is 0."""
    connection.send(OFFSET_FETCH, 1, wire.string(group) + _partitions(topic, partitions, lambda p: struct.pack(">i", p)))
    reader = _Reader(connection.receive())
    offsets = {}
    for _ in range(reader.number("i")):
        reader.text()
        for _ in range(reader.number("i")):
            partition, offset = reader.number("i"), reader.number("q")
            reader.text()
            error = reader.number("h")
            offsets[partition] = offset if error == 0 else f"error {error}"
    return offsets


def ends(connection, topic, partitions):
    """{partition: the offset of the next record}."""
    latest = -1
    connection.send(LIST_OFFSETS, 1, struct.pack(">i", -1) +
                    _partitions(topic, partitions, lambda p: struct.pack(">iq", p, latest)))
    reader = _Reader(connection.receive())
    offsets = {}
    for _ in range(reader.number("i")):
        reader.text()
        for _ in range(reader.number("i")):
            partition, error, _timestamp, offset = (reader.number(kind) for kind in "ihqq")
            offsets[partition] = offset if error == 0 else f"error {error}"
    return offsets


def described(connection, group):
    """The group as DescribeGroups shows it, without what differs from run to run."""
    connection.send(DESCRIBE_GROUPS, 0, struct.pack(">i", 1) + wire.string(group))
    reader = _Reader(connection.receive())
    reader.number("i")
    error, name, state, protocol_type, protocol = (reader.number("h"), *(reader.text() for _ in range(4)))
    members = []
    for _ in range(reader.number("i")):
        member_id, client_id, host = (reader.text() for _ in range(3))
        metadata, assignment = reader.data("i"), reader.data("i")
        members.append({"client": client_id, "host": host, "id begins with": member_id[:-len("-") - 36],
                        "has metadata": bool(metadata), "has an assignment": bool(assignment)})
    return {"error": error, "is the group": name == group, "state": state, "protocol type": protocol_type,
            "protocol": protocol, "members": sorted(members, key=lambda member: member["client"])}
