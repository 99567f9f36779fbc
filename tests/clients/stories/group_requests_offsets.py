"""Scenes of group_requests.py: offsets are committed, fetched and removed. `s` is the Scene, `group` a name that is used
once."""

from harness.scene import Member, subscription

ABSENT = bytes([7]) * 16  # A topic that is not there; where a version has names, a name made of this.
ZERO = bytes(16)


def _commit(s, client, what, group, *topics, **fields):
    """Each topic is (name, its partitions); a partition a dictionary, or a number: that partition, any offset."""
    named = [(topic, {"Partitions": [each if isinstance(each, dict) else {"PartitionIndex": each, "CommittedOffset": 10 + each,
                                                                          "CommittedMetadata": "kept"} for each in partitions]})
             for topic, partitions in topics]
    client.ask(what, "OffsetCommit", **{"GroupId": group, "Topics": s.by_topic("OffsetCommit", named), **fields})


def _fetch(s, client, what, group, topics, **fields):
    """`topics` is a list of (name, partitions), or None."""
    topics = topics and s.by_topic("OffsetFetch", [(topic, {"PartitionIndexes": partitions}) for topic, partitions in topics])
    if s.version("OffsetFetch") < 8:
        client.ask(what, "OffsetFetch", **{"GroupId": group, "Topics": topics, **fields})
    else:
        stable = {"RequireStable": fields.pop("RequireStable")} if "RequireStable" in fields else {}
        client.ask(what, "OffsetFetch", Groups=[{"GroupId": group, "Topics": topics, **fields}], **stable)


def _all(s, client, what, group, **fields):
    """All there is; where a version cannot say that, of the topics that there are."""
    topics = [("wire", [0, 1, 2]), ("wire-too", [0])] if s.version("OffsetFetch") < 2 else None
    _fetch(s, client, what, group, topics, **fields)


def simple_consumer(s, group):
    """Who manages its partitions by itself."""
    client = s.client("simple")
    _all(s, client, "of an unknown group", group)
    _fetch(s, client, "of topics that nobody has", group, [(ABSENT, [0, -1]), (ZERO, [0]), ("wire", [0, 1, 7, -1]), ("wire", [])])
    _commit(s, client, "commits", group, ("wire", [0, 1]), ("wire-too", [0]))
    _all(s, client, "all of it", group)
    _all(s, client, "all that is stable", group, RequireStable=True)
    _fetch(s, client, "a part of it", group, [("wire", [1, 2, 0, 1, 3]), (ABSENT, [0]), ("wire", [0])])
    _fetch(s, client, "nothing of it", group, [])
    client.ask("described", "DescribeGroups", Groups=[group])
    _commit(s, client, "nothing", group)
    _commit(s, client, "no partition", group, ("wire", []))
    client.ask("no list of topics", "OffsetCommit", GroupId=group, Topics=None)
    _commit(s, client, "no group id", None, ("wire", [0]))
    client.ask("no group id to fetch", "OffsetFetch", GroupId=None, Groups=[{"GroupId": None}])
    _commit(s, client, "what does not exist", group, (ABSENT, [0]), ("wire", [0, 3, -1, 2**31 - 1]), (ZERO, [0, 1]),
            ("", [0]), ("wire-too", [1]))
    _commit(s, client, "the same twice", group, ("wire", [{"PartitionIndex": 0, "CommittedOffset": offset} for offset in (1, 2)]),
            ("wire", [1]))
    _all(s, client, "after all that", group)


