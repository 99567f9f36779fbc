#!/usr/bin/env python3
"""What strangers and members that vanish may do to groups: nothing to their memory, their descriptors, or to others."""

import contextlib
import signal
import threading
import time

import broker
from broker import PeakMemory, SystemTest, wait_until
from support_py import wire
from support_py.wire import groups

MIB = 1 << 20
QUICK = ("--set", "group.initial.rebalance.delay.ms=0")
STRANGERS = 100_000
AT_ONCE = 500  # Requests sent before the first answer is read.
TOPIC = "t"


class Bystander:
    """A group at work while the context lasts: its member heartbeats, commits, and reads what it committed."""

    def __init__(self, address):
        self._client = wire.Connection(address, patience=8)
        self._member = groups.Member(self._client, "bystander")
        self._done = threading.Event()
        self.rounds, self.failure = 0, None

    def __enter__(self):
        self._client.create_topic(TOPIC)
        self._client.ask(groups.find_coordinator("bystander"))
        problem = self._member.join()
        share = self._member.sync((self._member.member_id, b"all"))
        if problem or share != (wire.NONE, b"all"):
            raise AssertionError(f"join: error {problem}, sync: {share}")
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        return self

    def _work(self):
        try:
            while not self._done.is_set():
                said = (self._member.heartbeat(), self._member.commit(TOPIC, self.rounds), self._member.committed(TOPIC))
                if said != (wire.NONE, wire.NONE, (wire.NONE, self.rounds)):
                    raise AssertionError(f"round {self.rounds}: {said}")
                self.rounds += 1
        except Exception as problem:  # Whatever it is, the test's thread tells it.
            self.failure = repr(problem)

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()
        self._client.close()


def ask_many(client, requests, at_once=AT_ONCE):
    """The answers, one after the other; never more than `at_once` requests are under way."""
    requests = iter(requests)
    sent = []
    while True:
        batch = [request for request, _ in zip(requests, range(at_once))]
        if not batch:
            return
        client.send(b"".join(batch))
        for _ in batch:
            yield client.receive()


