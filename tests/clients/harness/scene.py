"""Requests about a group by a few clients with names, and what a broker answers, told so that two brokers can be compared."""

import re
import struct
import time

from support_py import wire

APIS = ("FindCoordinator", "JoinGroup", "SyncGroup", "Heartbeat", "LeaveGroup", "OffsetCommit", "OffsetFetch",
        "OffsetDelete", "DescribeGroups", "ListGroups", "DeleteGroups")
MEMBER_ID_REQUIRED = 79
_MADE_ID = re.compile(r"(\S*)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
# Lists that a hash table has put into an order.
_UNORDERED = {"Members", "Groups", "Topics", "Partitions", "Results"}
PATIENCE = 5


def until_true(what, condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"it did not come to this: {what}")
        time.sleep(0.002)


def subscription(*topics):
    """What a consumer says of itself, in the oldest version. Source: Kafka's ConsumerProtocolSubscription."""
    names = b"".join(struct.pack(">h", len(topic)) + topic.encode() for topic in topics)
    return struct.pack(">hi", 0, len(topics)) + names + struct.pack(">i", -1)


class Client:
    """A connection of its own with the client id `name`. At most one request waits for its answer. Thread: one."""

    def __init__(self, scene, name):
        self.name = name
        self._scene = scene
        self._connection = wire.Connection(scene.broker.address, PATIENCE, client=name)
        self._waits_for = None

    def close(self):
        self._connection.close()

    def send(self, api, **fields):
        """`version` among the fields is for this request; else it is that of the scene."""
        definitions = self._scene.definitions
        version = fields.pop("version", None)
        if version is None:
            version = self._scene.version(api)
        self._waits_for = api, version
        self._connection.send_as_client(definitions.key(api), version, definitions.request(api, version, fields),
                                        definitions.flexible(api, version))

    def answer(self):
        """What is answered to the last request, or None: the broker hung up, and the next request has a new connection."""
        api, version = self._waits_for
        try:
            data = self._connection.receive(self._scene.definitions.flexible(api, version))
        except ConnectionError:
            self._connection.close()
            self._connection = wire.Connection(self._scene.broker.address, PATIENCE, client=self.name)
            return None
        return self._scene.definitions.response(api, version, data)

    def ask(self, what, api, **fields):
        """Sends, and takes the answer down under the name `what`."""
        self.send(api, **fields)
        return self.hear(what)

    def hear(self, what):
        return self._scene.take_down(what, self.answer())


class Scene:
    """One sequence of requests, told with version n of each API, or the first or last it has. Use as a context manager.
    Thread: one."""

    def __init__(self, broker, definitions, nth, topics):
        self.broker, self.definitions, self.nth = broker, definitions, nth
        self.topics = topics  # {name: id}, the ids as bytes.
        self.seen = {}
        self._ids = {}
        self._counts = {}
        self._clients = []
        self._watcher = self.client("watcher")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self._clients:
            client.close()

    def version(self, api):
        first, last = self.definitions.versions(api)
        return min(max(first, self.nth), last)

    def client(self, name):
        client = Client(self, name)
        self._clients.append(client)
        return client

    def take_down(self, what, answer):
        if what in self.seen:
            raise ValueError(f"two steps are called {what}")
        self.seen[what] = "hung up" if answer is None else self._told(answer)
        return answer

    def until(self, group, *states, members=None):
        """Waits until the group is in one of these states, and has so many members."""

        def is_so():
            described = self._described(group)
            return described["GroupState"] in states and members in (None, len(described["Members"]))

        until_true(f"{group} is in {states} with {members} members", is_so)

    def member_id(self, group, name):
        """Of the member whose client has this name."""
        (found,) = (each["MemberId"] for each in self._described(group)["Members"] if each["ClientId"] == name)
        return found

    def _described(self, group):
        self._watcher.send("DescribeGroups", version=0, Groups=[group])
        return self._watcher.answer()["Groups"][0]

    def by_topic(self, api, partitions):
        """Of [(topic, what is wanted of it)] the list of topics of a request: by name, or by id where the version has
        ids. A topic may be given as bytes: an id."""
        named = self.version(api) < 10
        return [{"Name" if named else "TopicId": self._topic(topic, named), **wanted} for topic, wanted in partitions]

    def _topic(self, topic, named):
        if isinstance(topic, bytes):
            return "no-such-" + topic.hex() if named else topic
        return topic if named else self.topics.get(topic, b"\7" * 16)

    def _told(self, value):
        """Without what differs from broker to broker or from run to run."""
        if isinstance(value, dict):
            return {key: self._address(key, each) if key in ("Port", "Host") else self._in_order(key, self._told(each))
                    for key, each in value.items()}
        if isinstance(value, list):
            return [self._told(each) for each in value]
        if isinstance(value, str):
            for name, topic_id in self.topics.items():
                if value == topic_id.hex():
                    return f"the id of {name}"
            return _MADE_ID.sub(self._name_of_id, value)
        return value

    def _address(self, key, value):
        host, port = self.broker.address
        return "the broker's" if value == (port if key == "Port" else host) else value

    @staticmethod
    def _in_order(key, value):
        """Lists of structures by their places, so that each field is compared by itself."""
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            return value
        in_order = sorted(value, key=repr) if key in _UNORDERED else value
        return {str(place): each for place, each in enumerate(in_order)} or value

    def _name_of_id(self, found):
        if found[0] not in self._ids:
            self._counts[found[1]] = self._counts.get(found[1], 0) + 1
            self._ids[found[0]] = f"{found[1]} number {self._counts[found[1]]}"
        return self._ids[found[0]]


class Member:
    """A client that is to be in a group; remembers its member id and generation."""

    def __init__(self, scene, group, name, instance=None, kind="test", protocols=(("a", b"metadata"),)):
        self.client = scene.client(name)
        self.name, self.group, self.id, self.generation = name, group, "", -1
        self.kind, self.protocols, self.chosen = kind, list(protocols), None
        self.instance = instance if scene.version("JoinGroup") >= 5 else None
        self._scene = scene

    def who(self, api):
        """How it calls itself in a request."""
        return {"GroupId": self.group, "MemberId": self.id,
                **({"GroupInstanceId": self.instance} if api != "JoinGroup" or self.instance else {})}

    def send_join(self, **changes):
        fields = {**self.who("JoinGroup"), "SessionTimeoutMs": 60_000, "RebalanceTimeoutMs": 60_000, "ProtocolType": self.kind,
                  "Protocols": [{"Name": name, "Metadata": data} for name, data in self.protocols], **changes}
        self.client.send("JoinGroup", **fields)

    def joined(self, what):
        return self._learn(self.client.hear(what))

    def _learn(self, answer):
        if answer and answer["MemberId"] and answer["ErrorCode"] in (0, MEMBER_ID_REQUIRED):
            self.id = answer["MemberId"]
        if answer and answer["ErrorCode"] == 0:
            self.generation, self.chosen = answer["GenerationId"], answer["ProtocolName"]
        return answer

    def joined_silently(self):
        """Whether it is in the group now; nothing is taken down."""
        return self._learn(self.client.answer())["ErrorCode"] == 0

    def join(self, what, **changes):
        self.send_join(**changes)
        return self.joined(what)

    def get_id(self):
        """Where the version wants that; the next join is for good."""
        if self._scene.version("JoinGroup") >= 4 and not self.instance and not self.id:
            self.send_join()
            self._learn(self.client.answer())

    def send_sync(self, assignments=(), **changes):
        fields = {**self.who("SyncGroup"), "GenerationId": self.generation, "ProtocolType": self.kind,
                  "ProtocolName": self.chosen, "Assignments": [{"MemberId": member if isinstance(member, str) else member.id, "Assignment": share}
                                  for member, share in assignments], **changes}
        self.client.send("SyncGroup", **fields)

    def sync(self, what, assignments=(), **changes):
        self.send_sync(assignments, **changes)
        return self.client.hear(what)

    def hear(self, what):
        """The answer to what was sent."""
        return self.client.hear(what)

    def heartbeat(self, what, **changes):
        return self.client.ask(what, "Heartbeat", **{**self.who("Heartbeat"), "GenerationId": self.generation, **changes})

    def commit(self, what, offset=5, topic="wire", partition=0, **changes):
        wanted = {"Partitions": [{"PartitionIndex": partition, "CommittedOffset": offset, "CommittedMetadata": "m"}]}
        fields = {**self.who("OffsetCommit"), "GenerationIdOrMemberEpoch": self.generation,
                  "Topics": self._scene.by_topic("OffsetCommit", [(topic, wanted)]), **changes}
        return self.client.ask(what, "OffsetCommit", **fields)

    def leave(self, what, **changes):
        if self._scene.version("LeaveGroup") < 3:
            return self.client.ask(what, "LeaveGroup", **{"GroupId": self.group, "MemberId": self.id, **changes})
        member = {"MemberId": self.id, "GroupInstanceId": self.instance, **changes}
        return self.client.ask(what, "LeaveGroup", GroupId=member.pop("GroupId", self.group), Members=[member])

    def describe(self, what):
        return self.client.ask(what, "DescribeGroups", Groups=[self.group])

    def settle(self, share=b"all"):
        """The only member joins and gets its share; nothing is taken down."""
        self.get_id()
        self.send_join()
        self._learn(self.client.answer())
        self.send_sync([(self, share)])
        self.client.answer()
