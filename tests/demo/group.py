"""The group of the demo: three consumers share the work, one is killed, one joins, the broker is killed, and in the end the
group is set back to a point in time and does that part again."""
import collections
import contextlib
import json
import pathlib
import queue
import subprocess
import sys
import threading
import time
from typing import Callable

import confluent_kafka
import confluent_kafka.admin

import checks
from broker import Broker
from checks import Read
from progress import Progress
from support_py.processes import die_with_parent

GROUP = "board"
STALLED = 120.0  # seconds without any progress after which it fails
Place = tuple[int, int]  # partition and offset


class Member:
    """A consumer in a process of its own; what it says goes into the queue that all share."""

    def __init__(self, bootstrap: str, topic: str, said: queue.Queue):
        self._process = subprocess.Popen(
            [sys.executable, pathlib.Path(__file__).parent / "member.py", bootstrap, topic, GROUP],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        self._reader = threading.Thread(target=self._read, args=[said])
        self._reader.start()

    def _read(self, said: queue.Queue) -> None:
        for line in self._process.stdout:
            if line.endswith("\n"):  # The last one of a killed process may be half a line.
                said.put((self, json.loads(line)))

    def kill(self) -> None:
        self._process.kill()
        self.wait()

    def stop(self) -> None:
        """It commits and leaves the group."""
        self._process.terminate()

    def wait(self) -> int:
        code = self._process.wait(timeout=STALLED)
        self._reader.join()
        return code


class Group:
    """The members, and what they have worked through: each record counts once, by its place in the log."""

    def __init__(self, bootstrap: str, topic: str):
        self.bootstrap, self.topic = bootstrap, topic
        self.members: list[Member] = []
        self.done: dict[Place, str | None] = {}  # place -> key
        self.again = 0
        self._said: queue.Queue = queue.Queue()

    def add(self) -> None:
        self.members.append(Member(self.bootstrap, self.topic, self._said))

    def kill_one(self) -> None:
        self.members.pop(0).kill()

    def work_until(self, done: Callable[[], bool], on_progress: Callable[[int], None]) -> None:
        """Listens to the members. `done` is asked after each thing said."""
        since = time.monotonic()
        while not done():
            try:
                _, event = self._said.get(timeout=1)
            except queue.Empty:
                if time.monotonic() - since > STALLED:
                    raise RuntimeError(f"nothing done for {STALLED:.0f} s, {len(self.done)} records so far") from None
                continue
            for partition, offset, key in event.get("records", []):
                self.again += (partition, offset) in self.done
                self.done[partition, offset] = key
            if "records" in event:
                since = time.monotonic()
                on_progress(len(self.done))

    def await_members(self) -> None:
        """Until each of them has a share of the work."""
        waiting = set(self.members)
        early = []  # Work is done meanwhile; it must count.
        deadline = time.monotonic() + STALLED
        while waiting:
            member, event = self._said.get(timeout=max(0.1, deadline - time.monotonic()))
            early.append((member, event))
            if event.get("assigned"):
                waiting.discard(member)
        for each in early:
            self._said.put(each)

    def stop(self) -> list[int]:
        """Exit codes of those that did not end well."""
        for member in self.members:
            member.stop()
        codes = [member.wait() for member in self.members]
        self.members = []
        return [code for code in codes if code != 0]


def work_through(group: Group, wanted: set[Place], broker: Broker | None) -> None:
    progress = Progress("worked on", len(wanted))

    def reached(share: float) -> Callable[[], bool]:
        return lambda: len(group.done) >= share * len(wanted)

    for _ in range(3):
        group.add()
    group.await_members()
    group.work_until(reached(1 / 4), progress.show)
    group.kill_one()
    progress.line("kill -9    one of three consumers; its partitions go to the others")
    group.work_until(reached(1 / 2), progress.show)
    group.add()
    progress.line("join       another consumer")
    group.work_until(reached(3 / 4), progress.show)
    if broker:
        broker.kill()
        progress.line("kill -9    the broker; starting it again")
        progress.line(f"           ready after {broker.start():.2f} s; the consumers go on")
    group.work_until(lambda: wanted <= group.done.keys(), progress.show)
    progress.end(len(group.done))


def committed(bootstrap: str, topic: str, partitions: int) -> dict[int, int]:
    with contextlib.closing(confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": GROUP,
                                                      "log_level": 2})) as asking:
        places = [confluent_kafka.TopicPartition(topic, number) for number in range(partitions)]
        return {place.partition: place.offset for place in asking.committed(places, timeout=30)}


def rewind(bootstrap: str, topic: str, start: dict[int, int]) -> None:
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    places = [confluent_kafka.TopicPartition(topic, number, offset) for number, offset in start.items()]
    request = confluent_kafka.ConsumerGroupTopicPartitions(GROUP, places)
    admin.alter_consumer_group_offsets([request])[GROUP].result()


def run(bootstrap: str, topic: str, read: list[Read], since: int, broker: Broker | None) -> checks.Findings:
    """`read` is the whole topic as a reader without a group saw it."""
    ends = collections.Counter(record.partition for record in read)
    keys = {(r.partition, r.offset): r.key.decode() if r.key is not None else None for r in read}
    group = Group(bootstrap, topic)
    try:
        work_through(group, set(keys), broker)
        bad_exits = group.stop()
        findings = {
            "counts of the group that differ": checks.differing_counts(keys.values(), group.done.values()),
            "records that only the group saw": [f"{place}" for place in group.done.keys() - keys.keys()],
            "commits that are not the end": checks.differing_offsets(ends, committed(bootstrap, topic, len(ends)))}

        first = checks.first_at(read, since)
        start = {number: first[number][0] if first.get(number) else ends[number] for number in ends}
        rewind(bootstrap, topic, start)
        wanted = {place for place in keys if place[1] >= start[place[0]]}
        replayed = Group(bootstrap, topic)
        group = replayed
        progress = Progress("replayed", len(wanted))
        replayed.add()
        replayed.work_until(lambda: wanted <= replayed.done.keys(), progress.show)
        progress.end(len(replayed.done))
        bad_exits += replayed.stop()
        findings["replayed and not wanted"] = [f"{place}" for place in replayed.done.keys() - wanted]
        findings["consumers that ended badly"] = [f"exit code {code}" for code in bad_exits]
    finally:
        for member in group.members:
            member.kill()
    return findings
