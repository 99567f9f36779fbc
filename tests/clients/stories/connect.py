"""Kafka Connect copies lines from a file to a file by way of a topic: one worker alone, and workers in a group."""

import re
import time

from harness import brokers, connect, toolchains
from stories.kafka_tools import SILENT
from support_py import processes, wire
from support_py.wire import groups

SECONDS = 60
WORKER = {
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    "offset.flush.interval.ms": "500",
    # Workers and sinks that are killed are missed sooner.
    "consumer.session.timeout.ms": "6000", "consumer.heartbeat.interval.ms": "500",
}
INTERNAL = ("connect-configs", "connect-offsets", "connect-status")
DISTRIBUTED = {
    **WORKER, "group.id": "connect-cluster", "session.timeout.ms": "6000", "heartbeat.interval.ms": "500",
    "scheduled.rebalance.max.delay.ms": "1000", "config.storage.topic": "connect-configs",
    "offset.storage.topic": "connect-offsets", "status.storage.topic": "connect-status",
    "config.storage.replication.factor": "1", "offset.storage.replication.factor": "1",
    "status.storage.replication.factor": "1", "offset.storage.partitions": "2", "status.storage.partitions": "2",
}


class Connect:
    side_by_side = True

    def __init__(self, story):
        self.name = f"connect-{story.__name__}"
        self._story = story

    def prepare(self, tools):
        if not tools.home:
            raise toolchains.Missing(tools.no_home)
        jars = connect.jars(tools.cache)

        def run(broker, witness):
            own = broker.another(self.name)
            told = None
            try:
                own.start()
                told = _Told(own, witness, tools.home, jars)
                self._story(told)
            except brokers.Failed as failed:
                witness.give_up(failed)
            finally:
                if told:
                    told.end()
                if own.is_running():
                    own.kill()

        return run


