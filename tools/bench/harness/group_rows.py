"""The rows of the table about consumer groups."""

from .rows import Row, produce

# As many files are dirty as the commits' groups have partitions of __consumer_offsets.
COMMITS = ["--connections", "64", "--partitions", "50"]

GROUP_ROWS = [
    Row("g-heartbeat", "10,000 groups heartbeat every 3 s", "% core", ["heartbeat", "--warm-up-ms", "6000"],
        "broker_core_percent", goal="at most 10", duration_ms=6000,
        settings=("group.initial.rebalance.delay.ms=0",), extra=("requests_per_s", "p50_us", "p99_us")),
    # All members come while the group waits for its first ones.
    Row("g-rebalance", "100 members share 1,000 partitions anew", "ms", ["rebalance"],
        "p50_ms", goal="at most 150", settings=("group.initial.rebalance.delay.ms=500",),
        cpu="broker_cpu_ms_per_rebalance", extra=("max_ms",)),
    Row("g-commit", "durable offset commits, 64 connections", "k req/s", ["commit", *COMMITS],
        "requests_per_s", 1e3, ideal_load=produce(64, 1, 50, 1, 100, "--synced"), extra=("p50_us", "p99_us")),
    Row("g-load", "start with 1,000,000 committed offsets", "ms", ["first-offsets", "--ready-ns", "{ready_ns}"],
        "first_offsets_ms", goal="at most 1,000", prewarm_mib=0, fill=["fill-offsets"],
        cpu="broker_cpu_s"),
]