def simple_consumer_values(s, group):
    client = s.client("simple")
    numbers = (-(2**63), -2, -1, 0, 2**63 - 1)
    for number in numbers:
        _commit(s, client, f"offset {number}", group, ("wire", [{"PartitionIndex": 0, "CommittedOffset": number,
                                                              "CommittedMetadata": None}]))
        _all(s, client, f"what became of offset {number}", group)
    for epoch in (-(2**31), -2, -1, 0, 2**31 - 1):
        _commit(s, client, f"leader epoch {epoch}", group, ("wire", [{"PartitionIndex": 1, "CommittedOffset": 5,
                                                                    "CommittedLeaderEpoch": epoch, "CommittedMetadata": "e"}]))
        _fetch(s, client, f"what became of leader epoch {epoch}", group, [("wire", [1])])
    sizes = {"nothing": None, "0": "", "4096": "m" * 4096, "4097": "m" * 4097, "30000": "m" * 30_000,
             "4095 in 4095 letters": "m" * 4095, "4096 letters in 8192": "ü" * 4096, "2049 letters in 4098": "ü" * 2049}
    for size, metadata in sizes.items():
        partitions = [{"PartitionIndex": 0, "CommittedOffset": 6, "CommittedMetadata": metadata},
                      {"PartitionIndex": 2, "CommittedOffset": 7, "CommittedMetadata": size}]
        _commit(s, client, f"metadata of {size} bytes", group, ("wire", partitions))
        _fetch(s, client, f"what became of metadata of {size} bytes", group, [("wire", [0, 2])])
    if 2 <= s.version("OffsetCommit") <= 4:
        for time in (-2, -1, 0, 1, 2**63 - 1):
            _commit(s, client, f"retention {time}", group, ("wire", [0]), RetentionTimeMs=time)
            _fetch(s, client, f"what became of retention {time}", group, [("wire", [0])])


def simple_consumer_names(s, group):
    """Who it says it is, before and after the group is there."""
    client = s.client("simple")
    for when in ("before", "after"):
        for what, fields in {"a member id": {"MemberId": "somebody"}, "generation 0": {"GenerationIdOrMemberEpoch": 0},
                             "generation 1 and a member id": {"GenerationIdOrMemberEpoch": 1, "MemberId": "somebody"},
                             "generation -2": {"GenerationIdOrMemberEpoch": -2},
                             "an instance": {"GroupInstanceId": "instance"},
                             "an instance and a member": {"GroupInstanceId": "instance", "MemberId": "somebody"}}.items():
            _commit(s, client, f"{what} {when}", f"{group}-{what}", ("wire", [0]), (ABSENT, [0]), **fields)
            _all(s, client, f"what became of {what} {when}", f"{group}-{what}")
            if when == "before":
                _commit(s, client, f"{what}, and the group is made", f"{group}-{what}", ("wire-too", [0]))
    _commit(s, client, "an empty group id", "", ("wire", [0]))
    _all(s, client, "of the empty group id", "")
    client.ask("the empty group is removed", "DeleteGroups", GroupsNames=[""])
    _all(s, client, "of the empty group id when it is removed", "")


def commits_of_a_member(s, group):
    member = Member(s, group, "A")
    member.settle()
    _commit(s, member.client, "a simple consumer in a group at work", group, ("wire", [0]), (ABSENT, [0]))
    _commit(s, member.client, "the member", group, ("wire", [0]), (ABSENT, [0]), MemberId=member.id, GenerationIdOrMemberEpoch=1)
    _commit(s, member.client, "too much metadata from somebody unknown", group, ("wire", [
        {"PartitionIndex": 0, "CommittedOffset": 6, "CommittedMetadata": "m" * 5000}]), MemberId="nobody",
            GenerationIdOrMemberEpoch=1)
    _commit(s, member.client, "a member of no generation", group, ("wire", [0]), MemberId=member.id)
    _commit(s, member.client, "a member with an instance", group, ("wire", [0]), MemberId=member.id, GroupInstanceId="nobody",
            GenerationIdOrMemberEpoch=1)
    _all(s, member.client, "what is committed", group)
    for what, fields in {"of itself": {"MemberId": member.id, "MemberEpoch": 1}, "of the past": {"MemberId": member.id, "MemberEpoch": 0},
                         "of nobody": {"MemberId": "nobody", "MemberEpoch": 1}, "of no epoch": {"MemberId": "nobody"},
                         "of an epoch without a name": {"MemberId": None, "MemberEpoch": 5},
                         "of an empty name": {"MemberId": "", "MemberEpoch": 0}}.items():
        if s.version("OffsetFetch") >= 9:
            _all(s, member.client, f"asked {what}", group, **fields)
            _all(s, member.client, f"asked {what} for an unknown group", group + "-not", **fields)
    member.leave("leaves")
    member.commit("commits after it has left")
    _commit(s, member.client, "a simple consumer in a group that was left", group, ("wire", [1]))
    _commit(s, member.client, "generation 2 in a group that was left", group, ("wire", [1]), GenerationIdOrMemberEpoch=2)
    _all(s, member.client, "what is committed in the end", group)
    member.describe("described in the end")


