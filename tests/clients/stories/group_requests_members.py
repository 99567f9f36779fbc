"""Scenes of group_requests.py: members come, share, and go. `s` is the Scene, `group` a name that is used once."""

from harness.scene import Member


def refused_joins(s, group):
    member = Member(s, group, "A")
    member.join("an empty group id", GroupId="")
    member.join("no group id", GroupId=None)
    for timeout in (-(2**31), -1, 0, 5_999, 1_800_001, 2**31 - 1):
        member.join(f"a session time-out of {timeout}", SessionTimeoutMs=timeout)
    member.join("an unknown member of an unknown group", MemberId="nobody")
    member.join("an empty protocol type", ProtocolType="")
    member.join("no protocol type", ProtocolType=None)
    member.join("an empty list of protocols", Protocols=[])
    member.join("no list of protocols", Protocols=None)
    member.join("no member id", MemberId=None)
    member.join("a protocol without metadata", Protocols=[{"Name": "a", "Metadata": None}])
    member.describe("after all that")


def joins_at_the_limits(s, group):
    for timeout in (6_000, 1_800_000):
        member = Member(s, f"{group}-{timeout}", "A", protocols=[("a", b""), ("b", b"of b")])
        member.join(f"a session time-out of {timeout}", SessionTimeoutMs=timeout)
        if member.generation < 0:
            member.join(f"and with its id, {timeout}", SessionTimeoutMs=timeout)
        member.sync(f"its share, {timeout}", [(member, b"")])
        member.describe(f"described, {timeout}")
        member.leave(f"leaves, {timeout}")
    nameless = Member(s, f"{group}-nameless", "A", protocols=[("", b"no name")])
    nameless.get_id()
    nameless.join("a protocol without a name")
    nameless.sync("gets its share of no name", [(nameless, b"share")])
    nameless.describe("described without a name")
    nameless.leave("leaves without a name")
    for size in (1_000_000, 1_100_000):  # A record of the offsets topic may have 1,048,588 bytes.
        large = Member(s, f"{group}-{size}", "A", protocols=[("a", b"m" * size)])
        large.get_id()
        large.send_join()
        if large.joined_silently():
            large.sync(f"its share beside {size} bytes of metadata", [(large, b"share")])


def rebalance_timeouts(s, group):
    """A time-out that is over at once: the member has no time to ask for its share."""
    for timeout in (-(2**31), -1, 0):
        member = Member(s, f"{group}{timeout}", "A")
        member.join(f"joins with {timeout}", RebalanceTimeoutMs=timeout)
        if member.generation < 0:
            member.join(f"and with its id, {timeout}", RebalanceTimeoutMs=timeout)
        s.until(member.group, "Empty", "Dead")
        member.heartbeat(f"is not a member any more, {timeout}")
        member.sync(f"has no share, {timeout}")


def one_member(s, group):
    member = Member(s, group, "A", protocols=[("a", b"of a"), ("b", b"of b")])
    member.heartbeat("heartbeat before it joined")
    member.sync("sync before it joined")
    member.leave("leaves before it joined")
    member.describe("described before it joined")
    member.get_id()
    member.join("joins")
    member.describe("described before its sync")
    member.heartbeat("heartbeat before its sync")
    member.commit("commits before its sync")
    member.join("joins again before its sync")
    member.join("joins with other metadata before its sync", Protocols=[{"Name": "a", "Metadata": b"new"}])
    member.sync("sync of the future", GenerationId=member.generation + 1)
    member.sync("sync of the past", GenerationId=0)
    member.sync("sync of somebody else", MemberId="nobody")
    member.sync("sync of another protocol", ProtocolName="b")
    member.sync("sync of another type", ProtocolType="consumer")
    member.sync("sync of no protocol", ProtocolName=None)
    member.sync("sync of no type", ProtocolType=None)
    member.sync("sync in an empty group id", GroupId="")
    member.sync("sync without assignments", Assignments=None)
    member.sync("gets its share", [(member, b"first"), (member, b"second"), ("nobody", b"nothing")])
    member.sync("gets it again", [(member, b"other")])
    member.sync("sync of no protocol and type when stable", ProtocolType=None, ProtocolName=None)
    member.sync("sync of another type when stable", ProtocolType="consumer")
    member.sync("sync of another protocol when stable", ProtocolName="b")
    member.describe("described when stable")
    for what, changes in {"": {}, "in an empty group id": {"GroupId": ""}, "of an unknown group": {"GroupId": group + "-not"},
                          "of the past": {"GenerationId": 0}, "of the future": {"GenerationId": 99},
                          "of no generation": {"GenerationId": -1}, "of somebody else": {"MemberId": "nobody"},
                          "of nobody": {"MemberId": ""}}.items():
        member.heartbeat(f"heartbeat {what}", **changes)
    member.join("the leader joins again")
    member.heartbeat("heartbeat after that")
    member.sync("an empty share", [])
    member.describe("described with an empty share")
    member.leave("leaves")
    member.describe("described when it has left")
    member.heartbeat("heartbeat when it has left")
    member.leave("leaves again")
    member.join("joins with its old id")
    member.id = ""
    member.get_id()
    member.join("comes back as a new one")
    member.leave("leaves before its sync")


