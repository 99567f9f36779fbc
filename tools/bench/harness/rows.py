"""The rows of the table: what is measured, and how one run of each is made."""

import dataclasses
import json
import pathlib
import shutil
import subprocess
import time

from .brokers import LOAD_CORE, PROGRAMS, Stele

GB = 10**9


@dataclasses.dataclass
class Row:
    name: str
    title: str
    unit: str
    load: list  # Arguments of tools/bench/load.
    metric: str  # Of its report,
    scale: float = 1.0  # divided by this.
    more_is_better: bool = True
    prewarm_mib: int = 256
    cpu: str = "broker_cpu_us_per_request"  # Of its report: what it cost the broker.
    extra: tuple = ()  # More of its report, for the notes.
    ideal_load: list | None = None  # What the ideal broker is given, if not the same.
    goal: str = ""  # Stands in the place of the ideal broker, which cannot do this.
    duration_ms: int | None = None  # Measured time, if that is not free to choose.
    settings: tuple = ()  # NAME=VALUE, of the broker; Stele and Kafka call them the same.
    fill: list | None = None  # A load that comes first; the broker is started again after it.

    def ratio(self, ours, ideal):
        """1: as good as the ideal; 0.5: half as fast, or twice as late."""
        return ours / ideal if self.more_is_better else ideal / ours

    def load_for(self, broker):
        load = self.ideal_load if broker.name == "ideal" and self.ideal_load else self.load
        return [part.format(ready_ns=broker.ready_ns) for part in load]


PRODUCE_EXTRA = ("p50_us", "p99_us")
LATENCY_EXTRA = ("p99_us", "ack_p50_us")
LATENCY_CPU = "broker_cpu_us_per_record"


def produce(connections, depth, partitions, records, record_bytes, *more):
    return ["produce", "--connections", str(connections), "--depth", str(depth), "--partitions", str(partitions),
            "--records", str(records), "--record-bytes", str(record_bytes), *more]


ROWS = [
    Row("p1", "produce 64 x 1 KiB, no sync", "GB/s", produce(4, 8, 4, 64, 1024, "--bytes-max", str(4 * GB)),
        "bytes_per_s", 1e9, prewarm_mib=4096, cpu="broker_cpu_s_per_gb", extra=PRODUCE_EXTRA),
    Row("p2", "produce 160 x 100 B, no sync", "M rec/s", produce(4, 8, 4, 160, 100, "--bytes-max", str(3 * GB)),
        "records_per_s", 1e6, prewarm_mib=3072, extra=PRODUCE_EXTRA),
    Row("p3", "produce single records, no sync, 16 x 8", "k req/s", produce(16, 8, 4, 1, 100),
        "requests_per_s", 1e3, extra=PRODUCE_EXTRA),
    Row("s1", "synced single records, 1 connection", "k req/s", produce(1, 1, 1, 1, 100, "--synced"),
        "requests_per_s", 1e3, extra=PRODUCE_EXTRA),
    Row("s16", "synced single records, 16 connections", "k req/s", produce(16, 1, 1, 1, 100, "--synced"),
        "requests_per_s", 1e3, extra=PRODUCE_EXTRA),
    Row("s64", "synced single records, 64 connections", "k req/s", produce(64, 1, 1, 1, 100, "--synced"),
        "requests_per_s", 1e3, extra=PRODUCE_EXTRA),
    Row("e2e", "end to end at 1,000/s, no sync, p50", "us", ["latency", "--rate", "1000"],
        "p50_us", more_is_better=False, cpu=LATENCY_CPU, extra=LATENCY_EXTRA),
    Row("e2e-sync", "end to end at 1,000/s, synced, p50", "us", ["latency", "--rate", "1000", "--synced"],
        "p50_us", more_is_better=False, cpu=LATENCY_CPU, extra=LATENCY_EXTRA),
    Row("c1", "consume hot, 2 x 1 MiB", "GB/s", ["consume", "--connections", "2"],
        "bytes_per_s", 1e9, prewarm_mib=2048, cpu="broker_cpu_s_per_gb"),
]


def run_load(row, broker, duration_ms):
    """One run against a broker that is up; the load's report."""
    if row.fill:
        call_load(row.fill, row, broker, duration_ms, 0)
        broker.restart()
    return call_load(row.load_for(broker), row, broker, row.duration_ms or duration_ms, row.prewarm_mib)


def call_load(load, row, broker, duration_ms, prewarm_mib):
    command = [str(PROGRAMS / "load"), "--core", str(LOAD_CORE), load[0], "--broker", broker.address,
               "--broker-process", str(broker.process.pid), "--prewarm-mib", str(prewarm_mib),
               "--duration-ms", str(duration_ms), *load[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    if done.returncode != 0:
        raise RuntimeError(f"{row.name} against {broker.name}: {done.stderr.strip()}")
    return json.loads(done.stdout)


# What has no ideal to be compared with: a target stands in its place.

def start_times(scratch, count):
    """Milliseconds from exec to the first answer: in an empty directory, and when started again."""
    fresh, again = [], []
    for _ in range(count):
        data = pathlib.Path(scratch) / "start"
        shutil.rmtree(data, ignore_errors=True)
        command = Stele.command(type("At", (), {"data": data, "settings": ()}))
        for times in (fresh, again):
            done = subprocess.run([str(PROGRAMS / "load"), "start", "--", *command], capture_output=True, text=True,
                                  timeout=60, check=True)
            times.append(json.loads(done.stdout)["first_answer_ms"])
        shutil.rmtree(data, ignore_errors=True)
    return fresh, again


def private_memory(broker):
    """MB that nobody else has: of the process, and of that what is not file pages."""
    rollup = pathlib.Path(f"/proc/{broker.process.pid}/smaps_rollup").read_text()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in rollup.splitlines() if line.endswith(" kB")}
    return (kib["Private_Clean"] + kib["Private_Dirty"]) / 1000, kib["Pss_Anon"] / 1000


def idle_memory(scratch):
    with Stele(scratch) as broker:
        time.sleep(1)  # What start-up left to do in the background is done.
        return private_memory(broker)


def stripped_size(scratch, binary):
    """MB of the binary without symbols."""
    stripped = pathlib.Path(scratch) / "stripped"
    subprocess.run(["strip", "-o", str(stripped), str(binary)], check=True)
    return stripped.stat().st_size / 1e6