def several_groups(s, group):
    client = s.client("reader")
    for name in ("one", "two"):
        _commit(s, client, f"{name} commits", f"{group}-{name}", ("wire", [0, 1]))
    some = s.by_topic("OffsetFetch", [("wire", {"PartitionIndexes": [1, 2]}), (ABSENT, {"PartitionIndexes": [0]})])
    groups = {"all": [{"GroupId": f"{group}-one", "Topics": None}, {"GroupId": f"{group}-two", "Topics": None}],
              "some": [{"GroupId": f"{group}-one", "Topics": some}, {"GroupId": f"{group}-two", "Topics": []}],
              "unknown ones": [{"GroupId": f"{group}-not", "Topics": None}, {"GroupId": f"{group}-two", "Topics": None},
                               {"GroupId": "", "Topics": some}, {"GroupId": f"{group}-not", "Topics": some}],
              "one twice": [{"GroupId": f"{group}-one", "Topics": None}, {"GroupId": f"{group}-one", "Topics": some}],
              "none": []}
    for what, wanted in groups.items():
        client.ask(what, "OffsetFetch", Groups=wanted)
        client.ask(f"{what}, stable", "OffsetFetch", Groups=wanted, RequireStable=True)
    client.ask("no list", "OffsetFetch", Groups=None)


def offsets_removed(s, group):
    client = s.client("cleaner")

    def remove(what, *topics, group=group):
        client.ask(what, "OffsetDelete", GroupId=group, Topics=[
            {"Name": topic, "Partitions": [{"PartitionIndex": each} for each in partitions]} for topic, partitions in topics])

    everything = (("wire", [0, 1, 2, 3, -1]), ("wire-too", [0]), ("absent", [0, 1]), ("", [0]))
    remove("of an unknown group", *everything)
    remove("of an empty group id", *everything, group="")
    remove("nothing of an unknown group")
    remove("what does not exist of an unknown group", ("absent", [0]), ("wire", [7]))
    _commit(s, client, "a simple consumer commits", group, ("wire", [0, 1, 2]), ("wire-too", [0]))
    remove("nothing")
    remove("no partitions", ("wire", []), ("absent", []))
    remove("one of a simple consumer's", ("wire", [1]))
    _all(s, client, "what is left of a simple consumer's", group)
    remove("what does not exist", ("absent", [0]), ("wire", [7]))
    remove("some twice", ("wire", [0, 0]), ("wire-too", [0]), ("wire", [1]))
    remove("all of a simple consumer's", *everything)
    _all(s, client, "nothing is left of a simple consumer's", group)
    for what in ("consumer", "test"):
        member = Member(s, f"{group}-{what}", "A", kind=what, protocols=[("range", subscription("wire"))])
        member.get_id()
        member.join(f"{what}: joins")
        remove(f"{what}: before the sync", *everything, group=member.group)
        member.sync(f"{what}: gets its share", [(member, b"share")])
        member.commit(f"{what}: commits")
        member.commit(f"{what}: commits for a topic that it did not subscribe", topic="wire-too")
        remove(f"{what}: all when stable", *everything, group=member.group)
        _all(s, client, f"{what}: what is left", member.group)
        member.leave(f"{what}: leaves")
        remove(f"{what}: all when it has left", *everything, group=member.group)
        _all(s, client, f"{what}: what is left in the end", member.group)
        member.describe(f"{what}: described in the end")


# Nothing of these is older than OffsetFetch v1; OffsetDelete has one version.
SCENES = {simple_consumer: range(1, 11), simple_consumer_values: range(1, 11), simple_consumer_names: range(1, 11),
          commits_of_a_member: range(1, 11), several_groups: range(8, 11), offsets_removed: (2,)}