def member_id_required(s, group):
    """KIP-394; up to v3 whoever asks is a member."""
    pending, other = Member(s, group, "A"), Member(s, group, "B")
    pending.join("asks to join")
    s.until(group, "Dead", "Empty", "CompletingRebalance")
    pending.heartbeat("heartbeat")
    pending.sync("sync")
    pending.commit("commits")
    pending.describe("described")
    pending.join("joins another group with its id", GroupId=group + "-other")
    pending.client.ask("the offsets of the group", "OffsetFetch", **_all_offsets(s, group))
    pending.leave("leaves")
    pending.leave("leaves again")
    pending.join("joins with the id it gave back")
    pending.id = ""
    pending.get_id()
    pending.join("asks again, and joins")
    other.join("another one asks", version=max(4, s.version("JoinGroup")))
    pending.sync("gets its share", [(pending, b"all")])
    pending.describe("described while the other one is pending")
    other.leave("the other one leaves")
    pending.describe("described when it has left")
    pending.leave("the first one leaves too")


def _all_offsets(s, group):
    if s.version("OffsetFetch") >= 8:
        return {"Groups": [{"GroupId": group, "Topics": None}]}
    return {"GroupId": group, "Topics": None if s.version("OffsetFetch") >= 2 else []}


def two_members(s, group):
    first, second = Member(s, group, "A"), Member(s, group, "B")
    first.settle()
    second.get_id()
    second.send_join()
    s.until(group, "PreparingRebalance", members=2)
    first.heartbeat("heartbeat while another one joins")
    first.commit("commits while another one joins")
    first.sync("sync while another one joins")
    first.describe("described while another one joins")
    first.join("the first one joins again")
    second.joined("the second one has joined")
    first.describe("described before the leader's sync")
    second.heartbeat("heartbeat before the leader's sync")
    second.commit("commits before the leader's sync")
    second.commit("commits with an old generation before the leader's sync", GenerationIdOrMemberEpoch=1)
    second.send_sync([(second, b"what only the leader may say")])
    first.heartbeat("heartbeat while the second one waits for its share")
    first.sync("the leader hands out", [(first, b"half"), (second, b"other half")])
    second.hear("the second one gets its share")
    first.describe("described when stable")
    for member, what in ((first, "the leader"), (second, "the second one")):
        member.sync(f"{what} gets the same again")
        member.commit(f"{what} commits")
        member.commit(f"{what} commits with an old generation", GenerationIdOrMemberEpoch=1)
        member.commit(f"{what} commits with a future one", GenerationIdOrMemberEpoch=99)
        member.commit(f"{what} commits without one", GenerationIdOrMemberEpoch=-1)
        member.commit(f"{what} commits without saying who it is", GenerationIdOrMemberEpoch=-1, MemberId="")
        member.commit(f"{what} commits for nobody", MemberId="")
        member.commit(f"{what} commits for somebody else", MemberId="nobody")
    second.join("the second one joins again with nothing new")
    second.heartbeat("heartbeat after that")
    _changed_follower(s, group, first, second)
    _leader_leaves(s, group, first, second)


def _changed_follower(s, group, first, second):
    second.protocols = [("a", b"changed")]
    second.send_join()
    s.until(group, "PreparingRebalance")
    first.heartbeat("heartbeat while the second one changes")
    first.join("the first one joins with the change")
    second.joined("the second one has changed")
    second.send_sync()
    s.until(group, "CompletingRebalance")
    # Somebody changes while another one waits for its share.
    first.protocols = [("a", b"changed too")]
    first.send_join()
    second.hear("the share that it waited for will not come")
    second.join("the second one joins once more")
    first.joined("the first one has changed")
    first.sync("the leader hands out to the first", [(first, b"all")])
    second.sync("the second one gets nothing")


