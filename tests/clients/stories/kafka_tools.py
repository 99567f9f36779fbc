"""Apache Kafka's own command line tools: what they print and their exit codes, on both brokers."""

import json
import re
import tempfile

from harness import kafka_home, toolchains
from support_py import processes

SECONDS = 60
TOPIC, ONE, ABSENT = "tools-many", "tools-one", "tools-absent"
SILENT = (*kafka_home.SHORT, "-Dorg.slf4j.simpleLogger.defaultLogLevel=off")


class KafkaTools:
    name = "kafka-tools"

    def prepare(self, tools):
        if not tools.home:
            raise toolchains.Missing(tools.no_home)
        return lambda broker, witness: _Story(tools.home, broker, witness).tell()


class _Story:
    def __init__(self, home, broker, witness):
        self._home, self._broker, self._witness = home, broker, witness

    def _run(self, program, *arguments, given=""):
        command = self._home.command(program, "--bootstrap-server", self._broker.bootstrap, *arguments, java=SILENT)
        return processes.run(command, SECONDS, given)

    def _see(self, program, *arguments, given="", what=""):
        """Runs a tool; its exit code and lines must be the same on all brokers, but for addresses and topic ids."""
        finished = self._run(program, *arguments, given=given)
        lines = [re.sub(r"TopicId: \S+", "TopicId: ID", line.replace(self._broker.bootstrap, "ADDRESS")).rstrip()
                 for line in (finished.out + finished.err).splitlines()]
        name = " ".join([program, *arguments])
        self._witness.saw(f"{name} {what}".strip(), {"code": finished.code, "lines": lines})
        return finished

    def tell(self):
        self._topics()
        self._configs()
        self._records()
        self._deletions()
        self._changes()
        self._speed()
        self._apis()
        self._delete()

    def _topics(self):
        self._see("kafka-topics", "--create", "--topic", TOPIC, "--partitions", "2", "--replication-factor", "1",
                  "--config", "retention.ms=-1", "--config", "compression.type=lz4")
        self._see("kafka-topics", "--create", "--topic", ONE)
        self._see("kafka-topics", "--create", "--topic", TOPIC)
        self._see("kafka-topics", "--create", "--if-not-exists", "--topic", TOPIC)
        self._see("kafka-topics", "--create", "--topic", ABSENT, "--config", "segment.bytes=1")
        self._see("kafka-topics", "--create", "--topic", ABSENT, "--replication-factor", "2")
        self._see("kafka-topics", "--describe", "--topic", TOPIC)
        self._see("kafka-topics", "--describe", "--topic", ABSENT)
        self._see("kafka-topics", "--alter", "--topic", TOPIC, "--partitions", "3")
        self._see("kafka-topics", "--alter", "--topic", TOPIC, "--partitions", "2")
        self._see("kafka-topics", "--describe", "--topic", TOPIC, what="after adding a partition")
        self._see("kafka-topics", "--describe", "--unavailable-partitions")

    def _configs(self):
        self._see("kafka-configs", "--describe", "--entity-type", "topics", "--entity-name", TOPIC)
        self._see("kafka-configs", "--describe", "--entity-type", "topics", "--entity-name", ABSENT)
        self._see("kafka-configs", "--describe", "--entity-type", "brokers", "--entity-name", "1")
        finished = self._run("kafka-configs", "--describe", "--all", "--entity-type", "topics", "--entity-name", TOPIC)
        shown = {name: {"value": value, "sensitive": sensitive, "synonyms": synonyms} for name, value, sensitive, synonyms in
                 re.findall(r"^  ([a-z.]+)=(.*) sensitive=(\w+) synonyms=\{(.*)\}$", finished.out, re.MULTILINE)}
        self._witness.check("kafka-configs --all shows settings", finished.code == 0 and len(shown) > 30, finished.explain())
        self._witness.saw(f"configs of {TOPIC}", shown)

    def _records(self):
        keyed = "".join(f"key {i}\tvalue {i} {'and so on ' * 10}\n" for i in range(20))
        self._see("kafka-console-producer", "--topic", TOPIC, "--compression-codec", "zstd", "--reader-property",
                  "parse.key=true", given=keyed)
        headers = "one:1,two:2\tnull\tvalue\none:1\tkey\tnull\n"
        self._see("kafka-console-producer", "--topic", ONE, "--reader-property", "parse.headers=true", "--reader-property",
                  "parse.key=true", "--reader-property", "null.marker=null", "--request-required-acks", "1", given=headers)
        for selection in (("--topic", TOPIC), ("--topic-partitions", f"{TOPIC}:1-3", "--time", "earliest"),
                          ("--topic", ONE, "--time", "0"), ("--topic", ONE, "--time", str(2**52)), ("--topic", ABSENT)):
            self._see("kafka-get-offsets", *selection)
        show = [word for what in ("key", "offset", "partition", "headers") for word in
                ("--formatter-property", f"print.{what}=true")]
        ends = dict(line.rsplit(":", 1) for line in self._run("kafka-get-offsets", "--topic", TOPIC).out.split())
        for partition in ("0", "1", "2"):
            count = ends.get(f"{TOPIC}:{partition}", "0")
            self._see("kafka-console-consumer", "--topic", TOPIC, "--partition", partition, "--offset", "earliest",
                      "--max-messages", count, "--timeout-ms", "20000", *show)
        self._see("kafka-console-consumer", "--topic", ONE, "--partition", "0", "--offset", "1", "--max-messages", "1", *show)
        self._see("kafka-console-consumer", "--topic", ABSENT, "--partition", "0", "--timeout-ms", "1500")

    def _deletions(self):
        def delete(*offsets):
            wanted = [{"topic": topic, "partition": partition, "offset": offset} for topic, partition, offset in offsets]
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                json.dump({"version": 1, "partitions": wanted}, file)
                file.flush()
                finished = self._run("kafka-delete-records", "--offset-json-file", file.name)
            lines = sorted((finished.out + finished.err).splitlines())
            self._witness.saw(f"kafka-delete-records {offsets}", {"code": finished.code, "lines": lines})

        delete((ONE, 0, 1))
        self._see("kafka-get-offsets", "--topic", ONE, "--time", "earliest", what="after a deletion")
        self._see("kafka-get-offsets", "--topic", ONE, "--time", "0", what="after a deletion")
        self._see("kafka-console-consumer", "--topic", ONE, "--partition", "0", "--offset", "earliest", "--max-messages", "1",
                  what="after a deletion")
        delete((ONE, 0, 0))
        delete((ONE, 0, 3), (TOPIC, 0, -1))
        delete((ONE, 0, -2))
        delete((ABSENT, 0, 0))
        delete((ONE, 0, -1))
        self._see("kafka-get-offsets", "--topic", ONE, "--time", "earliest", what="after the last deletion")
        for name, policy in (("tools-compact", "compact"), ("tools-both", "compact,delete")):
            self._see("kafka-topics", "--create", "--topic", name, "--config", f"cleanup.policy={policy}")
            self._see("kafka-console-producer", "--topic", name, "--reader-property", "parse.key=true", given="a\tb\nc\td\n")
            delete((name, 0, 1))
            self._see("kafka-get-offsets", "--topic", name, "--time", "earliest", what="after a deletion")
            self._see("kafka-topics", "--delete", "--topic", name)

    def _changes(self):
        def alter(what, *change, name=TOPIC, kind="topics"):
            entity = ("--entity-default",) if name is None else ("--entity-name", name)
            self._see("kafka-configs", "--alter", "--entity-type", kind, *entity, *change)
            self._see("kafka-configs", "--describe", "--entity-type", kind, *entity, what=f"after {what}")

        alter("setting two", "--add-config", "retention.ms=1000,flush.ms=5")
        alter("a wrong value", "--add-config", "retention.ms=soon")
        alter("an unknown name", "--add-config", "no.such.key=1")
        alter("a list", "--add-config", "cleanup.policy=[compact,delete]")
        alter("deleting", "--delete-config", "flush.ms,cleanup.policy")
        alter("deleting what is not there", "--delete-config", "flush.ms")
        alter("a topic that is not there", "--add-config", "retention.ms=1000", name=ABSENT)
        alter("setting for all brokers", "--add-config", "log.retention.ms=700000000", name=None, kind="brokers")
        alter("setting for this broker", "--add-config", "log.retention.ms=800000000", name="1", kind="brokers")
        self._see("kafka-configs", "--describe", "--entity-type", "topics", "--entity-name", ONE, what="after a broker changed")
        alter("deleting for this broker", "--delete-config", "log.retention.ms", name="1", kind="brokers")
        alter("deleting for all brokers", "--delete-config", "log.retention.ms", name=None, kind="brokers")

    def _speed(self):
        finished = self._run("kafka-producer-perf-test", "--topic", ONE, "--num-records", "5000", "--record-size", "200",
                             "--throughput", "-1")
        self._witness.saw("kafka-producer-perf-test", [finished.code, finished.out.split(",")[0]])
        self._see("kafka-get-offsets", "--topic", ONE, what="after kafka-producer-perf-test")

    def _apis(self):
        finished = self._run("kafka-broker-api-versions")
        self._witness.saw("kafka-broker-api-versions", [finished.code, len(re.findall(r"id: 1 rack: null", finished.out))])
        served = {}
        for name, versions in re.findall(r"^\t(\w+)\(\d+\): ([0-9a-zA-Z ]+)", finished.out, re.MULTILINE):
            first, _, last = versions.strip().partition(" to ")
            served[name] = {"from": first, "to": last or first} if first != "UNSUPPORTED" else "(nothing)"
        self._witness.check("kafka-broker-api-versions lists APIs", len(served) > 60, finished.explain())
        self._witness.saw("apis", served)

    def _delete(self):
        self._see("kafka-topics", "--delete", "--topic", ONE)
        self._see("kafka-topics", "--delete", "--topic", ABSENT)
        finished = self._run("kafka-topics", "--list")
        # Other stories' topics are there too.
        self._witness.saw("kafka-topics --list", [finished.code, [t for t in finished.out.split() if t.startswith("tools-")]])
