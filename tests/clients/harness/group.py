"""A consumer group whose members are programs: starts them, takes down what they say, and knows what is still to come.

A member is started with BOOTSTRAP GROUP TOPIC NAME=VALUE..., the names being those of python/member.py. It joins, works,
leaves on SIGTERM and ends with 0. Each line of its standard output is one of

    {"assigned": [PARTITION, ...]}            came on top of what it has
    {"revoked": [PARTITION, ...]}             were taken, or lost
    {"read": [[PARTITION, OFFSET, VALUE], ...]}
    {"processed": [[PARTITION, OFFSET], ...]} the work on them is done
    {"committed": {PARTITION: OFFSET}}        and the broker said so
    {"refused": TEXT}                         what the client said when it could not commit
    {"left": true}                            the last one
"""

import collections
import json
import pathlib
import signal
import subprocess
import threading
import time

from support_py import processes

# For a group to get where it should be. Kafka's initial delay, a session, a rebalance and a slow machine fit in.
PATIENCE = 60
SESSION_MS = 6000  # The shortest that brokers allow.
MORE_RECORDS = 100  # Reach each partition, and are sent in a second.


class Stuck(Exception):
    """What was waited for did not come in time."""


class Member:
    """One process. Thread: the driver's, but for take(), which is called under the group's lock."""

    def __init__(self, name, process):
        self.name, self.process = name, process
        self.owned = set()
        self.events = []  # All but the records.
        self._working_on = set()  # (partition, offset)
        self.killed = False
        self.may_end = False  # By itself, though nobody asked it to.
        self.left = False

    def take(self, event, group):
        if "read" in event:
            for partition, offset, value in event["read"]:
                group.read[(partition, offset)].append((self, value))
                self._working_on.add((partition, offset))
        elif "processed" in event:
            for partition, offset in event["processed"]:
                group.processed[(partition, offset)].append(self)
                self._working_on.discard((partition, offset))
        else:
            self.events.append(event)
            if "refused" in event:
                group.in_doubt |= self._working_on
                self._working_on.clear()
            for partition, offset in event.get("committed", {}).items():
                group.committed[int(partition)] = max(group.committed.get(int(partition), 0), offset)
            self.owned |= set(event.get("assigned", ()))
            self.owned -= set(event.get("revoked", ()))
            self.left |= event.get("left", False)

    def moves(self):
        """Its assignments and revocations so far."""
        return [event for event in self.events if "assigned" in event or "revoked" in event]

    def __str__(self):
        state = "killed" if self.killed else f"ended with {self.process.poll()}" if self.process.poll() is not None else "runs"
        others = [event for event in self.events if "committed" not in event]
        return f"{self.name} {state}, has {sorted(self.owned)}, last said {others[-6:]} {self.events[-1:]}"


