"""Scenes of group_requests.py: groups are found, listed, described and removed. `s` is the Scene, `group` a name that is
used once."""

from harness.scene import Member, subscription

KINDS = {"groups": 0, "transactions": 1, "share groups": 2, "nothing": 3, "less than nothing": -1}


def coordinators(s, group):
    client = s.client("finder")
    for what, kind in KINDS.items():
        fields = {"KeyType": kind} if s.version("FindCoordinator") >= 1 else {}
        for key in (group, "", None):
            if s.version("FindCoordinator") < 4:
                client.ask(f"of {what}: {key!r}", "FindCoordinator", Key=key, **fields)
            else:
                client.ask(f"of {what}: {key!r}", "FindCoordinator", CoordinatorKeys=[key], **fields)
        if s.version("FindCoordinator") >= 4:
            for keys in ([], [group, group], [group, "", group + "-too"], None):
                client.ask(f"of {what}, several: {keys}", "FindCoordinator", CoordinatorKeys=keys, **fields)
        if not fields:
            return


def _groups(s, group):
    """One in each state that lasts: stable, left, of a simple consumer, and being completed."""
    members = {what: Member(s, f"{group}-{what}", "A") for what in ("stable", "left", "completing", "consumer")}
    members["consumer"].kind, members["consumer"].protocols = "consumer", [("range", subscription("wire"))]
    for what in ("stable", "left", "consumer"):
        members[what].settle()
    members["completing"].get_id()
    members["completing"].join("one joins")
    members["left"].leave("one leaves")
    members["stable"].commit("one commits")
    simple = Member(s, f"{group}-simple", "A")
    simple.commit("a simple consumer commits")
    return {**members, "simple": simple}


def described(s, group):
    members = _groups(s, group)
    client = s.client("reader")
    for what, member in members.items():
        client.ask(f"{what}", "DescribeGroups", Groups=[member.group], IncludeAuthorizedOperations=False)
        client.ask(f"{what} with what one may do", "DescribeGroups", Groups=[member.group], IncludeAuthorizedOperations=True)
    client.ask("unknown", "DescribeGroups", Groups=[group])
    client.ask("unknown with what one may do", "DescribeGroups", Groups=[group], IncludeAuthorizedOperations=True)
    client.ask("an empty id", "DescribeGroups", Groups=[""])
    client.ask("no id", "DescribeGroups", Groups=[None])
    client.ask("none", "DescribeGroups", Groups=[])
    client.ask("no list", "DescribeGroups", Groups=None)
    client.ask("one twice, with others", "DescribeGroups", Groups=[members["stable"].group, group, members["stable"].group, "",
                                                                  members["left"].group])


def listed(s, group):
    _groups(s, group)
    client = s.client("reader")

    def see(what, **filters):
        client.send("ListGroups", **filters)
        answer = client.answer()
        if answer:  # Other scenes leave groups behind.
            answer["Groups"] = [each for each in answer["Groups"] if each["GroupId"].startswith(group)]
        s.take_down(what, answer)

    see("all")
    if s.version("ListGroups") >= 4:
        for states in (["Stable"], ["stable"], ["STABLE", "eMpTy"], ["Empty"], ["CompletingRebalance"], ["completingrebalance"],
                       ["Dead"], ["Assigning"], ["NotReady"], ["Unknown"], ["nonsense"], [""], ["Stable", "Stable", "nonsense"],
                       [" Stable"], ["Completing_Rebalance"], [], None, [None]):
            see(f"in states {states}", StatesFilter=states)
    if s.version("ListGroups") >= 5:
        for types in (["classic"], ["Classic"], ["CLASSIC"], ["consumer"], ["share"], ["streams"], [" classic"], ["simple"], ["unknown"], ["nonsense"], [""],
                      ["classic", "nonsense"], ["classic", "consumer"], ["consumer", "share"], [], None):
            see(f"of types {types}", TypesFilter=types)
            see(f"stable, of types {types}", TypesFilter=types, StatesFilter=["Stable"])
        see("of the wrong type in a wrong state", TypesFilter=["nonsense"], StatesFilter=["nonsense"])


def removed(s, group):
    members = _groups(s, group)
    client = s.client("cleaner")

    def remove(what, *groups):
        client.ask(what, "DeleteGroups", GroupsNames=list(groups))

    remove("unknown", group)
    remove("an empty id", "")
    remove("no id", None)
    remove("none")
    client.ask("no list", "DeleteGroups", GroupsNames=None)
    for what, member in members.items():
        remove(what, member.group)
        member.describe(f"described: {what}")
        member.heartbeat(f"heartbeat: {what}")
        remove(f"{what} again", member.group)
    simple = Member(s, f"{group}-simple", "A")
    simple.commit("a simple consumer comes back")
    remove("many", group, simple.group, members["stable"].group, simple.group, "")
    simple.describe("described in the end")
    waiting = Member(s, members["stable"].group, "B")
    waiting.get_id()
    waiting.send_join()
    s.until(waiting.group, "PreparingRebalance", members=2)
    remove("while one waits", waiting.group)
    members["stable"].leave("the other one leaves")
    waiting.joined("it has joined")
    pending = Member(s, f"{group}-pending", "C")
    pending.join("one gets an id", version=max(4, s.version("JoinGroup")))
    remove("a group of one that is only pending", pending.group)
    pending.leave("the pending one leaves")


SCENES = {coordinators: range(7), described: range(7), listed: range(6), removed: (0, 1, 2, 4)}
