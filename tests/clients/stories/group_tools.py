"""Apache Kafka's own tools for consumer groups: what they print and their exit codes, on both brokers."""

import json
import re
import time

from harness import brokers, group, kafka_home, toolchains
from stories import members
from support_py import processes, wire
from support_py.wire import groups

SECONDS = 60
SILENT = (*kafka_home.SHORT, "-Dorg.slf4j.simpleLogger.defaultLogLevel=off")
ONE, THREE = "one", "three"  # Topics, by their partitions.
PARTITIONS = {ONE: 1, THREE: 3}
RECORDS = 10  # Of each partition, a second apart.
FIRST = 1_700_000_000_000
FIFTH = "2023-11-14T22:13:25.000"  # The time of record 5, in UTC.
ACTIVE, LEFT, SIMPLE, ABSENT = "active", "left", "simple", "absent"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FORMATTERS = {"offsets": "org.apache.kafka.tools.consumer.OffsetsMessageFormatter",
              "groups": "org.apache.kafka.tools.consumer.GroupMetadataMessageFormatter"}


class GroupTools:
    name = "group-tools"
    side_by_side = True

    def prepare(self, tools):
        if not tools.home:
            raise toolchains.Missing(tools.no_home)
        member = members.ALL[0].command(tools)

        def run(broker, witness):
            own = broker.another(self.name, "--set", "offsets.topic.num.partitions=1")
            try:
                own.start()
                _Story(tools.home, own, witness, member).tell()
            except (group.Stuck, brokers.Failed) as failed:
                witness.give_up(failed)
            finally:
                if own.is_running():
                    own.kill()

        return run