class Strangers(SystemTest):
    def crowd(self, name, request, check, count=STRANGERS, most=0, at_once=AT_ONCE):
        """`request(group)` for each of many groups that are not there, on one connection, `at_once` before the first
        answer is read. `most` is how much private memory that may take, in MiB."""
        with self.broker(*QUICK) as stele, Bystander(stele.address) as bystander:
            wait_until("the bystander works", lambda: bystander.failure or bystander.rounds >= 100)
            before, began = stele.private_memory(), time.monotonic()
            with wire.Connection(stele.address) as stranger, PeakMemory(stele) as peak:
                for answer in ask_many(stranger, (request(i) for i in range(count)), at_once):
                    check(answer)
            rounds = bystander.rounds
            wait_until("the bystander goes on", lambda: bystander.failure or bystander.rounds >= rounds + 100)
            self.assertIsNone(bystander.failure, stele.everything_said())
            print(f"\n{name}: {(peak.bytes - before) / MIB:.1f} MiB more at most, {(stele.private_memory() - before) / MIB:.1f} "
                  f"at the end, {count} requests in {time.monotonic() - began:.1f} s, {bystander.rounds} rounds beside it")
            self.assertLess(peak.bytes - before, most * MIB, stele.everything_said())

    def test_member_ids_for_everybody(self):
        def check(answer):
            self.assertEqual(groups.joined(answer)[0], groups.MEMBER_ID_REQUIRED)

        self.crowd("member ids", lambda i: groups.join(f"bogus group {i}"), check, most=192)

    def test_member_ids_for_long_names(self):
        def check(answer):
            self.assertEqual(groups.joined(answer)[0], groups.MEMBER_ID_REQUIRED)

        # 600 MiB of names.
        name = "n" * 32_000
        self.crowd("member ids for long names", lambda i: groups.join(f"{name}{i}"), check, count=20_000, most=320)

    def test_members_of_long_names(self):
        """By a version that asks for no id first."""
        def check(answer):
            self.assertEqual(groups.joined(answer)[0], wire.NONE)

        name = "n" * 32_000
        self.crowd("members of long names", lambda i: groups.join(f"{name}{i}", version=2), check, count=20_000, most=320)

    def test_members_with_large_metadata(self):
        def check(answer):
            self.assertEqual(groups.joined(answer)[0], wire.NONE)

        metadata = b"m" * 900_000  # Which is in the answer too.
        self.crowd("members with large metadata", lambda i: groups.join(f"bogus group {i}", version=2, metadata=metadata),
                   check, count=1_000, most=320, at_once=1)

    def test_heartbeats(self):
        def check(answer):
            self.assertEqual(groups.error(answer), groups.UNKNOWN_MEMBER_ID)

        self.crowd("heartbeats", lambda i: groups.heartbeat(f"bogus group {i}", 1, "nobody"), check, most=16)

    def test_offsets(self):
        def check(answer):
            self.assertEqual(groups.fetched_offset(answer), (wire.NONE, -1))

        self.crowd("offsets", lambda i: groups.fetch_offsets(f"bogus group {i}", TOPIC), check, most=16)

    def test_coordinators(self):
        def check(answer):
            self.assertEqual(groups.error(answer), wire.NONE)

        self.crowd("coordinators", lambda i: groups.find_coordinator(f"bogus group {i}"), check, most=16)

    def test_a_commit_for_many_topics(self):
        """Others wait for a large request, and not for what grows with its square."""
        request = groups.commit_many("g", -1, "", [f"n{i}" for i in range(STRANGERS)], 5)
        self.crowd("a commit for many topics", lambda _: request, lambda answer: None, count=1, most=256)

    def test_members_with_many_protocols(self):
        names = ([f"{kind}{i}" for i in range(STRANGERS)] for kind in "no")
        joins = [groups.join("g", version=1, protocols=protocols, metadata=b"") for protocols in names]
        errors = []
        self.crowd("members with many protocols", lambda i: joins[i], lambda answer: errors.append(groups.error(answer)),
                   count=2, most=256)
        # They have nothing in common.
        self.assertEqual(errors, [wire.NONE, groups.INCONSISTENT_GROUP_PROTOCOL])

    def test_joins_of_a_group_with_many_protocols(self):
        """What its members have in common is counted when they come, not whenever somebody asks: the bystander would wait
        for more than its patience."""
        names = [f"n{i}" for i in range(STRANGERS)]
        many = groups.join("g", version=1, protocols=names, metadata=b"")
        other = groups.join("g", version=1, protocols=["other"])
        with self.broker(*QUICK) as stele, Bystander(stele.address) as bystander, contextlib.ExitStack() as parked:
            for _ in range(9):  # The first is answered, the others wait for it to come again.
                parked.enter_context(wire.Connection(stele.address)).send(many)
            with wire.Connection(stele.address, patience=60) as stranger:
                for answer in ask_many(stranger, (other for _ in range(200))):
                    self.assertEqual(groups.error(answer), groups.INCONSISTENT_GROUP_PROTOCOL)
            self.assertIsNone(bystander.failure, stele.everything_said())


