"""kcat (Debian's is librdkafka 2.0): it makes topics by producing to them, so the broker's defaults hold."""

import json
import pathlib
import random
import tempfile
import time

from harness import stored, toolchains
from support_py import processes, wire

SECONDS = 30
CONSUMER = ("-C", "-X", "fetch.wait.max.ms=50")  # Leaving waits for the fetch in flight.
# Key, value: an empty one is sent as null (-Z).
RECORDS = [("a", "plain " * 60), ("", "no key " * 60), ("no value " * 60, ""), ("clé ☃", "ünïcödé ☃ " * 40),
           ("a", "0123456789" * 2000)]
HEADERS = [("trace", "1"), ("trace", "2"), ("padding", "padding " * 60)]


class Kcat:
    name = "kcat"

    def prepare(self, tools):
        toolchains.need_program("kcat")
        return lambda broker, witness: _Story(broker, witness).tell()


class _Story:
    def __init__(self, broker, witness):
        self._broker, self._witness = broker, witness

    def _kcat(self, *arguments, given=""):
        return processes.run(["kcat", "-b", self._broker.bootstrap, *arguments], SECONDS, given)

    def _complaint(self, finished):
        """The exit code and what it said, without what differs from run to run."""
        lines = [line.replace(self._broker.bootstrap, "ADDRESS") for line in finished.err.splitlines()
                 if line.startswith("%") and not line.startswith("%3|")]
        return [finished.code, lines]

    def _produce(self, topic, *arguments, records=RECORDS):
        given = "".join(f"{key}\t{value}\n" for key, value in records)
        headers = [word for name, value in HEADERS for word in ("-H", f"{name}={value}")]
        return self._kcat("-P", "-t", topic, "-p", "0", "-K", "\t", "-Z", *headers, *arguments, given=given)

    def _consume(self, topic, offset, *arguments):
        finished = self._kcat(*CONSUMER, "-t", topic, "-p", "0", "-o", str(offset), "-e", "-q", "-J", *arguments)
        self._witness.check(f"consumes {topic} from {offset}", finished.code == 0, finished.explain() if finished.code else "")
        return [json.loads(line) for line in finished.out.splitlines()]

    def tell(self):
        self._witness.saw("metadata", self._metadata())
        for codec in stored.CODECS:
            self._codec(codec)
        self._places()
        self._sizes()
        self._group()
        self._unknown()
        self._disk()

    def _metadata(self, *topic):
        finished = self._kcat("-L", "-J", *topic)
        if finished.code != 0:
            return self._complaint(finished)
        answer = json.loads(finished.out)
        return {"brokers": [[b["id"], b["name"] == self._broker.bootstrap] for b in answer["brokers"]],
                "controller": answer["controllerid"], "topics": [t for t in answer["topics"] if topic]}

    def _codec(self, codec):
        topic = f"kcat-{codec}"
        before = int(time.time() * 1000)
        finished = self._produce(topic, "-z", codec)
        after = int(time.time() * 1000)
        self._witness.saw(f"produce {codec}", self._complaint(finished))
        self._witness.saw(f"metadata after {codec}", self._metadata("-t", topic))
        read = self._consume(topic, "beginning")
        self._witness.saw(f"consume {codec}", [[m["partition"], m["offset"], m["tstype"]] for m in read])
        headers = [word for header in HEADERS for word in header]
        self._witness.check(f"{codec} reads back as it was sent", [
            (m["key"], m["payload"], m["headers"]) for m in read] == [
            (key or None, value or None, headers) for key, value in RECORDS], str(read)[:1000])
        self._witness.check(f"{codec} has the time of sending", all(before <= m["ts"] <= after for m in read),
                            f"{before} {[m['ts'] for m in read]} {after}")

    def _places(self):
        topic = "kcat-gzip"
        for offset in ("3", "-2", "s@0", "end"):
            self._witness.saw(f"consume from {offset}", [m["offset"] for m in self._consume(topic, offset)])
        for what, when in (("earliest", -2), ("latest", -1), ("time 0", 0), ("the far future", 2**52)):
            finished = self._kcat("-Q", "-t", f"{topic}:0:{when}")
            self._witness.saw(f"query {what}", [finished.code, finished.out])
        last = self._consume(topic, "-1")[0]
        finished = self._kcat("-Q", "-t", f"{topic}:0:{last['ts']}")
        first_then = next(m["offset"] for m in self._consume(topic, "beginning") if m["ts"] >= last["ts"])
        self._witness.check("query by time finds the first record of that time", f"offset {first_then}" in finished.out,
                            finished.explain())
        finished = self._kcat(*CONSUMER, "-t", topic, "-p", "0", "-o", "1000", "-e", "-q", "-X", "topic.auto.offset.reset=error")
        self._witness.saw("consume past the end", self._complaint(finished))

    def _sizes(self):
        with tempfile.NamedTemporaryFile() as file:
            for what, size in (("large", 900_000), ("too large", 1_200_000)):
                data = random.Random(size).randbytes(size)
                pathlib.Path(file.name).write_bytes(data)
                finished = self._kcat("-P", "-t", "kcat-large", "-p", "0", "-X", "message.max.bytes=5000000", file.name)
                self._witness.saw(f"produce one {what}", self._complaint(finished))
        finished = self._kcat(*CONSUMER, "-t", "kcat-large", "-p", "0", "-o", "0", "-e", "-q", "-f", "%S %o\n")
        self._witness.saw("sizes and offsets of large ones", [finished.code, finished.out])

    def _group(self):
        """A librdkafka of this age has groups only where a broker still serves the first versions."""
        for what in ("reads all", "has read all"):
            finished = self._kcat("-G", "kcat-group", "-X", "auto.offset.reset=earliest", "-e", "-q", "-f", "%t %p %o\n",
                                  "kcat-gzip", "kcat-lz4")
            self._witness.saw(f"a group {what}", [finished.code, sorted(finished.out.splitlines())])

    def _unknown(self):
        self._witness.saw("metadata of an unknown topic", self._metadata("-t", "kcat-unknown", "-X", "allow.auto.create.topics=false"))
        finished = self._kcat(*CONSUMER, "-t", "kcat-unknown", "-p", "0", "-o", "0", "-e", "-q")
        self._witness.saw("consume an unknown topic", self._complaint(finished))
        finished = self._produce("kcat-none", "-p", "7")
        self._witness.saw("produce to an unknown partition", self._complaint(finished))
        finished = self._produce("not/legal")
        self._witness.saw("produce to an illegal name", self._complaint(finished))

    def _disk(self):
        with wire.Connection(self._broker.address) as connection:
            ids = connection.topic_ids()
        for codec in stored.CODECS:
            path = self._broker.partition_directory(ids.get(f"kcat-{codec}"), 0)
            lies = stored.summary(path) if path else None
            self._witness.check(f"disk: {codec} is stored as {codec}", lies and lies["codecs"] == [codec]
                                and lies["records"] == len(RECORDS) and lies["gapless"], lies)
