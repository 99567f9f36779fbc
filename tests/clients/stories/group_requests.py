"""The same requests about groups to both brokers, good and bad, in every version that both serve: all fields of all answers
are compared.

Each scene is told several times, with version n of each API, or the first or last one that it has.
"""

import base64
import struct

from harness import brokers, messages, scene, toolchains
from stories import group_requests_admin, group_requests_members, group_requests_offsets, group_requests_static
from support_py import wire

TOPICS = {"wire": 3, "wire-too": 1}
SETTINGS = {"group.initial.rebalance.delay.ms": 0, "offsets.topic.num.partitions": 1}
SCENES = {scene: versions for stories in (group_requests_members, group_requests_static, group_requests_offsets,
                                         group_requests_admin) for scene, versions in stories.SCENES.items()}


class GroupRequests:
    name = "group-requests"
    brokers = ("stele", "kafka")

    def prepare(self, tools):
        if not tools.home:
            raise toolchains.Missing(tools.no_home)
        definitions = messages.Definitions(tools.home.clients_jar, scene.APIS)

        def run(broker, witness):
            own = broker.another(self.name, settings=SETTINGS)
            try:
                own.start()
                _tell(own, definitions, witness)
            except brokers.Failed as failed:
                witness.check("goes through to the end", False, failed)
            finally:
                if own.is_running():
                    own.kill()

        return run


def _tell(broker, definitions, witness):
    ids = _make_topics(broker)
    _wait_for_coordinator(broker, definitions)
    asked = 0
    for tell, versions in SCENES.items():
        for nth in versions:
            with scene.Scene(broker, definitions, nth, ids) as one:
                try:
                    tell(one, f"{tell.__name__}-{nth}")
                except (OSError, ValueError) as problem:
                    one.seen["goes through"] = f"{type(problem).__name__}: {problem}"
                witness.check(f"{tell.__name__} with versions {nth} goes through", "goes through" not in one.seen,
                              one.seen.get("goes through"))
                asked += len(one.seen)
            witness.saw(f"{tell.__name__} with versions {nth}", one.seen)
    witness.note(f"{asked} answers")
    if broker.name == "stele":
        _check_old_versions(broker, definitions, witness)


def _make_topics(broker):
    """{topic: id} once the broker has them: it may answer that they are made before that."""
    with wire.Connection(broker.address) as connection:
        for topic, partitions in TOPICS.items():
            connection.must_create_topic(topic, {}, partitions)
        scene.until_true("the topics are there", lambda: set(TOPICS) <= set(connection.topic_ids()))
        ids = connection.topic_ids()
    return {topic: base64.urlsafe_b64decode(ids[topic] + "==") for topic in TOPICS}


def _wait_for_coordinator(broker, definitions):
    """Apache Kafka makes its topic for groups when somebody asks first, and does not wait for it."""
    with scene.Scene(broker, definitions, 0, {}) as one:
        client = one.client("first")

        def is_there():
            client.send("FindCoordinator", Key="any")
            if client.answer()["ErrorCode"]:
                return False
            client.send("OffsetCommit", GroupId="first", Topics=[{"Name": next(iter(TOPICS)), "Partitions": [{"PartitionIndex": 0}]}])
            return client.answer()["Topics"][0]["Partitions"][0]["ErrorCode"] == 0

        scene.until_true("there is a coordinator", is_there)


def _check_old_versions(broker, definitions, witness):
    """What Kafka 4 does not serve any more: v1 has a time for each offset."""
    group, ids = "old-versions", {}
    with scene.Scene(broker, definitions, 0, ids) as one, wire.Connection(broker.address) as connection:
        client = one.client("old")

        def committed(version, partition):
            wanted = [{"Name": "wire", "PartitionIndexes": [partition]}, {"Name": "absent", "PartitionIndexes": [0]}]
            client.send("OffsetFetch", version=version, GroupId=group, Topics=wanted)
            return {topic["Name"]: [(each["CommittedOffset"], each["Metadata"], each["ErrorCode"]) for each in topic["Partitions"]]
                    for topic in client.answer()["Topics"]}

        nothing = {"wire": [(-1, "", 0)], "absent": [(-1, "", 0)]}
        witness.check("OffsetFetch v0: nothing committed", committed(0, 0) == nothing, committed(0, 0))
        client.send("OffsetCommit", version=0, GroupId=group, Topics=[
            {"Name": "wire", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 41, "CommittedMetadata": "zero"}]},
            {"Name": "absent", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 1}]}])
        answered = {topic["Name"]: topic["Partitions"] for topic in client.answer()["Topics"]}
        witness.check("OffsetCommit v0", answered == {"wire": [{"PartitionIndex": 0, "ErrorCode": 0}],
                                                     "absent": [{"PartitionIndex": 0, "ErrorCode": 3}]}, answered)
        body = wire.string(group) + struct.pack(">i", -1) + wire.string("") + struct.pack(">i", 1) + wire.string("wire")
        body += struct.pack(">iiqq", 1, 1, 42, 1_700_000_000_000) + wire.string("one")
        connection.send_as_client(definitions.key("OffsetCommit"), 1, body)
        answer = connection.receive()
        witness.check("OffsetCommit v1", answer == struct.pack(">i", 1) + wire.string("wire") + struct.pack(">iih", 1, 1, 0), answer)
        for version in (0, 1, 2):
            for partition, offset, metadata in ((0, 41, "zero"), (1, 42, "one")):
                found = committed(version, partition)
                witness.check(f"OffsetFetch v{version}: what v{partition} has committed",
                              found == {**nothing, "wire": [(offset, metadata, 0)]}, found)
