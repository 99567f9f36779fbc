"""A Kafka home: Apache Kafka's jars, fetched by Maven as kafka/pom.xml says, and the programs in them."""

import pathlib
import re

from harness import toolchains

POM = pathlib.Path(__file__).parent.parent / "kafka" / "pom.xml"
VERSION = re.search(r"<kafka.version>(.*)</kafka.version>", POM.read_text())[1]

# Kafka's scripts by name; their classes move between versions.
PROGRAMS = {
    "kafka-broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
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

    def command(self, program, *arguments, java=(*SHORT, QUIET)):
        return ["java", *java, "-cp", f"{self._jars}/*", PROGRAMS[program], *arguments]
