"""A Kafka home: Apache Kafka's jars, fetched by Maven as kafka/pom.xml says, and the programs in them."""

import pathlib
import re

from harness import toolchains
from support_py import processes

POM = pathlib.Path(__file__).parent.parent / "kafka" / "pom.xml"
VERSION = re.search(r"<kafka.version>(.*)</kafka.version>", POM.read_text())[1]

# Kafka's scripts by name; their classes move between versions.
PROGRAMS = {
    "kafka-broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
    "kafka-dump-log": "org.apache.kafka.tools.DumpLogSegments",
    "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
    "kafka-server-start": "kafka.Kafka",
    "kafka-storage": "kafka.tools.StorageTool",
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
}

# A tool runs for a second: the second compiler and a concurrent collector only cost start-up.
SHORT = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m")
QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"


class KafkaHome:
    """Thread: any; immutable."""

    def __init__(self, cache):
        """Raises toolchains.Missing where there is no Java 17 or no Maven."""
        toolchains.need_java(17)
        self._jars = toolchains.maven(POM, ["dependency:copy-dependencies", "-DoutputDirectory={out}"],
                                      cache, f"kafka-{VERSION}")
        self._classes = toolchains.built([POM], cache, f"kafka-{VERSION}-classes", self._keep_classes) / "classes.jsa"

    def _keep_classes(self, directory):
        """Keeps loaded classes in a file that each JVM maps: half the time of a tool goes into loading them. A tool that
        finds no broker loads what others need; a JVM that does not like the file does without."""
        hurry = directory / "hurry.properties"
        hurry.write_text("default.api.timeout.ms=500\nrequest.timeout.ms=500\n")
        processes.run(["java", f"-XX:ArchiveClassesAtExit={directory / 'classes.jsa'}", *SHORT, "-cp", f"{self._jars}/*",
                       PROGRAMS["kafka-topics"], "--bootstrap-server", "127.0.0.1:1", "--command-config", hurry, "--list"], 120)

    @property
    def clients_jar(self):
        return self._jars / f"kafka-clients-{VERSION}.jar"

    def command(self, program, *arguments, java=(*SHORT, QUIET)):
        return ["java", f"-XX:SharedArchiveFile={self._classes}", "-Xlog:disable", *java, "-cp", f"{self._jars}/*", PROGRAMS[program], *arguments]