def ask_over(clients, requests):
    """The answers in the order of the requests, of which each client sends an equal part, so that they share syncs."""
    size = -(-len(requests) // len(clients))
    parts = [requests[at:at + size] for at in range(0, len(requests), size)]
    answers = [[] for _ in parts]
    for at in range(0, size, AT_ONCE):
        for client, part in zip(clients, parts):
            client.send(b"".join(part[at:at + AT_ONCE]))
        for client, part, got in zip(clients, parts, answers):
            got += [client.receive() for _ in part[at:at + AT_ONCE]]
    return [answer for got in answers for answer in got]


class Scale(SystemTest):
    def rebalanced(self, members):
        """All join, and get the share that the first one, which leads, gives them. Seconds that it took."""
        began = time.monotonic()
        for member in members:
            member.send_join()
        self.assertEqual({member.joined() for member in members}, {wire.NONE})
        self.assertEqual(len({member.generation for member in members}), 1)
        for member in members[1:]:
            member.send_sync()
        members[0].send_sync(*((each.member_id, each.member_id.encode()) for each in members))
        for member in members:
            self.assertEqual(member.synced(), (wire.NONE, member.member_id.encode()))
        return time.monotonic() - began

    def test_a_group_of_a_thousand_members(self):
        with self.broker("--set", "group.initial.rebalance.delay.ms=1000") as stele, contextlib.ExitStack() as opened:
            clients = [opened.enter_context(wire.Connection(stele.address)) for _ in range(1000)]
            clients[0].ask(groups.find_coordinator("g"))
            members = [groups.Member(client, "g") for client in clients]
            first = self.rebalanced(members)
            self.assertEqual({member.heartbeat() for member in members}, {wire.NONE})
            self.assertEqual(members.pop(500).leave(), wire.NONE)
            self.assertEqual({member.heartbeat() for member in members}, {groups.REBALANCE_IN_PROGRESS})
            second = self.rebalanced(members)
            self.assertEqual(members[0].described(), ("Stable", 999))
            print(f"\na group of 1000: shared after {first:.2f} s, of which 1 s or 2 are the initial delay; again when one "
                  f"has left after {second:.2f} s")

    def test_ten_thousand_groups(self):
        count = 10_000

        def on_each(*requests_of):
            """For each group, what is answered to each of these requests."""
            began = time.monotonic()
            with contextlib.ExitStack() as opened:
                clients = [opened.enter_context(wire.Connection(stele.address)) for _ in range(200)]
                clients[0].ask(groups.find_coordinator("any"))
                answers = [ask_over(clients, [request_of(i) for i in range(count)]) for request_of in requests_of]
            took.append(time.monotonic() - began)
            return answers

        took, ids = [], []

        def alive(i):
            return groups.heartbeat(f"g{i}", 1, ids[i])

        def still_there():
            """Members are in their generation, and what they committed is what they read."""
            beats, offsets = on_each(alive, lambda i: groups.fetch_offsets(f"g{i}", TOPIC))
            self.assertEqual({groups.error(answer) for answer in beats}, {wire.NONE})
            self.assertEqual([groups.fetched_offset(answer) for answer in offsets], [(wire.NONE, i) for i in range(count)])

        # A quick restart: sessions go on.
        with self.broker(*QUICK) as stele:
            with wire.Connection(stele.address) as client:
                client.create_topic(TOPIC)
            (joins,) = on_each(lambda i: groups.join(f"g{i}", version=3))
            for error, generation, member_id in map(groups.joined, joins):
                self.assertEqual((error, generation), (wire.NONE, 1))
                ids.append(member_id)
            syncs, commits = on_each(lambda i: groups.sync(f"g{i}", 1, ids[i], [(ids[i], b"all")]),
                                     lambda i: groups.commit(f"g{i}", 1, ids[i], TOPIC, i))
            self.assertEqual({groups.synced(answer) for answer in syncs}, {(wire.NONE, b"all")})
            self.assertEqual({groups.last_error(answer) for answer in commits}, {wire.NONE})
            still_there()
            stele.kill()
            stele.start()
            with wire.Connection(stele.address) as client:
                loading = groups.COORDINATOR_LOAD_IN_PROGRESS
                wait_until("the groups are loaded", lambda: loading not in {
                    groups.error(answer) for answer in ask_many(client, map(alive, range(200)))})
            still_there()
        print(f"\n{count} groups: join {took[0]:.1f} s, sync and commit {took[1]:.1f} s, heartbeat and fetch {took[2]:.1f} s, "
              f"after kill -9 {took[3]:.1f} s")


class Vanishing(SystemTest):
    def test_a_member_that_never_syncs(self):
        with self.broker(*QUICK) as stele, wire.Connection(stele.address) as one, wire.Connection(stele.address) as two:
            one.ask(groups.find_coordinator("g"))
            leader, silent = (groups.Member(each, "g", rebalance_ms=1000) for each in (one, two))
            self.assertEqual(leader.join(), wire.NONE)
            self.assertEqual(leader.sync((leader.member_id, b"all")), (wire.NONE, b"all"))
            silent.send_join()
            wait_until("the leader hears of it", lambda: leader.heartbeat() == groups.REBALANCE_IN_PROGRESS)
            self.assertEqual(leader.join(), wire.NONE)
            self.assertEqual(silent.joined(), wire.NONE)
            self.assertEqual(leader.sync((silent.member_id, b"all")), (wire.NONE, b""))
            # It heartbeats, and does nothing else.
            wait_until("the silent one is removed", lambda: silent.heartbeat() == groups.UNKNOWN_MEMBER_ID, 10)
            self.assertEqual(leader.heartbeat(), groups.REBALANCE_IN_PROGRESS)
            self.assertEqual(leader.join(), wire.NONE)
            self.assertEqual(leader.sync((leader.member_id, b"all")), (wire.NONE, b"all"))
            self.assertEqual(leader.described(), ("Stable", 1))

    def park(self, stele, leader, count):
        """So many members wait for the leader, which does not join again."""
        clients = [wire.Connection(stele.address) for _ in range(count)]
        for client in clients:
            groups.Member(client, leader.group, session_ms=6000, rebalance_ms=1000).send_join()
        wait_until("all joins are parked", lambda: leader.described() == ("PreparingRebalance", count + 1))
        return clients

    def test_parked_joins_whose_connections_are_cut(self):
        joins = 200
        used = []
        with self.broker(*QUICK) as stele, wire.Connection(stele.address) as client:
            client.ask(groups.find_coordinator("g"))
            for i in range(4):
                leader = groups.Member(client, f"g{i}", rebalance_ms=60_000)
                self.assertEqual(leader.join(), wire.NONE)
                leader.sync((leader.member_id, b"all"))
                descriptors = stele.descriptors()
                for one in self.park(stele, leader, joins):
                    one.close()
                # As in Kafka, that a client is gone is seen when its answer is due.
                self.assertEqual(leader.join(), wire.NONE)
                wait_until("the descriptors are free", lambda: stele.descriptors() == descriptors)
                self.assertEqual(leader.sync((leader.member_id, b"all")), (wire.NONE, b"all"))
                used.append(stele.private_memory())
            wait_until("those that went are removed", lambda: leader.described()[1] == 1)
            print(f"\nafter each {joins} joins cut: " + ", ".join(f"{each / MIB:.1f}" for each in used) + " MiB private")
            self.assertLess(used[-1] - used[0], 4 * MIB)

    def test_sigterm_does_not_wait_for_parked_joins(self):
        with self.broker(*QUICK) as stele, wire.Connection(stele.address) as client:
            client.ask(groups.find_coordinator("g"))
            leader = groups.Member(client, "g", rebalance_ms=60_000)
            self.assertEqual(leader.join(), wire.NONE)
            leader.sync((leader.member_id, b"all"))
            parked = self.park(stele, leader, 20)
            began = time.monotonic()
            stele.signal(signal.SIGTERM)
            self.assertEqual(stele.wait(), 0, stele.everything_said())
            took = time.monotonic() - began
            print(f"\nstopped in {took:.2f} s with {len(parked)} joins parked")
            self.assertLess(took, 3)
            for one in parked:
                try:
                    self.assertEqual(groups.joined(one.receive())[0], groups.COORDINATOR_NOT_AVAILABLE)
                except wire.Closed:
                    pass  # It hears of it in this way too.
                one.close()


if __name__ == "__main__":
    broker.main()