class _Told:
    def __init__(self, broker, witness, home, jars):
        self.broker, self.witness = broker, witness
        self._home, self._jars = home, jars
        self._directory = broker.directory / "connect"
        self._directory.mkdir()
        self.source, self.sink = self._directory / "source.txt", self._directory / "sink.txt"
        self.workers = []

    def worker(self, mode, settings, connectors=()):
        number = len(self.workers)
        files = [connect.write_properties(self._directory / f"{each['name']}.properties", each) for each in connectors]
        made = connect.Worker(self._jars, mode, self._directory / f"worker-{number}",
                              {"bootstrap.servers": self.broker.bootstrap, **settings}, files)
        self.workers.append(made)
        return made

    def end(self):
        for worker in self.workers:
            worker.kill()

    def connectors(self):
        return ({"name": "source", "connector.class": "FileStreamSource", "tasks.max": "1", "file": str(self.source),
                 "topic": "lines"},
                {"name": "sink", "connector.class": "FileStreamSink", "tasks.max": "1", "file": str(self.sink),
                 "topics": "lines"})

    def write(self, lines):
        with open(self.source, "a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def copied(self):
        return self.sink.read_text().splitlines() if self.sink.exists() else []

    def wait(self, what, there):
        deadline = time.monotonic() + SECONDS
        while not there():
            if time.monotonic() > deadline:
                raise brokers.Failed(f"{what}: not within {SECONDS} s; copied {len(self.copied())} lines\n" + "\n".join(
                    worker.said() for worker in self.workers))
            time.sleep(0.1)

    def wait_for(self, lines):
        self.wait(f"{len(lines)} lines are copied", lambda: set(lines) <= set(self.copied()))

    def group(self, name):
        with wire.Connection(self.broker.address) as connection:
            described = groups.described(connection.ask(groups.describe(name)))
        for member in described["members"]:
            # Workers are called by their ports.
            for word in ("client", "id begins with"):
                member[word] = re.sub(r"127.0.0.1:\d+", "WORKER", member[word])
        return described

    def stable(self, name):
        self.wait(f"the group {name} is stable", lambda: self.group(name)["state"] == "Stable")
        return self.group(name)

    def committed(self):
        with wire.Connection(self.broker.address) as connection:
            return [groups.committed(connection.ask(groups.fetch_offsets("connect-sink", "lines"))),
                    wire.listed_offsets(connection.ask(wire.list_offsets_request("lines", wire.LATEST)))]

    def topics(self, *names):
        finished = processes.run(self._home.command(
            "kafka-topics", "--bootstrap-server", self.broker.bootstrap, "--describe", "--topic", "|".join(names),
            java=SILENT), SECONDS)
        return sorted(re.sub(r"TopicId: \S+", "TopicId: ID", line).strip() for line in finished.out.splitlines())


def _lines(what, count=200):
    return [f"{what} {number}" for number in range(count)]


def standalone(told):
    """A worker is stopped and started again, and goes on where it was."""
    settings = {**WORKER, "offset.storage.file.filename": str(told.broker.directory / "connect" / "offsets")}
    lines = _lines("at first")
    told.write(lines)
    worker = told.worker("ConnectStandalone", settings, told.connectors()).start()
    told.wait_for(lines)
    told.witness.saw("while it runs", told.stable("connect-sink"))
    told.witness.saw("ends with", worker.stop())
    told.witness.saw("committed once it is stopped", told.committed())
    told.witness.saw("once it is stopped", told.group("connect-sink"))
    more = _lines("in between")
    told.write(more)
    worker.start()
    told.wait_for(more)
    told.witness.check("every line is copied once, in order", told.copied() == lines + more, told.copied()[-5:])
    worker.stop()


def distributed(told):
    """Two workers share the connectors; one is killed and the other takes over; offsets are shown, set and deleted."""
    first, second = (told.worker("ConnectDistributed", DISTRIBUTED) for _ in range(2))
    first.start()
    for connector in told.connectors():
        name = connector.pop("name")
        status, _ = first.ask("PUT", f"/connectors/{name}/config", connector)
        told.witness.saw(f"make {name}", status)
    lines = _lines("at first")
    told.write(lines)
    told.wait_for(lines)
    told.witness.saw("one worker", told.stable("connect-cluster"))
    told.witness.saw("topics of Connect", told.topics(*INTERNAL))
    second.start()
    told.wait("both workers have work", lambda: _workers(first) == {first.name, second.name})
    told.witness.saw("two workers", told.stable("connect-cluster"))
    told.witness.saw("sink", told.stable("connect-sink"))
    second.kill()
    more = _lines("after a kill")
    told.write(more)
    told.wait_for(more)
    told.wait("the other has taken over", lambda: _workers(first) == {first.name})
    told.witness.check("every line is copied", set(told.copied()) == set(lines + more), told.copied()[-5:])
    _offsets(told, first, len(lines + more))
    told.witness.saw("ends with", first.stop())
    told.witness.saw("all have left", told.group("connect-cluster"))


def _workers(worker):
    """Who runs what now: the names of the workers with a running connector or task."""
    names = set()
    for name in ("source", "sink"):
        code, status = worker.ask("GET", f"/connectors/{name}/status")
        if code != 200:
            return set()
        for each in [status["connector"], *status["tasks"]]:
            if each["state"] != "RUNNING":
                return set()
            names.add(each["worker_id"])
    return names


def _offsets(told, worker, count):
    """Connect's own administration of the sink's group."""
    def see(what, method, path, given=None):
        status, answer = worker.ask(method, path, given)
        told.witness.saw(what, [status, answer])

    see("alter the offsets of a running sink", "DELETE", "/connectors/sink/offsets")
    worker.ask("PUT", "/connectors/sink/stop")
    told.wait("the sink stops", lambda: worker.ask("GET", "/connectors/sink/status")[1]["connector"]["state"] == "STOPPED"
              and not worker.ask("GET", "/connectors/sink/status")[1]["tasks"])
    told.wait("its group is empty", lambda: told.group("connect-sink")["state"] == "Empty")
    see("offsets", "GET", "/connectors/sink/offsets")
    place = {"kafka_topic": "lines", "kafka_partition": 0}
    see("set the offset back", "PATCH", "/connectors/sink/offsets",
        {"offsets": [{"partition": place, "offset": {"kafka_offset": count - 10}}]})
    see("offsets when set back", "GET", "/connectors/sink/offsets")
    before = len(told.copied())
    worker.ask("PUT", "/connectors/sink/resume")
    told.wait("ten lines are copied again", lambda: len(told.copied()) >= before + 10)
    told.witness.saw("lines that are copied again", len(told.copied()) - before)
    worker.ask("PUT", "/connectors/sink/stop")
    told.wait("the sink stops again", lambda: told.group("connect-sink")["state"] == "Empty")
    see("delete the offsets", "DELETE", "/connectors/sink/offsets")
    see("offsets when deleted", "GET", "/connectors/sink/offsets")
    told.witness.saw("the sink's group", told.group("connect-sink")["state"])


ALL = [Connect(standalone), Connect(distributed)]
