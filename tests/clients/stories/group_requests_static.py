"""Scenes of group_requests.py: static members (KIP-345, KIP-814), which JoinGroup has since v5. `s` is the Scene, `group` a
name that is used once."""

from harness.scene import Member

def static_alone(s, group):
    """A static member leads, is replaced, and its old self is fenced."""
    both = [("a", b"of a"), ("b", b"of b")]
    old, new = (Member(s, group, name, instance="one", protocols=both) for name in ("A", "A2"))
    empty = Member(s, group + "-empty", "A", instance="")
    empty.join("with an empty instance id")
    empty.leave("leaves with an empty instance id")
    old.join("joins")
    old.sync("gets its share", [(old, b"all")])
    old.describe("described when stable")
    _wrong_names(old)
    new.join("comes back")
    old.heartbeat("the old one is fenced: heartbeat")
    old.sync("the old one is fenced: sync")
    old.commit("the old one is fenced: commit")
    old.join("the old one is fenced: join")
    old.leave("the old one is fenced: leave")
    old.leave("the old one leaves without its instance", GroupInstanceId=None)
    new.describe("described after it came back")
    new.heartbeat("the new one: heartbeat")
    new.commit("the new one: commit")
    new.sync("the new one: sync")
    new.join("the new one joins again")
    new.sync("the new one hands out", [(new, b"all again")])
    again = Member(s, new.group, "A3", instance="one", protocols=[("a", b"changed"), ("b", b"of b")])
    again.join("comes back with other metadata")
    again.describe("described with other metadata")
    last = Member(s, new.group, "A4", instance="one", protocols=[("b", b"b")])
    last.join("comes back with another protocol")
    last.describe("described before the sync for another protocol")
    last.heartbeat("heartbeat before that sync")
    before = Member(s, new.group, "A5", instance="one", protocols=[("b", b"b")])
    before.join("comes back before the sync")
    before.sync("hands out in the end", [(before, b"all")])
    before.leave("somebody removes it by its instance", MemberId="")
    before.describe("described in the end")
    before.leave("and again", MemberId="")


def _wrong_names(member):
    for what, changes in {"an unknown instance": {"GroupInstanceId": "nobody"},
                          "an unknown instance of nobody": {"GroupInstanceId": "nobody", "MemberId": ""},
                          "its instance with another member id": {"MemberId": "nobody"},
                          "its instance with an empty member id": {"MemberId": ""},
                          "no instance": {"GroupInstanceId": None},
                          "an empty instance": {"GroupInstanceId": ""}}.items():
        member.heartbeat(f"heartbeat with {what}", **changes)
        member.sync(f"sync with {what}", **changes)
        member.commit(f"commit with {what}", **changes)
        if changes.get("MemberId", member.id):
            member.join(f"join with {what}", **changes)
            member.sync(f"sync after join with {what}", [(member, b"all")])


def static_with_others(s, group):
    """A static follower is replaced when stable, while it waits to join, and while it waits for its share."""
    leader, old = Member(s, group, "A", instance="leads"), Member(s, group, "B", instance="follows")
    leader.settle()
    old.send_join()
    s.until(group, "PreparingRebalance", members=2)
    new = Member(s, group, "B2", instance="follows")
    new.send_join()
    old.joined("fenced while it waited to join")
    leader.join("the leader joins again")
    new.joined("the new one has joined")
    new.send_sync()
    s.until(group, "CompletingRebalance", members=2)
    newer = Member(s, group, "B3", instance="follows")
    leader.heartbeat("heartbeat of the leader before the new one is replaced")
    newer.send_join()
    new.client.hear("fenced while it waited for its share")
    s.until(group, "PreparingRebalance")
    leader.heartbeat("heartbeat of the leader when the new one is replaced")
    leader.join("the leader joins once more")
    newer.joined("the newer one has joined")
    leader.sync("the leader hands out", [(leader, b"of the leader"), (newer, b"of the follower")])
    newer.sync("the newer one gets its share")
    newest = Member(s, group, "B4", instance="follows")
    newest.join("comes back when stable")
    newest.sync("has what it had")
    leader.heartbeat("the leader did not notice")
    newer.heartbeat("the newer one is fenced")
    leader2 = Member(s, group, "A2", instance="leads")
    leader2.join("the leader comes back when stable")
    leader2.sync("it has what it had too", [(newest, b"something else")])
    newest.heartbeat("nobody noticed")
    newest.describe("described after all came back")
    last = Member(s, group, "A3", instance="leads", protocols=[("a", b"other metadata of the leader")])
    last.join("the leader comes back with other metadata")
    newest.heartbeat("who notices that")
    last.client.ask("all are removed", "LeaveGroup", GroupId=group, Members=[
        {"MemberId": "", "GroupInstanceId": "leads"}, {"MemberId": leader.id, "GroupInstanceId": "follows"},
        {"MemberId": "nobody", "GroupInstanceId": "follows"}, {"MemberId": newest.id, "GroupInstanceId": None},
        {"MemberId": "", "GroupInstanceId": "follows"}])
    last.describe("described in the end")


def static_and_dynamic(s, group):
    """They share a group."""
    dynamic, static = Member(s, group, "A"), Member(s, group, "B", instance="static")
    dynamic.settle()
    static.send_join()
    s.until(group, "PreparingRebalance", members=2)
    dynamic.join("the dynamic one joins again")
    static.joined("the static one has joined")
    static.heartbeat("the static one without its instance", GroupInstanceId=None)
    dynamic.heartbeat("the dynamic one with the other's instance", GroupInstanceId="static")
    dynamic.heartbeat("the dynamic one with an instance it does not have", GroupInstanceId="dynamic")
    dynamic.sync("hands out", [(dynamic, b"d"), (static, b"s")])
    static.sync("gets its share")
    static.join("the static one joins again")
    static.join("the static one joins without its instance", GroupInstanceId=None)
    dynamic.leave("the dynamic one leaves")
    back = Member(s, group, "B2", instance="static")
    back.join("the static one comes back and leads")
    back.sync("and hands out", [(back, b"all")])
    back.describe("described in the end")
    back.leave("leaves by its instance", MemberId="")


_VERSIONS = range(5, 10)
SCENES = {static_alone: _VERSIONS, static_with_others: _VERSIONS, static_and_dynamic: _VERSIONS}