class Group:
    """`program` is the words that start a member. Thread: one, the driver's."""

    def __init__(self, program, broker, group, topic, partitions, directory):
        self.members = []  # All that ever were, in their order.
        self.read = collections.defaultdict(list)  # (partition, offset): [(member, value)]
        self.processed = collections.defaultdict(list)  # (partition, offset): [member]
        self.in_doubt = set()  # (partition, offset) of what may be committed, for the broker went without an answer.
        self.committed = {}  # {partition: the highest offset that a member was told is committed}
        self._program, self._broker, self._name, self._topic = program, broker, group, topic
        self._partitions = partitions
        self._directory = pathlib.Path(directory)
        self._directory.mkdir(parents=True, exist_ok=True)
        self._condition = threading.Condition()
        self._producer, self._sent, self._producer_done = None, 0, False

    def start(self, name, **options):
        """One more member; `name` becomes its client id."""
        options = {"name": name, "session": SESSION_MS, **options}
        words = [f"{option}={value}" for option, value in options.items() if value is not None]
        with open(self._directory / f"{name}.err", "ab") as err:
            process = processes.start([*self._program, self._broker.bootstrap, self._name, self._topic, *words],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err, text=True)
        member = Member(name, process)
        self.members.append(member)
        self._listen(process, self._directory / f"{name}.out", lambda event: member.take(event, self))
        return member

    def produce(self, program):
        """Starts the producer (python/group_producer.py): record number n is in partition n % partitions."""
        with open(self._directory / "producer.err", "ab") as err:
            self._producer = processes.start([*program, self._broker.bootstrap, self._topic, self._partitions],
                                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err, text=True)

        def take(event):
            self._sent = event["sent"]
            self._producer_done |= event.get("done", False)

        self._listen(self._producer, self._directory / "producer.out", take)

    def _listen(self, process, path, take):
        def copy():
            with open(path, "a", encoding="utf-8") as out:
                for line in process.stdout:
                    out.write(line)
                    out.flush()
                    if line.endswith("\n"):  # A killed member may leave half a line.
                        with self._condition:
                            take(json.loads(line))
                            self._condition.notify_all()

        threading.Thread(target=copy, daemon=True).start()

    def wait(self, what, there, seconds=PATIENCE):
        """Until `there()` holds. Raises Stuck with what the members said."""
        deadline = time.monotonic() + seconds
        with self._condition:
            while not there():
                # A process that ends says nothing, so this looks again by itself.
                self._condition.wait(0.2)
                if time.monotonic() > deadline:
                    raise Stuck(f"{what}: not within {seconds} s; {self.describe()}")

    def describe(self):
        # Members that were killed may have the name of one that came after them.
        said = "".join(f"\n--- {name}\n{(self._directory / f'{name}.err').read_text(errors='replace')[-1500:]}"
                       for name in dict.fromkeys(each.name for each in self.members))
        places = [self._place(number) for number in range(self._sent)]
        unread = [place for place in places if place not in self.read]
        unprocessed = [place for place in places if place not in self.processed]
        return f"{self._sent} sent, not read: {unread[:10]}, not processed: {unprocessed[:10]}\n" + "\n".join(str(each) for each in self.members) + said

    def running(self):
        return [member for member in self.members if member.process.poll() is None and not member.killed]

    def deserters(self):
        """Members that have ended though nobody killed them or told them to."""
        return [member for member in self.members if member.process.poll() is not None and not member.killed and not member.may_end]

    def is_settled(self):
        """Whether the running members share all partitions evenly."""
        owned = [member.owned for member in self.running()]
        sizes = [len(each) for each in owned]
        return bool(sizes) and sum(sizes) == self._partitions and len(set().union(*owned)) == self._partitions \
            and max(sizes) - min(sizes) <= 1

    def settle(self, what):
        """Waits until the running members share all partitions, and read whatever is sent then."""
        self.wait(f"{what}: members share the partitions", self.is_settled)
        with self._condition:
            more = self._sent + MORE_RECORDS
        self.wait(f"{what}: every record is read", lambda: self._sent >= more and self._all_read(more))
        # The records may have made their way while another rebalance was going on.
        self.wait(f"{what}: members share the partitions at last", self.is_settled)

    def sizes(self):
        with self._condition:
            return sorted(len(member.owned) for member in self.running())

    def told_committed(self):
        with self._condition:
            return dict(self.committed)

    def kill(self, member):
        """As kill -9 does it: it leaves no group."""
        with self._condition:
            member.killed = True
        processes.kill_group(member.process)

    def stop(self, members, seconds=PATIENCE):
        """Cleanly, all at once. Returns their exit codes."""
        for member in members:
            member.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        return [self._end(member.process, deadline) for member in members]

    @staticmethod
    def _end(process, deadline):
        try:
            code = process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            processes.kill_group(process)
            return "did not stop"
        processes.ended(process)
        return code

    def stop_producing(self):
        """Returns how many records there are."""
        self._producer.send_signal(signal.SIGTERM)
        self.wait("the producer ends", lambda: self._producer_done)
        self._end(self._producer, time.monotonic() + PATIENCE)
        return self._sent

    def _place(self, number):
        return number % self._partitions, number // self._partitions

    def _all_read(self, count):
        return all(self._place(number) in self.read for number in range(count))

    def wait_for_all(self, count, is_excused):
        """Waits until the first `count` records are read, and processed but for those that is_excused(place)."""
        places = [self._place(number) for number in range(count)]
        self.wait("every record is read", lambda: all(place in self.read for place in places))
        self.wait("every record is processed", lambda: all(place in self.processed or is_excused(place) for place in places))

    def end(self):
        """Kills whatever still runs."""
        for process in [member.process for member in self.members] + [self._producer]:
            if process and process.poll() is None:
                processes.kill_group(process)
