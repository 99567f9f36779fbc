"""The clients that are libraries: a program in the client's language tells the story of story.json, and afterwards the
files of the broker must hold what it says."""

import json
import pathlib
import time

from harness import kafka_home, stored, toolchains
from support_py import wire

HERE = pathlib.Path(__file__).parent.parent
STORY = json.loads((HERE / "story.json").read_text())


class Program:
    def __init__(self, name, command):
        """`command(tools)` builds the client and gives the words to run it with."""
        self.name = name
        self._command = command

    def prepare(self, tools):
        command = self._command(tools)

        def run(broker, witness):
            witness.hear([*command, broker.bootstrap, self.name, HERE / "story.json"])
            look_at_disk(broker, self.name, witness)

        return run


def look_at_disk(broker, prefix, witness):
    """What the story's topics look like in the broker's files."""
    with wire.Connection(broker.address) as connection:
        ids = connection.topic_ids()

    def directory(topic, partition):
        found = broker.partition_directory(ids.get(f"{prefix}-{topic}"), partition)
        witness.check(f"disk: there is a directory for {topic} {partition}", found)
        return found

    for partition, codec in enumerate(STORY["codecs"]):
        if path := directory("codecs", partition):
            # Partition 0 also got the large record, which was sent without a codec too.
            lies = stored.summary(path)
            witness.saw(f"disk: partition for {codec}", lies)
            witness.check(f"disk: {codec} is stored as {codec}", lies["codecs"] == [codec], lies)
    if path := directory("recompressed", 0):
        lies = stored.summary(path)
        witness.saw("disk: recompressed", lies)
        witness.check("disk: compression.type of the topic wins", lies["codecs"] == ["zstd"], lies)
    if path := directory("appended", 0):
        witness.check("disk: the bit of LogAppendTime is set", stored.summary(path)["log append time"])
    witness.check("disk: nothing is left of deleted topics", *_nothing_deleted(broker, set(ids.values())))


def _nothing_deleted(broker, alive, seconds=20):
    """Brokers delete behind their answer, so this waits until it is so."""
    deadline = time.monotonic() + seconds
    while left := [path.name for path in _topic_directories(broker) if _topic_of(path) not in alive | {None}]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return not left, left


def _topic_directories(broker):
    return [path.parent for path in broker.data.glob("*/partition.metadata")
            if not path.parent.name.endswith("-delete") and not path.parent.name.startswith("__cluster_metadata")]


def _topic_of(directory):
    """The topic id in a directory's partition.metadata; None if it is just being removed."""
    try:
        lines = (directory / "partition.metadata").read_text().splitlines()
    except FileNotFoundError:
        return None
    return next(line.removeprefix("topic_id: ") for line in lines if line.startswith("topic_id: "))


def python(script):
    """The command of a program in python/."""

    def command(tools):
        return [toolchains.python_environment(HERE / "python/requirements.txt", tools.cache), HERE / "python" / script]

    return command


def java(main_class):
    """The command of a class in java/."""

    def command(tools):
        toolchains.need_java(17)
        toolchains.need_program("javac")
        folder = HERE / "java"
        out = toolchains.maven(folder / "pom.xml", ["compile", "-Dout={out}"], tools.cache, "java",
                               sorted(folder.glob("src/**/*.java")))
        return ["java", *kafka_home.SHORT, kafka_home.QUIET, "-cp", f"{out}/classes:{out}/jars/*", main_class]

    return command


def _go(tools):
    return [toolchains.go_program(HERE / "go", tools.cache, "franz-go")]


ALL = [
    Program("confluent-kafka", python("confluent_story.py")),
    Program("kafka-python", python("kafka_python_story.py")),
    Program("java", java("stele.Story")),
    Program("franz-go", _go),
]
