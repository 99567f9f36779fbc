"""Kafka's DumpLogSegments reads what a broker wrote: sealed segments while it runs, everything after a clean stop."""

import re
import shutil
import time

from harness import stored, toolchains
from support_py import processes

SECONDS = 120
RECORDS = 1500
CODECS = ("none", "lz4", "zstd")
SEGMENT_BYTES = 1 << 20  # Kafka's smallest; each codec's records are more than that.

# With --deep-iteration the tool takes the first batch of each later segment for a gap. Kafka's own segments get it too.
QUIRK = re.compile(r"Non-consecutive offsets in .*\n  -1 is followed by \d+\n")


class DumpLog:
    name = "dump-log"

    def prepare(self, tools):
        if not tools.home:
            raise toolchains.Missing(tools.no_home)
        return lambda broker, witness: _Story(tools.home, witness).tell(broker.another("dump-log"))


class _Story:
    def __init__(self, home, witness):
        self._home, self._witness = home, witness

    def _run(self, program, *arguments):
        return processes.run(self._home.command(program, *arguments), SECONDS)

    def tell(self, broker):
        broker.start()
        self._fill(broker)
        directory = next(path.parent for path in broker.data.glob("*-0/partition.metadata")
                         if not path.parent.name.startswith("__"))
        segments = sorted(path.stem for path in directory.glob("*.log"))
        self._witness.check("there are several segments", len(segments) > 3, segments)
        self._wait_until_settled(directory, segments[:-1])
        self._logs("sealed, while it runs", directory, segments[:-1])
        self._indexes("sealed, while it runs", directory, segments[:-1])
        broker.stop()
        counted = self._logs("all, after a clean stop", directory, segments)
        self._witness.check("every record is there once", counted == RECORDS * len(CODECS), counted)
        self._indexes("all, after a clean stop", directory, segments)
        self._snapshots(directory)
        self._metadata(broker.data)
        self._can_fail(directory, segments[0])

    def _wait_until_settled(self, directory, segments, seconds=30):
        """Stele cuts a full segment to its length and writes its indexes with the next checkpoint."""
        deadline = time.monotonic() + seconds

        def settled(segment):
            return stored.is_cut(directory / f"{segment}.log") and all(
                file.exists() and file.stat().st_size for file in
                (directory / f"{segment}.index", directory / f"{segment}.timeindex"))

        while (waiting := [segment for segment in segments if not settled(segment)]) and time.monotonic() < deadline:
            time.sleep(0.05)
        self._witness.check("full segments get their final size", not waiting, waiting)

    def _fill(self, broker):
        at = ("--bootstrap-server", broker.bootstrap)
        made = self._run("kafka-topics", *at, "--create", "--topic", "rolls", "--config", f"segment.bytes={SEGMENT_BYTES}",
                         "--config", "retention.ms=-1")
        self._witness.check("makes a topic", made.code == 0, made.explain())
        for codec in CODECS:
            sent = self._run("kafka-producer-perf-test", *at, "--topic", "rolls", "--num-records", str(RECORDS),
                             "--record-size", "1000", "--throughput", "-1", "--command-property", f"compression.type={codec}")
            self._witness.check(f"produces with {codec}", f"{RECORDS} records sent" in sent.out, sent.explain())

    def _dump(self, what, files, *options):
        dumped = self._run("kafka-dump-log", *options, "--files", ",".join(str(file) for file in files))
        complaints = QUIRK.sub("", dumped.err).strip()
        self._witness.check(f"{what}: no complaint", dumped.code == 0 and not complaints, f"{dumped.code}: {complaints[:2000]}")
        return dumped.out

    def _logs(self, what, directory, segments):
        """How many records the tool found."""
        text = self._dump(f"logs {what}", [directory / f"{segment}.log" for segment in segments], "--deep-iteration")
        batches = re.findall(r"^baseOffset: .* count: (\d+) .* isvalid: (\w+)$", text, re.MULTILINE)
        self._witness.check(f"logs {what}: every batch is valid", batches and {valid for _, valid in batches} == {"true"},
                            batches[:20])
        return sum(int(count) for count, _ in batches)

    def _indexes(self, what, directory, segments):
        files = [directory / f"{segment}.{kind}" for segment in segments for kind in ("index", "timeindex")]
        text = self._dump(f"indexes {what}: sane", files, "--index-sanity-check")
        self._witness.check(f"indexes {what}: all are sane", text.count("passed sanity check") == len(files), text[-1000:])
        self._dump(f"indexes {what}: true", files, "--verify-index-only")
        text = self._dump(f"indexes {what}", files)
        entries = len(re.findall(r"^offset: \d+ position: \d+$", text, re.MULTILINE))
        # One for each 4 KiB, but a batch has at most one, and these have up to 16 KiB.
        self._witness.check(f"indexes {what}: have an entry for each few batches", entries > 30 * len(segments), entries)

    def _snapshots(self, directory):
        files = sorted(directory.glob("*.snapshot"))
        text = self._dump("snapshots after a clean stop", files)
        newest = text[text.rindex("Dumping "):] if files else ""
        # Each codec had a producer of its own; its sequences end with its last record.
        last = {}
        for producer, sequence in re.findall(r"^producerId: (\d+) .* lastSequence: (\d+) ", newest, re.MULTILINE):
            last[producer] = max(last.get(producer, 0), int(sequence))
        self._witness.check("the newest snapshot knows every producer", sorted(last.values()) == [RECORDS - 1] * len(CODECS),
                            newest)

    def _metadata(self, data):
        """The broker's own log, in Kafka's records but for those that Kafka has none for."""
        text = self._dump("metadata log", sorted((data / "__cluster_metadata-0").glob("*.log")), "--cluster-metadata-decoder")
        told = re.findall(r'payload: \{"type":"(\w+)"', text)
        wanted = {"TOPIC_RECORD", "CONFIG_RECORD", "PARTITION_RECORD", "PRODUCER_IDS_RECORD"}
        self._witness.check("metadata log: the tool reads topics, settings and producer ids", wanted <= set(told), told)
        unknown = set(re.findall(r"payload: (Error at .*)", text))
        strange = {each for each in unknown if not re.search(r"Unknown metadata id 2\d{4}$", each)}
        self._witness.check("metadata log: it knows everything but Stele's own records", not strange, strange)

    def _can_fail(self, directory, segment):
        """That the tool says something when something is wrong."""
        damaged = directory.parent.parent / "damaged"
        damaged.mkdir()
        for kind in ("log", "index", "timeindex"):
            shutil.copy(directory / f"{segment}.{kind}", damaged)
        data = bytearray((damaged / f"{segment}.log").read_bytes())
        data[200] ^= 1  # In the first record: the first 21 bytes of a batch are outside its checksum.
        (damaged / f"{segment}.log").write_bytes(data)
        index = bytearray((damaged / f"{segment}.index").read_bytes())
        index[-5] ^= 1
        (damaged / f"{segment}.index").write_bytes(index)
        dumped = self._run("kafka-dump-log", "--deep-iteration", "--files", damaged / f"{segment}.log")
        self._witness.check("a flipped bit in a log is seen", "isvalid: false" in dumped.out or dumped.code != 0, dumped.out[-500:])
        dumped = self._run("kafka-dump-log", "--verify-index-only", "--files", damaged / f"{segment}.index")
        self._witness.check("a flipped bit in an index is seen", QUIRK.sub("", dumped.err).strip(), dumped.out[-500:])
