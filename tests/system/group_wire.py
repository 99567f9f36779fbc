"""Requests about groups for the system tests, by hand as in wire.py, in versions from before the flexible ones. Source:
Kafka's message definitions."""

import struct

import wire

OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR, JOIN_GROUP, HEARTBEAT, LEAVE_GROUP, SYNC_GROUP, DESCRIBE_GROUPS = range(8, 16)
COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE = 14, 15
INCONSISTENT_GROUP_PROTOCOL, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS, MEMBER_ID_REQUIRED = 23, 25, 27, 79


def find_coordinator(group):
    return wire.request(FIND_COORDINATOR, 0, wire.string(group))


def join(group, member_id="", session_ms=30_000, rebalance_ms=30_000, metadata=b"metadata", version=4, protocols=("a",)):
    """v4: who has no id yet is given one first. `metadata` goes with each of the protocols."""
    body = wire.string(group) + struct.pack(">ii", session_ms, rebalance_ms) + wire.string(member_id) + wire.string("test")
    return wire.request(JOIN_GROUP, version, body + struct.pack(">i", len(protocols)) + b"".join(
        wire.string(each) + _data(metadata) for each in protocols))


def joined(answer):
    """(error code, generation, member id) of an answer to join()."""
    error, generation = struct.unpack_from(">hi", answer, 4)
    _protocol, at = _text(answer, 10)
    _leader, at = _text(answer, at)
    member_id, _ = _text(answer, at)
    return error, generation, member_id


def sync(group, generation, member_id, assignments=()):
    body = wire.string(group) + struct.pack(">i", generation) + wire.string(member_id) + struct.pack(">i", len(assignments))
    return wire.request(SYNC_GROUP, 0, body + b"".join(wire.string(each) + _data(share) for each, share in assignments))


def synced(answer):
    """(error code, share)."""
    error, size = struct.unpack_from(">hi", answer)
    return error, answer[6:6 + size]


def heartbeat(group, generation, member_id):
    return wire.request(HEARTBEAT, 0, wire.string(group) + struct.pack(">i", generation) + wire.string(member_id))


def leave(group, member_id):
    return wire.request(LEAVE_GROUP, 0, wire.string(group) + wire.string(member_id))


def commit(group, generation, member_id, topic, offset):
    return commit_many(group, generation, member_id, (topic,), offset)


def commit_many(group, generation, member_id, topics, offset):
    """The same offset for partition 0 of each of the topics."""
    body = wire.string(group) + struct.pack(">i", generation) + wire.string(member_id) + struct.pack(">qi", -1, len(topics))
    one = struct.pack(">iiq", 1, 0, offset) + wire.string("")
    return wire.request(OFFSET_COMMIT, 2, body + b"".join(wire.string(topic) + one for topic in topics))


def fetch_offset(group, topic):
    body = wire.string(group) + struct.pack(">i", 1) + wire.string(topic) + struct.pack(">ii", 1, 0)
    return wire.request(OFFSET_FETCH, 1, body)


def fetched_offset(answer, topic):
    """(error code, offset)."""
    at = 4 + 2 + len(topic) + 4 + 4
    (offset,) = struct.unpack_from(">q", answer, at)
    _metadata, at = _text(answer, at + 8)
    return struct.unpack_from(">h", answer, at)[0], offset


def describe(group):
    return wire.request(DESCRIBE_GROUPS, 0, struct.pack(">i", 1) + wire.string(group))


def described(answer):
    """(state, number of members)."""
    _group, at = _text(answer, 4 + 2)
    state, at = _text(answer, at)
    _type, at = _text(answer, at)
    _protocol, at = _text(answer, at)
    return state, struct.unpack_from(">i", answer, at)[0]


def error(answer):
    """Of an answer that begins with it."""
    return struct.unpack_from(">h", answer)[0]


def last_error(answer):
    """Of an answer that ends with it."""
    return struct.unpack(">h", answer[-2:])[0]


def _data(data):
    return struct.pack(">i", len(data)) + data


def _text(answer, at):
    (length,) = struct.unpack_from(">h", answer, at)
    return answer[at + 2:at + 2 + max(length, 0)].decode(), at + 2 + max(length, 0)


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
        return fetched_offset(self.client.ask(fetch_offset(self.group, topic)), topic)

    def described(self):
        return described(self.client.ask(describe(self.group)))
