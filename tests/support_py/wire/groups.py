"""Requests about groups and what their answers say, in versions from before the flexible ones. Source: Kafka's message
definitions."""

import struct

from .forms import Reader, data, request, string
from .requests import of_partitions

OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR, JOIN_GROUP, HEARTBEAT, LEAVE_GROUP, SYNC_GROUP, DESCRIBE_GROUPS = range(8, 16)
COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE = 14, 15
INCONSISTENT_GROUP_PROTOCOL, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS, MEMBER_ID_REQUIRED = 23, 25, 27, 79


def find_coordinator(group):
    return request(FIND_COORDINATOR, 0, string(group))


def join(group, member_id="", session_ms=30_000, rebalance_ms=30_000, metadata=b"metadata", version=4, protocols=("a",)):
    """v4: who has no id yet is given one first. `metadata` goes with each of the protocols."""
    body = string(group) + struct.pack(">ii", session_ms, rebalance_ms) + string(member_id) + string("test")
    return request(JOIN_GROUP, version, body + struct.pack(">i", len(protocols)) + b"".join(
        string(each) + data(metadata) for each in protocols))


def joined(answer):
    """(error code, generation, member id) of an answer to join()."""
    reader = Reader(answer)
    reader.skip(4)
    error, generation = reader.numbers("hi")
    _protocol, _leader, member_id = (reader.text() for _ in range(3))
    return error, generation, member_id


def sync(group, generation, member_id, assignments=()):
    body = string(group) + struct.pack(">i", generation) + string(member_id) + struct.pack(">i", len(assignments))
    return request(SYNC_GROUP, 0, body + b"".join(string(each) + data(share) for each, share in assignments))


def synced(answer):
    """(error code, share)."""
    error, size = struct.unpack_from(">hi", answer)
    return error, answer[6:6 + size]


def heartbeat(group, generation, member_id):
    return request(HEARTBEAT, 0, string(group) + struct.pack(">i", generation) + string(member_id))


def leave(group, member_id):
    return request(LEAVE_GROUP, 0, string(group) + string(member_id))


def commit(group, generation, member_id, topic, offset):
    return commit_many(group, generation, member_id, (topic,), offset)


def commit_many(group, generation, member_id, topics, offset):
    """The same offset for partition 0 of each of the topics."""
    body = string(group) + struct.pack(">i", generation) + string(member_id) + struct.pack(">qi", -1, len(topics))
    one = struct.pack(">iiq", 1, 0, offset) + string("")
    return request(OFFSET_COMMIT, 2, body + b"".join(string(topic) + one for topic in topics))


def fetch_offsets(group, topic, partitions=(0,)):
    return request(OFFSET_FETCH, 1, string(group) + of_partitions(topic, partitions, lambda p: struct.pack(">i", p)))


def fetched_offsets(answer):
    """{partition: (error code, offset)}, -1 where nothing is committed."""
    reader = Reader(answer)
    offsets = {}
    for _ in range(reader.number("i")):
        reader.text()
        for _ in range(reader.number("i")):
            partition, offset = reader.numbers("iq")
            reader.text()
            offsets[partition] = (reader.number("h"), offset)
    return offsets


def committed(answer):
    """{partition: offset, -1 where nothing is committed, or `error N`}."""
    return {partition: offset if code == 0 else f"error {code}" for partition, (code, offset) in fetched_offsets(answer).items()}


def fetched_offset(answer):
    """(error code, offset) of partition 0."""
    return fetched_offsets(answer)[0]


def describe(group):
    return request(DESCRIBE_GROUPS, 0, struct.pack(">i", 1) + string(group))


def described(answer):
    """The group, without what differs from run to run."""
    reader = Reader(answer)
    reader.number("i")
    error, name, state, protocol_type, protocol = (reader.number("h"), *(reader.text() for _ in range(4)))
    members = []
    for _ in range(reader.number("i")):
        member_id, client_id, host = (reader.text() for _ in range(3))
        metadata, assignment = reader.data(), reader.data()
        members.append({"client": client_id, "host": host, "id begins with": member_id[:-len("-") - 36],
                        "has metadata": bool(metadata), "has an assignment": bool(assignment)})
    return {"error": error, "group": name, "state": state, "protocol type": protocol_type, "protocol": protocol,
            "members": sorted(members, key=lambda member: member["client"])}


def error(answer):
    """Of an answer that begins with it."""
    return struct.unpack_from(">h", answer)[0]


def last_error(answer):
    """Of an answer that ends with it."""
    return struct.unpack(">h", answer[-2:])[0]


class Member:
    """A member of a group, on a connection of its own. Thread: one at a time."""

    def __init__(self, client, group, **timeouts):
        self.client, self.group = client, group
        self.member_id, self.generation = "", -1
        self._timeouts = timeouts

    def send_join(self):
        """The answer may be late; joined() takes it."""
        if not self.member_id:
            _, _, self.member_id = joined(self.client.ask(join(self.group, **self._timeouts)))
        self.client.send(join(self.group, self.member_id, **self._timeouts))

    def joined(self):
        """The error code."""
        problem, self.generation, self.member_id = joined(self.client.receive())
        return problem

    def join(self):
        self.send_join()
        return self.joined()

    def send_sync(self, *assignments):
        """The answer comes when the leader has handed in the assignment; synced() takes it."""
        self.client.send(sync(self.group, self.generation, self.member_id, assignments))

    def synced(self):
        """(error code, share)."""
        return synced(self.client.receive())

    def sync(self, *assignments):
        """(error code, share). `assignments` are (member id, share)."""
        self.send_sync(*assignments)
        return self.synced()

    def leave(self):
        return error(self.client.ask(leave(self.group, self.member_id)))

    def heartbeat(self):
        return error(self.client.ask(heartbeat(self.group, self.generation, self.member_id)))

    def commit(self, topic, offset):
        return last_error(self.client.ask(commit(self.group, self.generation, self.member_id, topic, offset)))

    def committed(self, topic):
        """(error code, offset) of partition 0."""
        return fetched_offset(self.client.ask(fetch_offsets(self.group, topic)))

    def described(self):
        """(state, number of members)."""
        group = described(self.client.ask(describe(self.group)))
        return group["state"], len(group["members"])