def _leader_leaves(s, group, first, second):
    first.leave("the leader leaves")
    second.heartbeat("heartbeat when the leader has left")
    second.describe("described when the leader has left")
    second.join("the second one leads")
    second.sync("and hands out", [(second, b"everything")])
    second.describe("described under its lead")
    second.leave("and leaves")
    second.describe("described in the end")


def leaves_while_others_wait(s, group):
    first, second, third = (Member(s, group, name) for name in "ABC")
    first.settle()
    second.get_id()
    second.send_join()
    s.until(group, "PreparingRebalance", members=2)
    third.leave("somebody says that the waiting one leaves", MemberId=s.member_id(group, "B"))
    second.joined("the one that waited to join")
    first.heartbeat("heartbeat when the newcomer is gone")
    first.join("the first one joins alone")
    first.sync("and has it all", [(first, b"all")])
    third.get_id()
    third.send_join()
    s.until(group, "PreparingRebalance", members=2)
    first.leave("the first one leaves while another one waits")
    third.joined("the other one is the only one")
    third.commit("commits before its sync")
    third.leave("leaves before its sync")
    third.describe("described in the end")


def clashes(s, group):
    first = Member(s, group, "A", kind="test", protocols=[("a", b"1a"), ("b", b"1b"), ("c", b"1c")])
    first.settle()
    other = Member(s, group, "B")
    other.get_id()
    other.join("another type", ProtocolType="consumer")
    other.join("an empty type", ProtocolType="")
    other.join("no protocol in common", Protocols=[{"Name": "x", "Metadata": b""}])
    other.join("no protocols", Protocols=[])
    first.describe("described after the clashes")
    first.join("a member with another type", ProtocolType="consumer")
    first.join("a member without protocols", Protocols=[])
    first.heartbeat("heartbeat after the clashes")
    other.protocols = [("x", b"2x"), ("c", b"2c"), ("b", b"2b")]
    other.send_join()
    s.until(group, "PreparingRebalance", members=2)
    first.join("the first one joins again")
    other.joined("they have b and c in common")
    other.send_sync()
    first.sync("the leader hands out", [(other, b"share")])
    other.hear("the other one's share")
    first.describe("described with b or c")
    first.leave("the first one leaves")
    other.join("the other one may choose")
    other.leave("leaves")
    other.describe("described in the end")
    newcomer = Member(s, group, "C", kind="connect")
    newcomer.get_id()
    newcomer.join("an empty group takes another type")
    newcomer.sync("and hands out", [(newcomer, b"x")])
    newcomer.describe("described with the other type")
    newcomer.leave("and leaves")


def leaves(s, group):
    first, second, third = (Member(s, group, name) for name in "ABC")
    first.settle()
    client = first.client

    def leave(what, *members, group=group):
        if s.version("LeaveGroup") < 3:
            client.ask(what, "LeaveGroup", GroupId=group, MemberId=members[0]["MemberId"] if members else "")
        else:
            client.ask(what, "LeaveGroup", GroupId=group, Members=list(members))

    leave("an empty group id", {"MemberId": first.id}, group="")
    leave("an empty group id and nobody", group="")
    leave("an unknown group", {"MemberId": first.id}, {"MemberId": ""}, group=group + "-not")
    leave("an unknown group and nobody", group=group + "-not")
    leave("nobody")
    leave("an empty member id", {"MemberId": ""})
    leave("an unknown member", {"MemberId": "nobody"})
    leave("an unknown instance", {"MemberId": "", "GroupInstanceId": "nobody"})
    leave("a member with an instance it does not have", {"MemberId": first.id, "GroupInstanceId": "nobody"})
    if s.version("LeaveGroup") < 3:
        first.leave("leaves")
        return
    first.heartbeat("heartbeat after all that")
    second.get_id()
    third.join("another one asks for an id", version=max(4, s.version("JoinGroup")))
    client.ask("no list", "LeaveGroup", GroupId=group, Members=None)
    leave("many at once", {"MemberId": "nobody", "Reason": "none"}, {"MemberId": third.id, "Reason": "r" * 300},
          {"MemberId": first.id, "Reason": ""}, {"MemberId": first.id}, {"MemberId": third.id}, {"MemberId": second.id})
    first.describe("described in the end")


_JOINS = range(10)
# Each with the versions that it is told with.
SCENES = {refused_joins: _JOINS, joins_at_the_limits: _JOINS, rebalance_timeouts: range(1, 10), one_member: _JOINS,
          member_id_required: _JOINS, two_members: _JOINS, leaves_while_others_wait: _JOINS, clashes: _JOINS, leaves: range(6)}