class _Story:
    def __init__(self, home, broker, witness, member):
        self._home, self._broker, self._witness, self._member = home, broker, witness, member
        self._csv = broker.directory / "offsets.csv"

    def _run(self, program, *arguments):
        command = self._home.command(program, "--bootstrap-server", self._broker.bootstrap, *arguments,
                                     java=(*SILENT, "-Duser.timezone=UTC"))
        return processes.run(command, SECONDS)

    def _see(self, *arguments, what="", program="kafka-consumer-groups"):
        """Runs a tool; its exit code and lines must be the same on all brokers, but for what differs from run to run and
        the order of lines: that of groups is a hash table's."""
        finished = self._run(program, *arguments)
        lines = [" ".join(UUID.sub("UUID", line.replace(self._broker.bootstrap, "ADDRESS")).split())
                 for line in (finished.out + finished.err).splitlines() if not re.match(r"\s+at |Caused by: ", line)]
        name = " ".join([program, *map(str, arguments)]).replace(str(self._csv), "FILE")
        self._witness.saw(f"{name} {what}".strip(), {"code": finished.code, "lines": sorted(line for line in lines if line)})
        return finished

    def tell(self):
        self._fill()
        self._console_consumer()
        self._reset_makes_a_group()
        told = group.Group(self._member, self._broker, ACTIVE, THREE, PARTITIONS[THREE], self._broker.directory / "members")
        try:
            active = [told.start(name, assignor="range", commit="after", session=30_000) for name in "AB"]
            told.wait("members share the partitions", told.is_settled)
            told.wait("all is committed", self._all_committed)
            self._list()
            self._describe()
            self._with_a_timeout()
            self._refused_while_active()
            self._what_is_kept("while members are there")
            told.stop(active)
        finally:
            told.end()
        self._see("--describe", "--group", ACTIVE, what="once its members have left")
        self._see("--describe", "--group", ACTIVE, "--state", what="once its members have left")
        self._reset()
        self._from_file()
        self._delete_offsets()
        self._delete()
        self._what_is_kept("at the end")

    def _fill(self):
        with wire.Connection(self._broker.address) as connection:
            for topic, partitions in PARTITIONS.items():
                # The records are older than a broker keeps them otherwise.
                connection.must_create_topic(topic, {"retention.ms": "-1"}, partitions)
                for partition in range(partitions):
                    for number in range(RECORDS):
                        self._send(connection, topic, partition, number)

    @staticmethod
    def _send(connection, topic, partition, number):
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            connection.send_produce(topic, partition, wire.batch([b"%d" % number], FIRST + number * 1000))
            error, _offset = connection.produced()
            if error == 0:
                return
            # A broker answers that the topic is made before it has it.
            if error not in (wire.UNKNOWN_TOPIC_OR_PARTITION, wire.NOT_LEADER_OR_FOLLOWER):
                break
        raise ValueError(f"{topic}-{partition}: error {error}")

    def _all_committed(self):
        with wire.Connection(self._broker.address) as connection:
            offsets = groups.committed(connection.ask(groups.fetch_offsets(ACTIVE, THREE, range(PARTITIONS[THREE]))))
        return set(offsets.values()) == {RECORDS}

    def _console_consumer(self):
        """In a group it goes on where it stopped."""
        for what, count in (("begins", 4), ("goes on", 3)):
            self._see("--topic", ONE, "--group", LEFT, "--from-beginning", "--max-messages", count, "--timeout-ms", 30000,
                      what=what, program="kafka-console-consumer")
        self._see("--describe", "--group", LEFT)

    def _reset_makes_a_group(self):
        self._see("--reset-offsets", "--group", SIMPLE, "--topic", ONE, "--to-offset", 2, "--execute")
        self._see("--describe", "--group", SIMPLE)
        self._see("--describe", "--group", SIMPLE, "--state")

    def _list(self):
        self._see("--list")
        for which in ((), ("Stable",), ("stable,empty",), ("PreparingRebalance",)):
            self._see("--list", "--state", *which)
        for which in ((), ("classic",), ("consumer",)):
            self._see("--list", "--type", *which)
        self._see("--list", "--state", "Empty", "--type", "classic")

    def _describe(self):
        for flags in ((), ("--offsets", "--verbose"), ("--members",), ("--members", "--verbose"), ("--state",),
                      ("--state", "--verbose")):
            self._see("--describe", "--group", ACTIVE, *flags)
        for flags in ((), ("--members",), ("--state",)):
            self._see("--describe", "--all-groups", *flags)
            self._see("--describe", "--group", ABSENT, *flags)
        self._see("--describe", "--group", LEFT, "--members")
        self._see("--describe", "--group", ACTIVE, "--group", LEFT, "--state")

    def _with_a_timeout(self):
        """The tool's limit goes with its requests: long enough, it changes nothing."""
        for arguments in (("--list",), ("--describe", "--group", ACTIVE), ("--describe", "--group", ABSENT, "--members"),
                          ("--describe", "--group", LEFT, "--state")):
            self._see(*arguments, "--timeout", 30000)
        self._see("--describe", "--group", ACTIVE, "--timeout", "soon")

    def _refused_while_active(self):
        self._see("--reset-offsets", "--group", ACTIVE, "--topic", THREE, "--to-earliest", "--execute")
        self._see("--delete-offsets", "--group", ACTIVE, "--topic", THREE)
        self._see("--delete-offsets", "--group", ACTIVE, "--topic", ONE)
        self._see("--delete", "--group", ACTIVE)

    def _reset(self):
        def reset(*arguments):
            self._see("--reset-offsets", "--group", ACTIVE, *arguments)

        reset("--topic", THREE, "--to-earliest")
        reset("--topic", THREE, "--to-earliest", "--dry-run")
        reset("--topic", f"{THREE}:1", "--to-offset", 5, "--execute")
        reset("--topic", f"{THREE}:0,1", "--to-current", "--execute")
        reset("--topic", THREE, "--to-datetime", FIFTH, "--execute")
        reset("--topic", THREE, "--to-datetime", "2040-01-01T00:00:00.000+01:00")
        reset("--all-topics", "--by-duration", "P20000D", "--execute")
        reset("--all-topics", "--by-duration", "PT1S")
        reset("--topic", f"{THREE}:0", "--topic", f"{THREE}:2", "--shift-by", 7, "--execute")
        reset("--topic", THREE, "--shift-by", -1, "--execute")
        reset("--topic", THREE, "--shift-by", 100)
        reset("--topic", THREE, "--shift-by", -100)
        reset("--topic", THREE, "--to-offset", 99)
        reset("--topic", THREE, "--to-offset", -1)
        reset("--topic", ONE, "--topic", THREE, "--to-latest", "--execute")
        reset("--topic", "unknown", "--to-latest")
        reset("--topic", f"{ONE}:7", "--to-latest")
        self._see("--reset-offsets", "--all-groups", "--topic", ONE, "--to-earliest")
        self._see("--describe", "--group", ACTIVE, what="after all resets")

    def _from_file(self):
        exported = self._see("--reset-offsets", "--group", ACTIVE, "--all-topics", "--to-current", "--export")
        self._csv.write_text(exported.out)
        self._see("--reset-offsets", "--group", ACTIVE, "--from-file", self._csv, what="what was exported")
        self._csv.write_text(f"{THREE},0,1\n{THREE},2,99\n")
        self._see("--reset-offsets", "--group", ACTIVE, "--from-file", self._csv, "--dry-run")
        self._see("--reset-offsets", "--group", ACTIVE, "--from-file", self._csv, "--execute")
        self._see("--reset-offsets", "--group", ACTIVE, "--group", LEFT, "--topic", ONE, "--to-earliest", "--export",
                  what="of two groups")

    def _delete_offsets(self):
        self._see("--delete-offsets", "--group", ACTIVE, "--topic", f"{THREE}:1")
        self._see("--delete-offsets", "--group", ACTIVE, "--topic", ONE)
        self._see("--delete-offsets", "--group", ACTIVE, "--topic", "unknown")
        self._see("--delete-offsets", "--group", ABSENT, "--topic", ONE)
        self._see("--describe", "--group", ACTIVE, what="after --delete-offsets")

    def _delete(self):
        self._see("--delete", "--group", SIMPLE, "--group", ABSENT)
        self._see("--list", what="after --delete")
        self._see("--describe", "--group", SIMPLE, what="after --delete")
        self._see("--delete", "--all-groups")
        self._see("--list", what="after --delete --all-groups")

    def _what_is_kept(self, when):
        """What Kafka's formatters read in the topic of the offsets: the last record of each key."""
        for kind, formatter in FORMATTERS.items():
            finished = self._run("kafka-console-consumer", "--topic", "__consumer_offsets", "--partition", 0, "--offset",
                                 "earliest", "--formatter", formatter, "--timeout-ms", 3000)
            last = {}
            for record in _documents(finished.out):
                last[json.dumps(record["key"])] = record["value"]
            self._witness.check(f"the topic of the offsets has {kind} {when}", last, finished.explain())
            self._witness.saw(f"{kind} in the topic of the offsets {when}", {key: _timeless(value) for key, value in last.items()})


def _documents(text):
    """The JSON documents in `text`: the formatters put nothing between them."""
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        document, at = decoder.raw_decode(text, at)
        yield document
        while at < len(text) and text[at].isspace():
            at += 1


def _timeless(value):
    """As text, without what differs from run to run: members come in the order of a hash of their ids."""
    if value and "members" in (data := value.get("data") or {}):
        data["members"].sort(key=lambda member: member["memberId"])
    text = UUID.sub("UUID", json.dumps(value))
    # Who joins first leads, and what a member subscribes to has the generation in it, the first or the second.
    return re.sub(r'("(?:\w*Timestamp|topicId|generation|leader|subscription)": )("[^"]+"|[1-9]\d*)', r"\1SOME", text)
